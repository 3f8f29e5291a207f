//! Why an export failed.

use deadpool_postgres::PoolError;
use ledger::LedgerError;

use crate::read::Failure;

/// A file that cannot be begun, or does not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The database answered with an error, or the connection broke.
    #[error("the database failed")]
    Database(#[from] tokio_postgres::Error),
    /// The ledger could not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// No connection could be had.
    #[error("no connection")]
    Pool(#[from] PoolError),
    /// There is no live version of the read model.
    #[error("the read model {0} is not built yet")]
    NotBuilt(&'static str),
    /// The read model does not stand for the position yet.
    #[error("the position {asked} is not there yet: {model} stands at {held}")]
    NotThere {
        /// Which.
        model: &'static str,
        /// What was asked for.
        asked: i64,
        /// Where it stands.
        held: i64,
    },
    /// Another version of the read model was promoted meanwhile.
    #[error("another version of {0} was promoted meanwhile; begin again")]
    Switched(&'static str),
    /// There are not as many rows as were counted.
    #[error("{given} rows were read, {counted} were counted")]
    Short {
        /// At the beginning.
        counted: i64,
        /// At the end.
        given: i64,
    },
    /// A column is of a type that no format knows.
    #[error("the column {0} has a type that cannot be exported")]
    Column(String),
    /// The file could not be written.
    #[error("the file could not be written")]
    Written(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl ExportError {
    pub(super) fn written(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Written(error.into())
    }

    /// As a failed read, for one that has not sent anything yet.
    pub(crate) fn into_failure(self) -> Failure {
        match self {
            Self::Database(error) => Failure::Database(error),
            Self::Ledger(error) => Failure::Ledger(error),
            Self::Pool(error) => Failure::Pool(error),
            Self::NotBuilt(_) | Self::NotThere { .. } | Self::Switched(_) => {
                Failure::Problem(edge::Problem::unavailable("unavailable", self.to_string(), 1))
            }
            Self::Short { .. } | Self::Column(_) | Self::Written(_) => {
                tracing::error!(error = %self, "an export could not be begun");
                Failure::Problem(edge::Problem::internal())
            }
        }
    }
}
