//! The event store on Postgres: append, load, read by position, seal, feed.
//!
//! It knows no business rule: payloads and answers are bytes, streams are ids with versions. What it keeps true
//! are the invariants I1 to I5 of ARCHITECTURE.md, with the database as the judge.

mod append;
mod batch;
mod bell;
mod checkpoint;
mod command;
mod error;
mod event;
mod locked;
mod position;
mod read;
mod rows;
mod store;
mod stream;

pub mod callback;
pub mod cloudevent;
pub mod feed;
pub mod guard;
pub mod inbox;
pub mod leaf;
pub mod migrate;
pub mod seal;
pub mod statements;
pub mod tree;

#[cfg(test)]
mod testing;

pub use bell::Bell;
pub use checkpoint::{Checkpoint, CheckpointMismatch, LedgerIdentity};
pub use command::{Appended, ClaimOp, Decided, Fate, PreparedCommand, StoredCommand};
pub use error::{AppendError, LedgerError};
pub use event::{Envelope, Essence, MAX_STREAMS, NewEvent};
pub use locked::LockedAppend;
pub use position::Position;
pub use read::{Claim, Loaded, Snapshot, StreamLoad};
pub use store::Ledger;
pub use stream::{StreamKind, StreamRef, UnknownStreamKind};
