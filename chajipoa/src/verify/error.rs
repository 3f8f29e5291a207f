//! Why a ledger cannot be verified at all; that is not the same as one that does not hold.

use std::io;
use std::path::PathBuf;

/// What kept the verifier from its work.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The address cannot be understood, or the database is away or refuses a statement.
    #[error("the database cannot be read")]
    Postgres(#[from] tokio_postgres::Error),
    /// A row came in a form that Postgres does not send.
    #[error("a row of {0} came in a form that cannot be read")]
    Row(&'static str),
    /// A file cannot be read.
    #[error("{path} cannot be read")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A task of ours ended early.
    #[error("a part of the verifier ended early")]
    Task(#[from] tokio::task::JoinError),
}
