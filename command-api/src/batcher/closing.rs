//! Closing a period: decided under the lock, alone, on figures that hold everything before it.
//!
//! Keeps true: the figures of a close are those of the position before its event. They were folded before the command
//! took its turn; the little that was recorded since is added while nobody else can append. What is left to add there is
//! bounded: whoever is further behind catches up first, outside the lock.

use domain::period::Books;
use ledger::{Appended, Fate, Ledger, LockedAppend};

use super::ahead::Ahead;
use super::job::{Job, Outcome};
use super::plan::Plan;
use super::reader::Reader;
use super::sending::Chain;
use super::worker::Worker;
use crate::books::{self, BooksError};

/// Events that may be left to add under the lock: some milliseconds of work.
const NEAR: i64 = 1_000;

impl Worker {
    /// Closes a period, unless a rule refuses.
    pub(super) async fn close(&mut self, mut job: Job) {
        let Some(figures) = &mut job.books else {
            tracing::error!(kind = job.order.command.name(), "no books came with this command");
            return self.answer(job, Outcome::Failed);
        };
        if let Err(error) = prepare(&self.ledger, figures).await {
            return self.no_books(job, &error);
        }
        self.put_back_ahead();
        let locked = match self.lock().await {
            Ok(locked) => locked,
            Err(why) => return self.no_lock(vec![job], &why),
        };
        if let Err(error) = books::finish_in_tx(&locked, figures).await {
            return self.no_books(job, &error);
        }
        self.catch_up(&Reader::Locked(&locked), locked.last()).await;
        let Some(plan) = self.plan(Ahead::default(), vec![job], Some(&locked)).await else { return };
        match close_in_tx(&plan, locked).await {
            Ok(appended) => self.settle(plan, appended, false).await,
            Err(outcome) => {
                self.forget_plan(&plan);
                self.answer_all(plan, &outcome);
            }
        }
    }

    fn no_books(&self, job: Job, error: &BooksError) {
        tracing::error!(error = %Chain(error), "the books of a period could not be folded");
        let outcome = match error {
            BooksError::Ledger(_) => Outcome::Unavailable,
            BooksError::Unknown { .. } | BooksError::OutOfOrder(_) => Outcome::Failed,
        };
        self.answer(job, outcome);
    }
}

/// What can be done before the lock is taken.
async fn prepare(ledger: &Ledger, figures: &mut Books) -> Result<(), BooksError> {
    books::catch_up(ledger, figures, NEAR).await?;
    books::sign(ledger, figures).await
}

/// Appends and commits. A commit whose outcome is unknown is not repeated: the same command, sent again, finds out.
async fn close_in_tx(plan: &Plan, mut locked: LockedAppend) -> Result<Appended, Outcome> {
    let failed = |error: &dyn std::error::Error| {
        tracing::warn!(error = %Chain(error), "a close was not recorded");
        Outcome::Unavailable
    };
    let appended = locked.append(&plan.prepared).await.map_err(|error| failed(&error))?;
    if let [Fate::Moved | Fate::ClaimTaken { .. }] = appended.fates.as_slice() {
        // Nobody moves anything under the lock; and the usual way is not for a close.
        return Err(Outcome::Concurrent);
    }
    locked.commit().await.map_err(|error| {
        let unknown = error.may_have_been_recorded();
        failed(&error);
        if unknown { Outcome::Unknown } else { Outcome::Unavailable }
    })?;
    Ok(appended)
}
