//! How one sending of a batch ended.
//!
//! Keeps true: what may have been recorded is never taken for what was not; only [`Sending::NeverLeft`] and
//! [`Sending::Refused`] say that nothing is in the ledger.

use ledger::{AppendError, Appended, LedgerError};
use uuid::Uuid;

/// How a sending ended.
pub(super) enum Sending {
    /// The fates are known.
    Settled(Appended),
    /// Nothing was sent.
    NeverLeft(LedgerError),
    /// The connection broke, or the answer did not come in time.
    Unknown,
    /// The database refused the whole batch.
    Refused(LedgerError),
    /// A command was laid out wrongly; nothing was sent.
    Malformed(Uuid, &'static str),
}

impl From<AppendError> for Sending {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::NotSent(error) => Self::NeverLeft(error),
            AppendError::Refused(error) => Self::Refused(LedgerError::from(error)),
            AppendError::Malformed { command, what } => Self::Malformed(command, what),
            AppendError::Unknown(error) => {
                tracing::warn!(error = %Chain(&error), "the connection broke before the outcome was known");
                Self::Unknown
            }
            AppendError::Damaged(what) => {
                tracing::error!(what, "the answer to a batch is damaged");
                Self::Unknown
            }
        }
    }
}

/// An error with its sources, for the log.
pub(super) struct Chain<'a>(pub(super) &'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
