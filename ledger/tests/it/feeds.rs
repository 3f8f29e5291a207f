//! The feed from Postgres: contiguous, woken by the bell or by its own poll.

use std::time::Duration;

use ledger::{
    Bell, Envelope, Position,
    feed::{Feed, PostgresFeed},
};
use tokio::time::timeout;

use crate::harness::{Db, fill};

/// How long a condition may take before a test gives up.
const LIMIT: Duration = Duration::from_secs(30);

async fn until(feed: &mut PostgresFeed, last: i64) -> Vec<Envelope> {
    timeout(LIMIT, async {
        let mut all = Vec::new();
        while feed.position() < Position::new(last) {
            all.extend(feed.next(3).await.unwrap());
        }
        all
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn i5_events_come_in_order_without_a_gap_and_again_after_a_seek() {
    let db = Db::new().await;
    let ledger = db.ledger();
    fill(&ledger, 10).await;
    let mut feed = PostgresFeed::new(ledger.clone(), Position::new(2), None);
    let positions: Vec<_> = until(&mut feed, 10).await.iter().map(|event| event.position.get()).collect();
    assert_eq!(positions, (3..=10).collect::<Vec<_>>());
    assert_eq!(feed.next(3).await.unwrap(), [], "patience ends without an event");
    feed.seek(Position::new(8)).await;
    assert_eq!(until(&mut feed, 10).await.len(), 2);
}

#[tokio::test]
async fn a_feed_that_waits_is_woken() {
    let db = Db::new().await;
    let bell = Bell::new();
    let ringing = db.ledger().with_bell(bell.clone());
    let silent = db.ledger();
    for (writer, bell) in [(&ringing, Some(&bell)), (&silent, Some(&bell)), (&silent, None)] {
        let start = silent.last_position().await.unwrap();
        let mut feed = PostgresFeed::new(db.ledger(), start, bell);
        let last = start.plus(5).get();
        let (read, ()) = tokio::join!(until(&mut feed, last), fill(writer, 5));
        assert_eq!(read.len(), 5);
    }
}
