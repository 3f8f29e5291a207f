//! From the fates of a batch to answers, further attempts, and what may be known from now on. No input or
//! output happens here.
//!
//! Keeps true (I4): a refusal is answered only when its fate says that the state it rests on was the present
//! one; the states of a batch are kept only where no command that fell out had a hand in them.

use domain::Claim;
use foldhash::{HashMap, HashSet};
use ledger::{Appended, Decided, Fate, Position, PreparedCommand, StoredCommand};
use uuid::Uuid;

use super::job::{Job, Outcome};
use super::kinds;
use super::known::Held;
use super::plan::{Entry, Plan};
use crate::answer::Answer;

/// How often a command may lose before it is told so.
pub(crate) const MAX_LOST: u8 = 8;

/// What follows from a batch.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// What may be told now.
    pub(crate) answers: Vec<(Job, Outcome)>,
    /// What is decided again, in its order.
    pub(crate) again: Vec<Job>,
    /// Streams to let go.
    pub(crate) forget: HashSet<Uuid>,
    /// Streams as they stand now.
    pub(crate) learn: HashMap<Uuid, Held>,
    /// Names that turned out to be held.
    pub(crate) held: Vec<(Claim, Uuid)>,
}

/// Whether a batch stands exactly as it was planned: nobody wrote since `seen`, and none of its commands fell out.
pub(crate) fn stands(appended: &Appended, seen: Position) -> bool {
    let stands =
        |fate: &Fate| matches!(fate, Fate::Recorded { .. } | Fate::AlreadyDone { .. } | Fate::Refused { .. });
    appended.before == seen && appended.fates.iter().all(stands)
}

/// Settles a batch. `resent`, the position known when it was first sent, says that it had been sent before and its
/// fate was unknown, so that a replay from after that position may be its own first sending.
pub(crate) fn settle(plan: Plan, appended: Appended, resent: Option<Position>) -> Settled {
    let mut settled = Settled { learn: plan.overlay, ..Settled::default() };
    let commands = plan.entries.into_iter().zip(plan.prepared);
    for ((entry, prepared), fate) in commands.zip(appended.fates) {
        settled.one(entry, &prepared, fate, resent);
    }
    for id in &settled.forget {
        settled.learn.remove(id);
    }
    if resent.is_some() {
        // What was laid over was sent twice; the ledger knows better.
        settled.forget.extend(settled.learn.drain().map(|(id, _)| id));
    }
    settled
}

/// Whether a command surely stood in the ledger before a batch was first sent that knew it up to `seen`.
fn recorded_before(stored: &StoredCommand, seen: Position) -> bool {
    match stored.decided {
        // It bears the position that the ledger stood at, which may be that very one.
        Decided::AlreadyDone => stored.first_position < seen,
        Decided::Recorded | Decided::Refused => stored.first_position <= seen,
    }
}

impl Settled {
    fn one(&mut self, entry: Entry, prepared: &PreparedCommand, fate: Fate, resent: Option<Position>) {
        let Entry { job, followers, rejection, writes } = entry;
        if let Some(answer) = Answer::first(prepared, &fate) {
            self.recorded(job, followers, answer);
            return;
        }
        self.forget.extend(writes);
        match fate {
            Fate::Refused { .. } => {
                let outcome = rejection.map_or(Outcome::Failed, Outcome::Refused);
                self.answers.push((job, outcome));
                self.again.extend(followers);
            }
            Fate::Replay(stored) => {
                let replay = resent.is_none_or(|seen| recorded_before(&stored, seen));
                let answer = Answer { replay, ..Answer::again(stored) };
                self.recorded(job, followers, answer);
            }
            Fate::KeyReused => {
                self.answers.push((job, Outcome::KeyReused));
                self.again.extend(followers);
            }
            Fate::Moved => {
                self.forget.extend(prepared.reads.iter().map(|(id, _)| *id));
                self.lose(job, followers);
            }
            Fate::ClaimTaken { kind, value, entity } => {
                self.held.extend(kinds::claim(&kind, value).map(|claim| (claim, entity)));
                self.lose(job, followers);
            }
            // Answered above.
            Fate::Recorded { .. } | Fate::AlreadyDone { .. } => {}
        }
    }

    /// The job and those that waited for it with the same id.
    fn recorded(&mut self, job: Job, followers: Vec<Job>, answer: Answer) {
        for follower in followers {
            let same = follower.hash == job.hash;
            let outcome = if same { Outcome::Answer(answer.as_replay()) } else { Outcome::KeyReused };
            self.answers.push((follower, outcome));
        }
        self.answers.push((job, Outcome::Answer(answer)));
    }

    fn lose(&mut self, mut job: Job, followers: Vec<Job>) {
        job.lost = job.lost.saturating_add(1);
        if job.lost >= MAX_LOST {
            self.answers.push((job, Outcome::Concurrent));
        } else {
            self.again.push(job);
        }
        self.again.extend(followers);
    }
}
