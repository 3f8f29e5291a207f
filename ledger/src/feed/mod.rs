//! The feed: events in the order of their positions, from Postgres or from Kafka.
//!
//! Both sources yield equal envelopes and bytes, and both assert that each position is the last one plus one
//! (I5). A feed keeps no position of its own beyond the process: whoever applies events stores how far it came.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{Bell, Envelope, Ledger, LedgerError, Position};

mod kafka;
mod postgres;

pub use kafka::{KafkaFeed, KafkaFeedConfig, OffsetHint, TOPIC};
pub use postgres::PostgresFeed;

/// A failure of a feed.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The ledger could not be read, or has a gap.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Kafka could not be read.
    #[error("Kafka cannot be read")]
    Kafka(#[from] rdkafka::error::KafkaError),
    /// A message in the topic is not one of ours.
    #[error("the message at offset {offset} is not an event of this ledger")]
    Message {
        /// The offset.
        offset: i64,
        /// What is wrong with it.
        #[source]
        source: crate::cloudevent::CloudEventError,
    },
    /// The topic belongs to another ledger, or to another epoch of this one.
    #[error(
        "the topic carries {found}, this ledger is {expected}; wipe the topic so that the relay refills it"
    )]
    OtherLedger {
        /// The source this ledger writes.
        expected: String,
        /// The source that was found.
        found: String,
    },
}

impl FeedError {
    /// Whether waiting and trying again may help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Ledger(error) => error.is_transient(),
            Self::Kafka(_) => true,
            Self::Message { .. } | Self::OtherLedger { .. } => false,
        }
    }
}

/// A source of events in the order of their positions.
#[async_trait]
pub trait Feed: Send {
    /// Waits until there is at least one event, or until a short patience has passed (then: nothing), and
    /// yields at most `max`.
    ///
    /// # Errors
    /// When the source cannot be read or has a gap. The position stays where it was; calling again is safe.
    async fn next(&mut self, max: usize) -> Result<Vec<Envelope>, FeedError>;

    /// The position of the last event that was yielded.
    fn position(&self) -> Position;

    /// Goes on after this position, forward or back.
    async fn seek(&mut self, after: Position);
}

/// Makes a feed that goes on after a position.
pub type FeedSource = Arc<dyn Fn(Position) -> Result<Box<dyn Feed>, FeedError> + Send + Sync>;

/// A source of feeds that read the ledger itself, woken by a bell if there is one.
#[must_use]
pub fn ledger_feed(ledger: &Ledger, bell: Option<Bell>) -> FeedSource {
    let ledger = ledger.clone();
    Arc::new(move |after| Ok(Box::new(PostgresFeed::new(ledger.clone(), after, bell.as_ref()))))
}
