//! Ids of commands that follow from what a cabinet reported: the same for the same report, whichever process takes it
//! in, and not to be guessed without the installation's key.

use chrono::{DateTime, Utc};
use ledger::seal::Keys;
use uuid::Uuid;

/// The id of what follows from a station's report of that moment: version 7, of that moment.
pub(crate) fn following(kind: &str, station: Uuid, at: DateTime<Utc>, slot: u16, keys: &Keys) -> Uuid {
    let named = format!("cabinet|{kind}|{station}|{}|{slot}", at.timestamp_micros());
    let hash = keys.keyed_hash(named.as_bytes());
    let mut random = [0; 10];
    random.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    let millis = u64::try_from(at.timestamp_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_follows_from_every_part_of_the_report() {
        let directory = tempfile::tempdir().unwrap();
        let keys = Keys::open_or_create(directory.path()).unwrap();
        let at = DateTime::from_timestamp_micros(1_790_000_000_123_456).unwrap();
        let later = DateTime::from_timestamp_micros(1_790_000_000_123_457).unwrap();
        let id = following("DeviceReturned", Uuid::from_u128(1), at, 7, &keys);
        assert_eq!(id, following("DeviceReturned", Uuid::from_u128(1), at, 7, &keys));
        assert_eq!(id.get_version_num(), 7);
        for other in [
            following("ReportBattery", Uuid::from_u128(1), at, 7, &keys),
            following("DeviceReturned", Uuid::from_u128(2), at, 7, &keys),
            following("DeviceReturned", Uuid::from_u128(1), later, 7, &keys),
            following("DeviceReturned", Uuid::from_u128(1), at, 8, &keys),
        ] {
            assert_ne!(id, other);
        }
    }
}
