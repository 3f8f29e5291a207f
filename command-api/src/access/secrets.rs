//! The secret of a station, which it exchanges for access tokens.
//!
//! Keeps true: only hashes are kept. A new secret does not end the one before it until it is used for the first time, so a
//! cabinet that has not got it yet goes on working; from then on only the new one counts.

use std::sync::Arc;

use deadpool_postgres::Pool;
use edge::Clock;
use uuid::Uuid;

use super::error::AccessError;
use super::sessions::{fingerprint, secret};
use super::statements;

/// Makes and checks the secrets of stations.
#[derive(Clone)]
pub(crate) struct StationSecrets {
    pool: Pool,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for StationSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StationSecrets").finish_non_exhaustive()
    }
}

impl StationSecrets {
    pub(crate) fn new(pool: Pool, clock: Arc<dyn Clock>) -> Self {
        Self { pool, clock }
    }

    /// A new secret of a station, told this once.
    ///
    /// # Errors
    /// The database is away.
    pub(crate) async fn renew(&self, station: Uuid) -> Result<String, AccessError> {
        let (now, secret) = (self.clock.now(), secret(self.clock.as_ref()));
        let mut client = self.pool.get().await?;
        let transaction = client.transaction().await?;
        transaction.execute(statements::DROP_UNUSED_SECRETS, &[&station]).await?;
        let hash = fingerprint(&secret);
        transaction.execute(statements::NEW_SECRET, &[&hash.as_slice(), &station, &now]).await?;
        transaction.commit().await?;
        Ok(secret)
    }

    /// Whether this is a secret of the station that counts.
    ///
    /// # Errors
    /// The database is away.
    pub(crate) async fn is_known(&self, station: Uuid, secret: &str) -> Result<bool, AccessError> {
        let (now, hash) = (self.clock.now(), fingerprint(secret));
        let client = self.pool.get().await?;
        let known = client.query_opt(statements::USE_SECRET, &[&station, &hash.as_slice(), &now]).await?;
        Ok(known.is_some())
    }
}
