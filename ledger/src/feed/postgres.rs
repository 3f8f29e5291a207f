//! The feed that reads the ledger itself: the default of a single machine.
//!
//! A bell in the same process wakes it; without one, or when another process appends, it polls. Waiting costs
//! one short read of the primary key every few milliseconds and holds no connection in between.

use std::time::Duration;

use async_trait::async_trait;
use tokio::{
    sync::watch,
    time::{Instant, Interval, MissedTickBehavior, interval, timeout_at},
};

use super::{Feed, FeedError};
use crate::{Bell, Envelope, Ledger, Position};

/// How often the ledger is asked when nothing wakes the feed.
const POLL: Duration = Duration::from_millis(5);

/// How often it is asked all the same when there is a bell: another process may append.
const POLL_BESIDE_BELL: Duration = Duration::from_millis(50);

/// How long `next` waits for an event before it yields nothing.
const PATIENCE: Duration = Duration::from_millis(250);

/// Events read from the ledger's tables.
#[derive(Debug)]
pub struct PostgresFeed {
    ledger: Ledger,
    position: Position,
    bell: Option<watch::Receiver<Position>>,
    poll: Interval,
}

impl PostgresFeed {
    /// A feed that goes on after a position, woken by a bell if there is one. Must be made inside a runtime.
    #[must_use]
    pub fn new(ledger: Ledger, after: Position, bell: Option<&Bell>) -> Self {
        let mut poll = interval(if bell.is_some() { POLL_BESIDE_BELL } else { POLL });
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { ledger, position: after, bell: bell.map(Bell::listen), poll }
    }

    /// Waits until there may be something to read.
    async fn wait(&mut self) {
        let Some(bell) = &mut self.bell else {
            self.poll.tick().await;
            return;
        };
        let position = self.position;
        let silent = tokio::select! {
            rung = bell.wait_for(|last| *last > position) => rung.is_err(),
            _ = self.poll.tick() => false,
        };
        if silent {
            // The process that rang it has let go of it: poll from now on.
            self.bell = None;
        }
    }
}

#[async_trait]
impl Feed for PostgresFeed {
    async fn next(&mut self, max: usize) -> Result<Vec<Envelope>, FeedError> {
        let until = Instant::now() + PATIENCE;
        loop {
            let events = self.ledger.read_after(self.position, max).await?;
            if let Some(last) = events.last() {
                self.position = last.position;
                return Ok(events);
            }
            if timeout_at(until, self.wait()).await.is_err() {
                return Ok(Vec::new());
            }
        }
    }

    fn position(&self) -> Position {
        self.position
    }

    async fn seek(&mut self, after: Position) {
        self.position = after;
    }
}
