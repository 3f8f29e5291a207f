//! The keys that seal personal data are renewed at a start, once they are a month old: so whoever was erased is gone from
//! every backup after that. A renewal that was cut is finished first.

use std::time::Duration;

use ledger::seal::{Keys, renewal};

use crate::{cli::Failure, installation::Installation};

/// How old the keys may become.
const RENEW_AFTER: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Makes the first keys, finishes what was cut, and renews what is due. Nothing else runs yet.
///
/// # Errors
/// The keys and the database do not belong together, or one of them cannot be used.
pub(super) async fn look_after_keys(installation: &Installation, owner_url: &str) -> Result<(), Failure> {
    let keys = Keys::open_or_create(&installation.keys).map_err(Failure::other)?;
    renewal::finish_cut(owner_url, &installation.keys).await.map_err(Failure::other)?;
    let age = keys.newest_since().map_err(Failure::other)?.elapsed().unwrap_or_default();
    if age < RENEW_AFTER {
        return Ok(());
    }
    let renewed = renewal::renew(owner_url, &installation.keys).await.map_err(Failure::other)?;
    tracing::info!(
        generation = renewed.generation,
        persons = renewed.persons,
        "the keys that seal personal data were renewed"
    );
    Ok(())
}
