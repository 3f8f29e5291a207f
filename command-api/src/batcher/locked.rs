//! Decisions under the lock of append: of commands that lost to another process, and of erasures.
//!
//! Keeps true: an erasure destroys the person's key in the very transaction that records it, so it never takes the usual
//! way. The list beside the keys is told before and after; a commit whose outcome is unknown is not repeated here, because
//! the same command, sent again, finds out.

use domain::Command;
use ledger::{Appended, Fate, LockedAppend};
use tokio::time::timeout;
use uuid::Uuid;

use super::ahead::Ahead;
use super::job::{Job, Outcome};
use super::plan::Plan;
use super::reader::Reader;
use super::sending::Chain;
use super::worker::{UNDER_LOCK, Worker};

impl Worker {
    /// Decides commands that lost to another process while nobody else can append.
    pub(super) async fn decide_under_lock(&mut self) {
        let count = self.contended.len().min(UNDER_LOCK);
        let jobs: Vec<_> = self.contended.drain(..count).collect();
        let Some((mut locked, plan)) = self.plan_under_lock(jobs).await else { return };
        match locked.append(&plan.prepared).await {
            Ok(appended) if appended.fates.len() == plan.len() => match locked.commit().await {
                Ok(()) => self.settle(plan, appended, false).await,
                Err(error) => {
                    let unknown = error.may_have_been_recorded();
                    tracing::warn!(error = %Chain(&error), "a commit under the lock failed");
                    self.forget_plan(&plan);
                    self.send(plan, unknown).await;
                }
            },
            Ok(_) | Err(_) => {
                // Nothing is recorded without the commit; the batch takes the usual way.
                drop(locked);
                self.send(plan, false).await;
            }
        }
    }

    /// Takes the lock, learns what others recorded, and decides. `None`: every command has its answer, or waits again.
    async fn plan_under_lock(&mut self, jobs: Vec<Job>) -> Option<(LockedAppend, Plan)> {
        self.put_back_ahead();
        let locked = match self.lock().await {
            Ok(locked) => locked,
            Err(why) => {
                self.no_lock(jobs, &why);
                return None;
            }
        };
        self.catch_up(&Reader::Locked(&locked), locked.last()).await;
        let plan = self.plan(Ahead::default(), jobs, Some(&locked)).await?;
        Some((locked, plan))
    }

    /// Takes the lock, or says why it could not be had in time.
    pub(super) async fn lock(&self) -> Result<LockedAppend, String> {
        match timeout(self.settings.patience, self.ledger.begin_locked()).await {
            Ok(Ok(locked)) => Ok(locked),
            Ok(Err(error)) => Err(Chain(&error).to_string()),
            Err(elapsed) => Err(elapsed.to_string()),
        }
    }

    pub(super) fn no_lock(&mut self, jobs: Vec<Job>, why: &str) {
        tracing::warn!(why, commands = jobs.len(), "the lock could not be had");
        for job in jobs {
            self.answer(job, Outcome::Unavailable);
        }
    }

    /// Erases a customer, unless a rule refuses.
    pub(super) async fn erase(&mut self, job: Job) {
        let Command::EraseCustomer(erase) = &job.order.command else {
            tracing::error!(kind = job.order.command.name(), "this is no erasure");
            return self.answer(job, Outcome::Failed);
        };
        let person = erase.customer_id.0;
        let Some((locked, plan)) = self.plan_under_lock(vec![job]).await else { return };
        match self.erase_in_tx(&plan, person, locked).await {
            Ok(appended) => self.settle(plan, appended, false).await,
            Err(outcome) => {
                self.forget_plan(&plan);
                self.answer_all(plan, &outcome);
            }
        }
    }

    /// Appends, destroys the key of whoever is erased by it, and commits.
    async fn erase_in_tx(
        &self,
        plan: &Plan,
        person: Uuid,
        mut locked: LockedAppend,
    ) -> Result<Appended, Outcome> {
        let failed = |error: &dyn std::error::Error| {
            tracing::warn!(error = %Chain(error), "an erasure was not recorded");
            Outcome::Unavailable
        };
        let appended = locked.append(&plan.prepared).await.map_err(|error| failed(&error))?;
        if let [Fate::Moved | Fate::ClaimTaken { .. }] = appended.fates.as_slice() {
            // Nobody moves anything under the lock. If it happened all the same, the usual way is not for an erasure.
            return Err(Outcome::Concurrent);
        }
        let erased = matches!(appended.fates.as_slice(), [Fate::Recorded { .. }]);
        if erased {
            self.erased.begin(person).map_err(|error| failed(&error))?;
            locked.destroy_person(person).await.map_err(|error| failed(&error))?;
        }
        locked.commit().await.map_err(|error| {
            let unknown = error.may_have_been_recorded();
            failed(&error);
            if unknown { Outcome::Unknown } else { Outcome::Unavailable }
        })?;
        if erased && let Err(error) = self.erased.done(person) {
            // The next start finds the event and notes it then.
            tracing::error!(%error, "an erasure is recorded, but not noted beside the keys");
        }
        Ok(appended)
    }
}
