//! Reads the ledger and sends, with a bound on what is in flight.
//!
//! Reading goes on in a task of its own, one batch ahead, so that the database and librdkafka work at the same time.

use ledger::feed::{Feed as _, FeedError, PostgresFeed};
use ledger::{Bell, Envelope, Ledger, LedgerError, Position};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

use crate::error::RelayError;
use crate::producer::{Producer, Sent};
use crate::progress::Progress;
use crate::status::RelayStatus;

/// Events read at once: some milliseconds of work, about a megabyte as a rule.
const BATCH: usize = 1_000;
/// Batches that wait between reading and sending.
const AHEAD: usize = 2;

/// A task that reads the ledger from a position on. It ends with the value.
pub(crate) struct Reader {
    batches: mpsc::Receiver<Result<Vec<Envelope>, RelayError>>,
    _task: JoinSet<()>,
}

impl Reader {
    pub(crate) fn start(ledger: Ledger, after: Position, bell: Option<&Bell>) -> Self {
        let (sender, batches) = mpsc::channel(AHEAD);
        let mut feed = PostgresFeed::new(ledger, after, bell);
        let mut task = JoinSet::new();
        task.spawn(async move {
            loop {
                let batch = match feed.next(BATCH).await {
                    Ok(batch) if batch.is_empty() => continue,
                    other => other.map_err(from_feed),
                };
                let failed = batch.is_err();
                if sender.send(batch).await.is_err() || failed {
                    return;
                }
            }
        });
        Self { batches, _task: task }
    }
}

fn from_feed(error: FeedError) -> RelayError {
    match error {
        FeedError::Ledger(error) => RelayError::Ledger(error),
        FeedError::Kafka(error) => RelayError::Kafka(error),
        // Only the feed that reads Kafka says these.
        FeedError::Message { .. } | FeedError::OtherLedger { .. } => {
            RelayError::Ledger(LedgerError::OutOfRange("the feed"))
        }
    }
}

/// Sends whatever is read, until something fails.
pub(crate) async fn run(
    mut reader: Reader,
    producer: &Producer,
    progress: &Progress,
    room: &Notify,
    max_in_flight: usize,
    status: &RelayStatus,
) -> Result<(), RelayError> {
    while let Some(batch) = reader.batches.recv().await {
        let batch = batch?;
        if let Some(last) = batch.last() {
            status.saw_ledger_at(last.position);
        }
        for event in &batch {
            while progress.in_flight() >= max_in_flight || producer.send(event)? == Sent::Full {
                room.notified().await;
            }
        }
    }
    Err(RelayError::Ledger(LedgerError::Unavailable("the reading task ended".into())))
}
