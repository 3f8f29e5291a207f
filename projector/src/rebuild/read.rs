//! Reads the ledger from its beginning and hands every batch, decoded once, to all who fold it.

use std::sync::Arc;

use ledger::{Ledger, Position};
use tokio::sync::mpsc::Sender;

use crate::{Fact, Poison, ProjectorError};

/// How many events one statement reads.
const BATCH: usize = 2_000;

/// Events that follow each other.
pub(super) type Facts = Arc<Vec<Fact>>;

/// Sends all events up to a position to every fold; ends early when nobody listens any more.
pub(super) async fn send_all(
    ledger: Ledger,
    until: Position,
    senders: Vec<Sender<Facts>>,
) -> Result<(), ProjectorError> {
    // In a task of its own, so that reading and decoding go on while the folds work.
    let reading = tokio::spawn(async move {
        let mut after = Position::ZERO;
        while after < until {
            let room = usize::try_from(until.since(after)).unwrap_or(BATCH).min(BATCH);
            let facts = Arc::new(read(&ledger, after, room).await?);
            let Some(last) = facts.last() else { break };
            after = last.position;
            for sender in &senders {
                if sender.send(Arc::clone(&facts)).await.is_err() {
                    return Ok(());
                }
            }
        }
        Ok(())
    });
    reading.await.unwrap_or(Err(ProjectorError::Stopped))
}

/// Events after a position, decoded.
pub(crate) async fn read(
    ledger: &Ledger,
    after: Position,
    limit: usize,
) -> Result<Vec<Fact>, ProjectorError> {
    let envelopes = ledger.read_after(after, limit).await?;
    envelopes
        .iter()
        .map(|envelope| {
            Fact::read(envelope).map_err(|unknown| {
                let event_type = envelope.event_type.clone();
                Poison { position: envelope.position, event_type, why: unknown.to_string() }.into()
            })
        })
        .collect()
}
