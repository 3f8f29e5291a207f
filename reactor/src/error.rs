//! Why a reactor stops for good, or only for a moment.

use ledger::feed::FeedError;
use ledger::guard::GuardError;
use ledger::seal::SealError;
use ledger::{LedgerError, Position};

/// What ends a session of the reactor. [`ReactorError::is_final`] tells what only an operator can cure.
#[derive(Debug, thiserror::Error)]
pub enum ReactorError {
    /// The reactor's own database statements failed.
    #[error("the reactor's database failed")]
    Database(#[from] tokio_postgres::Error),
    /// The address of the database cannot be understood.
    #[error("the database address is not usable")]
    Address(#[source] tokio_postgres::Error),
    /// The ledger could not be read, or the reactor's checkpoint does not belong to it.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The login could alter the ledger.
    #[error(transparent)]
    Guard(GuardError),
    /// The feed could not be read.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// The feed left something out (I5).
    #[error("the feed has a gap: expected position {expected}, found {found}")]
    Gap {
        /// What had to come.
        expected: Position,
        /// What came.
        found: Position,
    },
    /// An event that this program does not know.
    #[error("position {position} cannot be read: {source}; run a reactor that knows this event")]
    Unreadable {
        /// Where.
        position: Position,
        /// Why.
        #[source]
        source: domain::event::UnknownEvent,
    },
    /// Somebody else moved the position.
    #[error("the reactor's position was moved by somebody else")]
    Fenced,
    /// The connection that holds the lock ended: another reactor may be active.
    #[error("the connection with the reactor's lock ended")]
    LockLost,
    /// A row does not have the form that was written.
    #[error("a row of {table} is damaged: {what}")]
    Damaged {
        /// The table.
        table: &'static str,
        /// What does not hold.
        what: &'static str,
    },
    /// The HTTP client could not be made.
    #[error("the HTTP client could not be made")]
    Client(#[source] reqwest::Error),
    /// A sealed value could not be opened.
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl ReactorError {
    /// Whether trying again is of no use: the reactor ends, and the message says what to do.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Ledger(error) => is_final_in_ledger(error),
            Self::Feed(FeedError::Ledger(error)) => is_final_in_ledger(error),
            Self::Feed(FeedError::Message { .. } | FeedError::OtherLedger { .. })
            | Self::Address(_)
            | Self::Guard(_)
            | Self::Gap { .. }
            | Self::Unreadable { .. }
            | Self::Client(_) => true,
            Self::Feed(FeedError::Kafka(_))
            | Self::Database(_)
            | Self::Fenced
            | Self::LockLost
            | Self::Damaged { .. }
            | Self::Seal(_) => false,
        }
    }
}

impl From<GuardError> for ReactorError {
    fn from(error: GuardError) -> Self {
        match error {
            GuardError::Ledger(error) => error.into(),
            other @ GuardError::TooStrong { .. } => Self::Guard(other),
        }
    }
}

/// A defect of the ledger, or a checkpoint of another one, stops loudly; what is merely away comes back.
const fn is_final_in_ledger(error: &LedgerError) -> bool {
    match error {
        LedgerError::Gap { .. }
        | LedgerError::Damaged { .. }
        | LedgerError::Address(_)
        | LedgerError::Checkpoint(_) => true,
        LedgerError::Unavailable(_) | LedgerError::Database(_) | LedgerError::OutOfRange(_) => false,
    }
}

/// An error with everything that led to it.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
