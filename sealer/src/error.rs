//! Why a sealer stops for good, or only for a moment.

use std::{io, path::PathBuf};

use ledger::{LedgerError, seal::KeysError, tree::ProveError};
use relay::RelayError;

use crate::Mismatch;

/// What ends a session of the sealer. [`SealerError::is_final`] tells what only an operator can cure.
#[derive(Debug, thiserror::Error)]
pub enum SealerError {
    /// What was published outside the database does not fit the ledger.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
    /// The last signed checkpoint does not fit the events and tiles it was made of.
    #[error(
        "the checkpoint signed at position {size} does not fit the ledger ({what}): events, tiles or checkpoints were \
         altered; `chajipoa ledger verify` names the first position that does not hold"
    )]
    Altered {
        /// The checkpoint's size.
        size: u64,
        /// What does not fit.
        what: &'static str,
    },
    /// A tile is missing or damaged.
    #[error("the ledger's tree cannot be used; `chajipoa ledger verify` names what does not hold")]
    Tree(#[source] ProveError),
    /// The ledger could not be read or written.
    #[error("the ledger could not be used")]
    Ledger(#[from] LedgerError),
    /// The keys that sign cannot be used.
    #[error("the keys of checkpoints cannot be used")]
    Keys(#[from] KeysError),
    /// A checkpoint could not be written to the folder.
    #[error("the checkpoint could not be written to {}", path.display())]
    Folder {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Kafka could not be used.
    #[error("the topic of checkpoints could not be used")]
    Topic(#[from] RelayError),
    /// The connection that holds the lock broke: another sealer may be active.
    #[error("the connection with the sealer's lock broke")]
    LockLost,
    /// A row was not stored.
    #[error("the checkpoint was not stored")]
    NotStored,
    /// Nothing signs under this name: a defect.
    #[error("the origin of this ledger's checkpoints is no name of a key")]
    NoSigner,
    /// A blocking call was not finished.
    #[error("a call was not finished")]
    Unfinished(#[from] tokio::task::JoinError),
    /// A test asked for it.
    #[error("halted")]
    Halted,
}

impl SealerError {
    /// Whether trying again is of no use: the sealer ends, and the message says what to do.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Mismatch(_)
            | Self::Altered { .. }
            | Self::Tree(_)
            | Self::Keys(_)
            | Self::NoSigner
            | Self::Halted => true,
            // A defect of the ledger stops loudly (I5); what is merely away comes back.
            Self::Ledger(error) => match error {
                LedgerError::Gap { .. } | LedgerError::Damaged { .. } | LedgerError::Address(_) => true,
                LedgerError::Checkpoint(_)
                | LedgerError::Unavailable(_)
                | LedgerError::Database(_)
                | LedgerError::OutOfRange(_) => false,
            },
            Self::Topic(error) => error.is_final(),
            Self::Folder { .. } | Self::LockLost | Self::NotStored | Self::Unfinished(_) => false,
        }
    }

    /// Whether it is the database that is away, for the health report.
    pub(crate) fn is_of_postgres(&self) -> bool {
        matches!(self, Self::Ledger(_) | Self::LockLost | Self::NotStored)
    }
}

impl From<ProveError> for SealerError {
    fn from(error: ProveError) -> Self {
        match error {
            ProveError::Ledger(error) => Self::Ledger(error),
            other @ (ProveError::Proof(_) | ProveError::Tile(_)) => Self::Tree(other),
        }
    }
}
