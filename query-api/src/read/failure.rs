//! Why a read failed, and what the client is told.

use deadpool_postgres::PoolError;
use edge::Problem;
use ledger::LedgerError;
use tokio_postgres::error::SqlState;

/// Seconds after which another try makes sense.
const RETRY_AFTER: u32 = 1;

/// A read that failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The database answered with an error, or the connection broke.
    #[error("the database failed")]
    Database(#[from] tokio_postgres::Error),
    /// The ledger could not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// No connection could be had.
    #[error("no connection")]
    Pool(#[from] PoolError),
    /// The database did not answer in time.
    #[error("no answer in time")]
    TooSlow,
    /// A row does not have the form that was written.
    #[error("a row is damaged: {0}")]
    Damaged(&'static str),
    /// The answer is an error by itself.
    #[error("{0}")]
    Problem(Problem),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl Failure {
    /// Whether the connection it happened on is of no more use.
    pub(crate) fn breaks_the_line(&self) -> bool {
        match self {
            Self::Database(error) => {
                error.is_closed() || error.code().is_none_or(|code| *code == SqlState::FEATURE_NOT_SUPPORTED)
            }
            Self::TooSlow => true,
            Self::Ledger(_) | Self::Pool(_) | Self::Damaged(_) | Self::Problem(_) => false,
        }
    }

    /// What the client is told; what it was stands in the log only.
    pub(crate) fn into_problem(self) -> Problem {
        match self {
            Self::Problem(problem) => problem,
            Self::Database(error) if not_built(&error) => {
                Problem::unavailable("unavailable", "the read models are not built yet", RETRY_AFTER)
            }
            Self::Database(error) if !is_ours(&error) => away(&error),
            Self::Ledger(error) if error.is_transient() => away(&error),
            Self::Pool(error) => away(&error),
            Self::TooSlow => {
                Problem::unavailable("unavailable", "the database did not answer in time", RETRY_AFTER)
            }
            Self::Database(error) => broken(&error),
            Self::Ledger(error) => broken(&error),
            Self::Damaged(what) => {
                tracing::error!(what, "a row is damaged");
                Problem::internal()
            }
        }
    }
}

/// The views are made by the first start of the projector.
fn not_built(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| *code == SqlState::UNDEFINED_TABLE || *code == SqlState::UNDEFINED_COLUMN)
}

/// Whether the statement itself was wrong, rather than the database away or out of something.
fn is_ours(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| {
        !["53", "57", "58", "08", "40", "55"].iter().any(|class| code.code().starts_with(class))
    })
}

fn away(error: &dyn std::error::Error) -> Problem {
    tracing::debug!(%error, "the database is away");
    Problem::unavailable("unavailable", "the database does not answer", RETRY_AFTER)
}

fn broken(error: &(dyn std::error::Error + 'static)) -> Problem {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let error = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    tracing::error!(error, "a read failed");
    Problem::internal()
}
