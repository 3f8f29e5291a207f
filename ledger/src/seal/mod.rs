//! Sealing of personal data: phones and names never stand in clear in events, Kafka or read models (I12).
//!
//! A sealed value is `base64url(1 ‖ 12-byte nonce ‖ AES-256-GCM ciphertext ‖ tag)` without padding, with
//! `chajipoa/1|ledger id|person id|field` as additional data, under a key of its own per person. That key lies
//! in the table `person_key`, wrapped by a generation key which is a file in the keys directory and never in
//! Postgres. A person's id is the id of a stream of theirs; a key whose person has no stream was minted for a
//! command that was refused, and is swept.
//!
//! Erasing a person destroys that key, in the transaction that records it; [`Erased`] remembers whose, outside the
//! database, so that a restore does not bring them back.

mod erased;
pub(crate) mod keys;
mod person;
pub mod renewal;
mod sealer;

pub use erased::{Erased, ErasedError};
pub use keys::{Generation, Keys, KeysError};
pub use person::{PersonKey, Wrapped};
pub use sealer::Sealer;

use crate::LedgerError;

/// A failure to seal or unseal. It never says what the value was.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The sealed text is not one of ours.
    #[error("the sealed value is malformed")]
    Malformed,
    /// The value was sealed under another key, for another person or field, or was altered.
    #[error("the sealed value does not open with this person's key")]
    DoesNotOpen,
    /// The person's key was wrapped by a generation whose file is not there.
    #[error("the master key of generation {0} is not in the keys directory")]
    NoGeneration(Generation),
    /// The random source failed.
    #[error("the random source failed")]
    Random,
    /// The person's key could not be read or stored.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl SealError {
    /// Whether the keys at hand are older than the database's: soon they are not.
    #[must_use]
    pub fn is_renewed(&self) -> bool {
        match self {
            SealError::NoGeneration(_) => true,
            SealError::Ledger(error) => error.sqlstate() == Some("CJ006"),
            SealError::Malformed | SealError::DoesNotOpen | SealError::Random => false,
        }
    }
}
