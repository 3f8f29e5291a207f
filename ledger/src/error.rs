//! What can go wrong between this crate and its database.
//!
//! Refusals of a command are data (`Fate`); these are failures. Database errors are told apart by SQLSTATE.

use deadpool_postgres::PoolError;
use tokio_postgres::error::{Severity, SqlState};
use uuid::Uuid;

use crate::Position;

/// A failure while reading.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The next event is not the one that has to follow. Readers stop here, loudly (I5).
    #[error("the ledger has a gap: expected position {expected}, found {found}")]
    Gap {
        /// The position that had to come.
        expected: Position,
        /// The one that came.
        found: Position,
    },
    /// A stored row does not have the form that was written.
    #[error("the row at position {position} is damaged: {what}")]
    Damaged {
        /// Where.
        position: Position,
        /// What does not hold.
        what: &'static str,
    },
    /// A checkpoint does not belong to this ledger as it stands.
    #[error(transparent)]
    Checkpoint(#[from] crate::checkpoint::CheckpointMismatch),
    /// No connection could be had.
    #[error("no connection to the ledger")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database answered with an error, or the connection broke.
    #[error("the ledger's database failed")]
    Database(#[from] tokio_postgres::Error),
    /// The address of the database cannot be understood.
    #[error("the database address is not usable")]
    Address(#[source] tokio_postgres::Error),
    /// A number did not fit its type.
    #[error("{0} is out of range")]
    OutOfRange(&'static str),
}

impl From<PoolError> for LedgerError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => Self::Unavailable(Box::new(error)),
            other @ (PoolError::Timeout(_)
            | PoolError::Closed
            | PoolError::NoRuntimeSpecified
            | PoolError::PostCreateHook(_)) => Self::Unavailable(Box::new(other)),
        }
    }
}

impl LedgerError {
    /// The SQLSTATE with which the database answered, if it did.
    #[must_use]
    pub fn sqlstate(&self) -> Option<&str> {
        match self {
            Self::Database(error) => error.code().map(tokio_postgres::error::SqlState::code),
            Self::Unavailable(_)
            | Self::Gap { .. }
            | Self::Damaged { .. }
            | Self::Checkpoint(_)
            | Self::Address(_)
            | Self::OutOfRange(_) => None,
        }
    }

    /// Whether waiting and trying again may help: the database was away, not wrong.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable(_) => true,
            Self::Database(error) => leaves_outcome_unknown(error) || is_passing(error),
            Self::Gap { .. }
            | Self::Damaged { .. }
            | Self::Checkpoint(_)
            | Self::Address(_)
            | Self::OutOfRange(_) => false,
        }
    }
}

/// A failure of a call of `append`. What matters to the caller is what may have been recorded.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Nothing was sent: nothing of the batch is recorded.
    #[error("the batch was not sent")]
    NotSent(#[source] LedgerError),
    /// The connection broke after sending: send the same batch again, what had committed comes back as
    /// replays.
    #[error("the connection broke before the outcome was known")]
    Unknown(#[source] tokio_postgres::Error),
    /// The database refused the batch: nothing of it is recorded.
    #[error("the database refused the batch")]
    Refused(#[source] tokio_postgres::Error),
    /// The batch contradicts itself: a defect of the caller. Nothing was sent.
    #[error("command {command} of the batch is malformed: {what}")]
    Malformed {
        /// The command's id.
        command: Uuid,
        /// What does not hold.
        what: &'static str,
    },
    /// The database answered something that is not an outcome of this batch.
    #[error("the answer to the batch is damaged: {0}")]
    Damaged(&'static str),
}

impl AppendError {
    /// Whether the batch may have been recorded all the same.
    #[must_use]
    pub const fn may_have_been_recorded(&self) -> bool {
        match self {
            Self::Unknown(_) | Self::Damaged(_) => true,
            Self::NotSent(_) | Self::Refused(_) | Self::Malformed { .. } => false,
        }
    }

    /// Sorts an error that arrived after the batch had been handed to the connection.
    pub(crate) fn after_sending(error: tokio_postgres::Error) -> Self {
        if leaves_outcome_unknown(&error) { Self::Unknown(error) } else { Self::Refused(error) }
    }
}

/// Whether a statement that ended with this error may have committed.
///
/// An error of severity ERROR is sent instead of the commit. A FATAL one can arrive after the commit record
/// was written and before the answer, and a broken connection says nothing at all.
fn leaves_outcome_unknown(error: &tokio_postgres::Error) -> bool {
    match error.as_db_error() {
        Some(database) => {
            matches!(database.parsed_severity(), Some(Severity::Fatal | Severity::Panic) | None)
                || database.code().code().starts_with("08")
        }
        None => true,
    }
}

/// Whether the database is up but cannot serve at this moment.
fn is_passing(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| {
        code.code().starts_with("53")
            || code.code().starts_with("57P")
            || *code == SqlState::T_R_SERIALIZATION_FAILURE
            || *code == SqlState::T_R_DEADLOCK_DETECTED
            || *code == SqlState::LOCK_NOT_AVAILABLE
            || *code == SqlState::QUERY_CANCELED
    })
}
