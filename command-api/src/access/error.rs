//! What keeps somebody from being let in that is not their fault.

use edge::Problem;

/// The tables cannot be asked, or a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// No connection.
    #[error("no connection to the database")]
    Pool(#[from] deadpool_postgres::PoolError),
    /// The database refuses.
    #[error("the database refuses")]
    Database(#[from] tokio_postgres::Error),
    /// A text could not be sealed or opened.
    #[error("a text could not be sealed or opened")]
    Seal(#[from] ledger::seal::SealError),
    /// A token could not be made.
    #[error("a token could not be made")]
    Mint(#[from] edge::token::MintError),
    /// A password could not be hashed.
    #[error("a password could not be hashed: {0}")]
    Hash(String),
    /// A stored role is none of ours.
    #[error("a stored role is unknown")]
    Role(#[from] edge::UnknownRole),
    /// The name is taken.
    #[error("there is somebody of this name already")]
    NameTaken,
    /// Nobody has this name.
    #[error("there is nobody of this name")]
    NobodyOfThisName,
    /// The name is none that can be logged in with.
    #[error("a username is 1 to 64 of a-z, 0-9, dot, dash and underscore")]
    Username,
    /// The password is too short or too long.
    #[error("a password has 12 to 200 characters")]
    Password,
}

/// The answer to somebody who cannot be let in at present; why is logged.
pub(crate) fn away(error: impl Into<AccessError>) -> Problem {
    let error = error.into();
    match &error {
        AccessError::Pool(_) => tracing::warn!(%error, "access is away"),
        AccessError::Database(inner) if inner.is_closed() => tracing::warn!(%error, "access is away"),
        AccessError::Database(_)
        | AccessError::Seal(_)
        | AccessError::Mint(_)
        | AccessError::Hash(_)
        | AccessError::Role(_)
        | AccessError::NameTaken
        | AccessError::NobodyOfThisName
        | AccessError::Username
        | AccessError::Password => {
            tracing::error!(%error, source = ?std::error::Error::source(&error), "access failed")
        }
    }
    Problem::unavailable("unavailable", "logging in does not work at present; try again", 1)
}
