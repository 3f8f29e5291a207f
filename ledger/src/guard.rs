//! Whether a login is weak enough to serve.
//!
//! A service whose login could change what is append-only refuses to start (the binary exits with 2): then no
//! defect and no intruder in that service can alter the ledger.

use tokio_postgres::Client;

use crate::{Ledger, LedgerError, statements};

/// Why a login is too strong, or cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// The login may change the ledger.
    #[error(
        "the database login {login} may change the ledger ({right}); give this service the URL of its own role, \
         which `chajipoa migrate` prints"
    )]
    TooStrong {
        /// The login.
        login: String,
        /// What it may do.
        right: String,
    },
    /// The database could not be asked.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Checks that this login can neither UPDATE, DELETE nor TRUNCATE what is append-only, is no superuser and cannot
/// act as the owner.
///
/// # Errors
/// `GuardError::TooStrong` when it can.
pub async fn assert_append_only(client: &Client) -> Result<(), GuardError> {
    let row = client.query_one(statements::GUARD, &[]).await.map_err(LedgerError::from)?;
    let read = || -> Result<(String, bool, bool, Option<String>), tokio_postgres::Error> {
        Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?))
    };
    let (login, superuser, owner, rights) = read().map_err(LedgerError::from)?;
    let right = if superuser {
        Some("superuser".to_owned())
    } else if owner {
        Some("member of chajipoa_owner".to_owned())
    } else {
        rights
    };
    right.map_or(Ok(()), |right| Err(GuardError::TooStrong { login, right }))
}

impl Ledger {
    /// `assert_append_only` for the login of this ledger.
    ///
    /// # Errors
    /// As `assert_append_only`.
    pub async fn assert_append_only(&self) -> Result<(), GuardError> {
        let client = self.pool().get().await.map_err(LedgerError::from)?;
        assert_append_only(&client).await
    }
}
