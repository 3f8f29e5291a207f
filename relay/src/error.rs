//! Why a relay stops for good, or only for a moment.

use ledger::{CheckpointMismatch, LedgerError, Position};

/// What ends a session of the relay. [`RelayError::is_final`] tells what only an operator can cure.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The relay's own checkpoint does not belong to the ledger.
    #[error("the relay's checkpoint does not belong to this ledger")]
    Checkpoint(#[source] CheckpointMismatch),
    /// The topic's last record is not in the ledger.
    #[error(
        "topic {topic} is ahead of the ledger: its record at position {position} is not there. If the ledger was \
         restored, fork it with `chajipoa ledger fork --reason`; otherwise delete the topic, the relay refills it"
    )]
    Ahead {
        /// The topic.
        topic: String,
        /// The position of its last record.
        position: Position,
        /// How it differs.
        #[source]
        source: CheckpointMismatch,
    },
    /// The topic carries another ledger, or another epoch of this one.
    #[error(
        "topic {topic} carries {found}, this ledger is {expected}: give this ledger its own brokers, or delete the \
         topic so that the relay refills it"
    )]
    OtherLedger {
        /// The topic.
        topic: String,
        /// The source that this ledger writes.
        expected: String,
        /// The source that was found.
        found: String,
    },
    /// Something else than the relay wrote into the topic.
    #[error(
        "topic {topic} holds a record at offset {offset} that is no event of ours: delete the topic, the relay refills it"
    )]
    Foreign {
        /// The topic.
        topic: String,
        /// The record's offset.
        offset: i64,
        /// What is wrong with it.
        #[source]
        source: ledger::cloudevent::CloudEventError,
    },
    /// The topic has more than one partition: positions would not be in order.
    #[error("topic {topic} has {partitions} partitions and must have 1: delete it, the relay makes it anew")]
    Partitions {
        /// The topic.
        topic: String,
        /// How many it has.
        partitions: usize,
    },
    /// The ledger could not be read.
    #[error("the ledger could not be read")]
    Ledger(#[from] LedgerError),
    /// Kafka did not answer, or not as expected.
    #[error("Kafka could not be used")]
    Kafka(#[from] rdkafka::error::KafkaError),
    /// Kafka refused to make the topic.
    #[error("Kafka refused to make topic {topic}: {code}")]
    TopicRefused {
        /// The topic.
        topic: String,
        /// Kafka's reason.
        code: rdkafka::types::RDKafkaErrorCode,
    },
    /// A message was not delivered; the producer is thrown away.
    #[error("position {position} was not delivered: {reason}")]
    Undelivered {
        /// The message's position.
        position: i64,
        /// Kafka's reason.
        reason: String,
    },
    /// The topic vanished, or was emptied or made anew behind our back.
    #[error("the topic no longer holds what was delivered: {0}")]
    TopicLost(&'static str),
    /// The connection that holds the lock broke: another relay may be active.
    #[error("the connection with the relay's lock broke")]
    LockLost,
    /// The checkpoint was not stored.
    #[error("the checkpoint was not stored")]
    NotStored,
    /// A blocking call was not finished.
    #[error("a call to Kafka was not finished")]
    Unfinished(#[from] tokio::task::JoinError),
}

impl RelayError {
    /// Whether trying again is of no use: the relay ends, and the message says what to do.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Checkpoint(_)
            | Self::Ahead { .. }
            | Self::OtherLedger { .. }
            | Self::Foreign { .. }
            | Self::Partitions { .. } => true,
            // A defect of the ledger stops loudly (I5); what is merely away comes back.
            Self::Ledger(error) => match error {
                LedgerError::Gap { .. } | LedgerError::Damaged { .. } | LedgerError::Address(_) => true,
                LedgerError::Checkpoint(_)
                | LedgerError::Unavailable(_)
                | LedgerError::Database(_)
                | LedgerError::OutOfRange(_) => false,
            },
            Self::Kafka(_)
            | Self::TopicRefused { .. }
            | Self::Undelivered { .. }
            | Self::TopicLost(_)
            | Self::LockLost
            | Self::NotStored
            | Self::Unfinished(_) => false,
        }
    }

    /// Whether it is the database that is away, for the health report.
    pub(crate) fn is_of_postgres(&self) -> bool {
        matches!(self, Self::Ledger(_) | Self::LockLost | Self::NotStored | Self::Checkpoint(_))
    }
}
