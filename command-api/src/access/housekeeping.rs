//! Forgetting what nobody needs any more.

use chrono::{DateTime, Utc};
use deadpool_postgres::Pool;

use super::error::AccessError;
use super::statements;

/// Removes what is past its time; each statement stands for itself.
///
/// # Errors
/// The database is away.
pub(crate) async fn tidy(pool: &Pool, now: DateTime<Utc>) -> Result<(), AccessError> {
    let client = pool.get().await?;
    for statement in statements::TIDY {
        client.execute(*statement, &[&now]).await?;
    }
    Ok(())
}
