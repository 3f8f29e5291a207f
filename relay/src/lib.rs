//! Carries the ledger to Kafka, in order, one process at a time.
//!
//! What it keeps true (I8): the topic holds every position at least once, first occurrences in order, and nothing that
//! is not in the ledger. Kafka is transport: when it is empty, behind or made anew, the relay fills it again; when it
//! is ahead of the ledger, or carries another one, the relay refuses and says what to do.
//!
//! Why first occurrences are in order: every producer sends a chain of positions without a gap, starting at most one
//! after what the topic held when it was made; the broker appends each chain in order or not at all (idempotent
//! producer, gapless); so whatever two chains interleave, no position comes before the one that precedes it.
//!
//! Concurrency: one relay holds the advisory lock `lock::KEY`, on the connection that also writes the checkpoint. A
//! relay that loses that connection stops producing before it does anything else; what it had in flight is the end of
//! a chain and can only be a duplicate. Others stand by and try the lock.
//!
//! It has no business rule, no Kafka transaction, and no memory beyond the messages in flight.

mod compare;
mod config;
mod error;
mod headers;
mod kafka;
mod lock;
mod producer;
mod progress;
mod pump;
mod relay;
mod session;
mod statements;
mod status;
mod watch;

pub use config::RelayConfig;
pub use error::RelayError;
pub use kafka::{client, ensure_topic, last_value};
pub use relay::Relay;
pub use statements::CHECKPOINT_NAME;
pub use status::{RelayStatus, Snapshot};
