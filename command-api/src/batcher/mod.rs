//! The batcher: one per process, the only writer of its ledger connection.
//!
//! Commands wait in a bounded queue. The moment the previous commit has returned, everything that waits is
//! decided in queue order ([`plan`]), sent to the ledger in one call, and settled by the fates that come back
//! ([`settle`]). What arrives while a call is on its way is decided meanwhile, as far as it can be ([`ahead`]).
//!
//! Keeps true: I1 (an answer leaves after the ledger has committed), I3 and I4 (the ledger probes ids and
//! versions; what moved is decided again), I13 (queue, cache and retries are bounded).
//!
//! Locks and their order: the ledger's head row is the only lock. A plain batch takes it inside `append`; a
//! command that lost to another process is decided while this process holds it, so it cannot lose to that
//! one again. A loser sees nothing but a later answer; after eight losses it is told `concurrent_update`.

mod ahead;
mod closing;
mod job;
mod kinds;
mod known;
mod locked;
mod measure;
mod plan;
mod reader;
mod sending;
mod settle;
mod snapshots;
mod worker;

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use domain::Command;
use edge::Clock;
use edge::metrics::Metrics;
use ledger::seal::Erased;
use ledger::{Ledger, LedgerError};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

pub(crate) use job::{Job, Outcome};
pub(crate) use measure::Measures;
pub(crate) use reader::fold;

use crate::Settings;
use worker::Worker;

/// Commands that are decided alone and may wait.
const ALONE: usize = 64;

/// The way into the batcher. Dropping the last one ends it once the queue is empty.
#[derive(Debug, Clone)]
pub(crate) struct Batcher {
    queue: mpsc::Sender<Job>,
    alone: mpsc::Sender<Job>,
    measures: Measures,
}

/// Why a command was not taken in; nothing was done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotTaken {
    /// The queue is full.
    Full,
    /// The batcher has stopped.
    Stopped,
}

impl Batcher {
    /// Starts the batcher on the present runtime.
    ///
    /// # Errors
    /// The ledger cannot be asked where it stands.
    pub(crate) async fn start(
        ledger: Ledger,
        erased: Erased,
        clock: Arc<dyn Clock>,
        metrics: &Metrics,
        settings: Settings,
    ) -> Result<Self, LedgerError> {
        let seen = ledger.last_position().await?;
        let measures = Measures::new(metrics);
        let (queue, intake) = mpsc::channel(settings.queue.max(1));
        let (alone, one_by_one) = mpsc::channel(ALONE);
        let snapshots = snapshots::start(ledger.clone());
        let intakes = (intake, one_by_one);
        let worker =
            Worker::new((ledger, erased), clock, intakes, snapshots, seen, measures.clone(), settings);
        tokio::spawn(worker.run());
        Ok(Self { queue, alone, measures })
    }

    /// Takes a command in, or says at once that there is no room.
    ///
    /// # Errors
    /// See [`NotTaken`].
    pub(crate) fn offer(&self, job: Job) -> Result<(), NotTaken> {
        self.way_of(&job).try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => NotTaken::Full,
            TrySendError::Closed(_) => NotTaken::Stopped,
        })
    }

    /// Takes a command in as soon as there is room: for the lines of one upload, which follow each other.
    ///
    /// # Errors
    /// The batcher has stopped.
    pub(crate) async fn hand_over(&self, job: Job) -> Result<(), NotTaken> {
        self.way_of(&job).send(job).await.map_err(|_| NotTaken::Stopped)
    }

    fn way_of(&self, job: &Job) -> &mpsc::Sender<Job> {
        let alone = matches!(job.order.command, Command::EraseCustomer(_) | Command::ClosePeriod(_));
        if alone { &self.alone } else { &self.queue }
    }

    /// Whether commands are still taken in.
    pub(crate) fn is_open(&self) -> bool {
        !self.queue.is_closed()
    }

    /// How many commands wait.
    pub(crate) fn waiting(&self) -> usize {
        self.queue.max_capacity().saturating_sub(self.queue.capacity())
    }

    /// What was measured so far.
    pub(crate) fn measures(&self) -> &Measures {
        &self.measures
    }
}

/// Waits for the end of a command; a batcher that died before it answered leaves the outcome unknown.
pub(crate) async fn outcome(reply: oneshot::Receiver<Outcome>) -> Outcome {
    reply.await.unwrap_or(Outcome::Unknown)
}
