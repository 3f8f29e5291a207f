//! Reads the ledger from its beginning and hands every batch, decoded once, to all who fold it.

use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use ledger::{Ledger, LedgerError, Position};
use tokio::{sync::mpsc::Sender, task::JoinHandle};

use crate::{ProjectorError, fact::Taken};

/// How many events one statement reads.
const BATCH: usize = 2_000;
/// How many statements are under way while a stretch is folded: positions are dense, so the next ones are known.
const AT_ONCE: usize = 2;

/// Events that follow each other.
pub(super) type Facts = Arc<Vec<Taken>>;

/// Sends all events up to a position to every fold; ends early when nobody listens any more.
pub(super) async fn send_all(
    ledger: Ledger,
    until: Position,
    senders: Vec<Sender<Facts>>,
) -> Result<(), ProjectorError> {
    let begin = |(after, room)| fetch(&ledger, after, room);
    let mut stretches = stream::iter(stretches(until)).map(begin).buffered(AT_ONCE);
    while let Some(read) = stretches.next().await {
        let facts = Arc::new(read.map_err(|_| ProjectorError::Stopped)??);
        for sender in &senders {
            if sender.send(Arc::clone(&facts)).await.is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The stretches of positions up to this one: after which, and how many.
fn stretches(until: Position) -> impl Iterator<Item = (Position, usize)> {
    let begins = (0..until.get()).step_by(BATCH).map(Position::new);
    begins.map(move |after| (after, usize::try_from(until.since(after)).unwrap_or(BATCH).min(BATCH)))
}

/// Reads and decodes a stretch in a task of its own.
fn fetch(ledger: &Ledger, after: Position, room: usize) -> JoinHandle<Result<Vec<Taken>, LedgerError>> {
    let ledger = ledger.clone();
    tokio::spawn(async move {
        let facts = read(&ledger, after, room).await?;
        if facts.len() < room {
            let expected = facts.last().map_or(after, Taken::position).next();
            return Err(LedgerError::Gap { expected, found: ledger.last_position().await? });
        }
        Ok(facts)
    })
}

/// Events after a position, read as far as they can be.
pub(crate) async fn read(ledger: &Ledger, after: Position, limit: usize) -> Result<Vec<Taken>, LedgerError> {
    let mut taken = Vec::with_capacity(limit);
    ledger.visit_after(after, limit, |essence| taken.push(Taken::read(essence))).await?;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_follow_each_other_up_to_the_end() {
        let of = |until| {
            let all = stretches(Position::new(until)).map(|(after, room)| (after.get(), room));
            all.collect::<Vec<_>>()
        };
        assert_eq!(of(0), []);
        assert_eq!(of(1), [(0, 1)]);
        assert_eq!(of(2_000), [(0, 2_000)]);
        assert_eq!(of(4_001), [(0, 2_000), (2_000, 2_000), (4_000, 1)]);
    }
}
