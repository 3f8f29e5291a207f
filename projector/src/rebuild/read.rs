//! Reads the ledger from its beginning and hands every batch, decoded once, to all who fold it.

use std::sync::Arc;

use ledger::{Ledger, LedgerError, Position};
use tokio::{sync::mpsc::Sender, task::JoinHandle};

use crate::{ProjectorError, fact::Taken};

/// How many events one statement reads.
const BATCH: usize = 2_000;

/// Events that follow each other.
pub(super) type Facts = Arc<Vec<Taken>>;

/// Sends all events up to a position to every fold; ends early when nobody listens any more.
pub(super) async fn send_all(
    ledger: Ledger,
    until: Position,
    senders: Vec<Sender<Facts>>,
) -> Result<(), ProjectorError> {
    let mut after = Position::ZERO;
    let mut waiting = fetch(&ledger, after, until);
    while after < until {
        let facts = waiting.await.unwrap_or(Ok(Vec::new()))?;
        let Some(last) = facts.last() else { break };
        after = last.position();
        // The next stretch is read and decoded while this one is folded.
        waiting = fetch(&ledger, after, until);
        let facts = Arc::new(facts);
        for sender in &senders {
            if sender.send(Arc::clone(&facts)).await.is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Reads the next stretch in a task of its own.
fn fetch(ledger: &Ledger, after: Position, until: Position) -> JoinHandle<Result<Vec<Taken>, LedgerError>> {
    let ledger = ledger.clone();
    let room = usize::try_from(until.since(after)).unwrap_or(BATCH).min(BATCH);
    tokio::spawn(async move { if room == 0 { Ok(Vec::new()) } else { read(&ledger, after, room).await } })
}

/// Events after a position, read as far as they can be.
pub(crate) async fn read(ledger: &Ledger, after: Position, limit: usize) -> Result<Vec<Taken>, LedgerError> {
    let mut taken = Vec::with_capacity(limit);
    ledger.visit_after(after, limit, |essence| taken.push(Taken::read(essence))).await?;
    Ok(taken)
}
