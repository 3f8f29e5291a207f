//! Ids that follow from a file or a difference: the same for the same, whichever process takes it in.

use domain::Time;
use ledger::seal::Keys;
use uuid::Uuid;

/// The id of what these words name: version 7, of that moment.
pub(crate) fn named(words: &str, at: Time, keys: &Keys) -> Uuid {
    let hash = keys.keyed_hash(words.as_bytes());
    let mut random = [0; 10];
    random.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    let millis = u64::try_from(at.timestamp_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}
