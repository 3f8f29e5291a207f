//! Why a bench could not be finished.

use std::io;

use chajipoa::cluster::ClusterError;
use chajipoa::installation::InstallationError;

/// What ended the run.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// Something did not go as it has to for a measurement to mean anything.
    #[error("{0}")]
    Wrong(String),
    /// A file, a socket or a process.
    #[error("{what}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// The database refused a statement.
    #[error("a statement failed")]
    Postgres(#[from] tokio_postgres::Error),
    /// The private cluster.
    #[error("the private cluster cannot be used")]
    Cluster(#[from] ClusterError),
    /// The installation's files or migrations.
    #[error("the installation cannot be used")]
    Installation(#[from] InstallationError),
    /// The token keys.
    #[error("the token keys cannot be used")]
    Keys(#[from] edge::token::KeyError),
    /// A token.
    #[error("a token could not be made")]
    Token(#[from] edge::token::MintError),
    /// The ledger.
    #[error("the ledger cannot be read")]
    Ledger(#[from] ledger::LedgerError),
    /// The relay.
    #[error("the relay failed")]
    Relay(#[from] relay::RelayError),
    /// Kafka.
    #[error("Kafka failed")]
    Kafka(#[from] rdkafka::error::KafkaError),
    /// The read models.
    #[error("the read models cannot be built")]
    Projector(#[from] projector::ProjectorError),
    /// The verifier.
    #[error("the ledger cannot be proved")]
    Verify(#[from] chajipoa::verify::VerifyError),
    /// A task of ours.
    #[error("a task ended early")]
    Task(#[from] tokio::task::JoinError),
}

impl BenchError {
    /// Something that was not as expected.
    pub(super) fn wrong(what: impl Into<String>) -> Self {
        Self::Wrong(what.into())
    }

    /// For `map_err`: what was tried.
    pub(super) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}
