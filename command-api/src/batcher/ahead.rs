//! The batch after the one that is on its way, planned while Postgres is busy with that one.
//!
//! It is decided on the states that the first batch leaves if all of it stands, so it is worth something only then:
//! when anything of the first batch fell out, or another process wrote in between, its commands go back to the queue
//! and are decided anew. Nobody sees a difference but the clock.

use std::time::{Duration, Instant};

use edge::Clock;

use super::job::Job;
use super::known::Known;
use super::plan::{Plan, Step};

/// A batch that waits for the one before it.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    pub(super) plan: Plan,
    /// How long it was planned.
    pub(super) spent: Duration,
}

impl Ahead {
    /// Decides a command as if the batch `before` had been recorded. A command that cannot be decided yet, because
    /// something is not at hand or its turn must come later, is given back.
    pub(super) fn take(&mut self, job: Job, before: &Plan, known: &Known, clock: &dyn Clock) -> Option<Job> {
        let started = Instant::now();
        let step = self.plan.add_after(before, job, known, clock.now(), clock);
        self.spent = self.spent.saturating_add(started.elapsed());
        match step {
            Step::Planned => None,
            Step::Deferred(job) | Step::Missing(job, _) | Step::Broken(job, _) => Some(job),
        }
    }
}
