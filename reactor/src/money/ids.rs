//! Ids and references that follow from what they are for. Pure.
//!
//! The same step of the same thing always sends the same command (I3), whichever reactor takes it and however often. A
//! pay-out's reference follows from its refund by a keyed hash: the same on every attempt and after every restart, and
//! nobody who knows the refund's id can guess it.

use domain::event::Provider;
use ledger::seal::Keys;
use ring::digest;
use uuid::Uuid;

/// Crockford's base 32, in lower case.
const BASE32: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The id of a command about money: version 8, from a hash of the step, the thing and the attempt.
#[must_use]
pub(super) fn command_id(step: &str, entity: Uuid, attempt: &str) -> Uuid {
    hashed(&format!("chajipoa/reactor/money/1|{step}|{entity}|{attempt}"))
}

/// The id of the receipt of a transaction.
#[must_use]
pub(super) fn receipt_id(provider: Provider, reference: &str) -> Uuid {
    hashed(&format!("chajipoa/reactor/receipt/1|{}|{reference}", provider.as_str()))
}

fn hashed(named: &str) -> Uuid {
    let hash = digest::digest(&digest::SHA256, named.as_bytes());
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(hash.as_ref()).for_each(|(to, from)| *to = *from);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// Our reference of a refund's pay-out: 26 characters, 130 bits.
#[must_use]
pub(super) fn pay_out_reference(keys: &Keys, refund: Uuid) -> String {
    let hash = keys.keyed_hash(format!("chajipoa/reactor/pay-out/1|{refund}").as_bytes());
    let mut bits = hash.iter().flat_map(|byte| (0..8).rev().map(move |bit| (byte >> bit) & 1));
    (0..super::callback::REFERENCE_LENGTH)
        .map(|_| {
            let digit = bits.by_ref().take(5).fold(0_u8, |digit, bit| (digit << 1) | bit);
            BASE32.get(usize::from(digit)).copied().map_or('0', char::from)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::callback::is_ours;

    #[test]
    fn an_id_follows_from_step_thing_and_attempt_for_ever() {
        let payment = Uuid::from_u128(7);
        let id = command_id("prompted", payment, "1");
        assert_eq!(id.to_string(), GOLDEN);
        assert_eq!(id.get_version_num(), 8);
        assert_ne!(id, command_id("unknown", payment, "1"));
        assert_ne!(id, command_id("prompted", Uuid::from_u128(8), "1"));
        assert_ne!(id, command_id("prompted", payment, "2"));
        assert_ne!(receipt_id(Provider::Mpesa, "x"), receipt_id(Provider::Airtel, "x"));
    }

    /// Ids that commands were sent under never change: a golden one.
    const GOLDEN: &str = "a004a748-9f69-8501-a230-b475be344b0f";

    #[test]
    fn a_pay_outs_reference_follows_from_refund_and_key() {
        let keys = || Keys::open_or_create(tempfile::tempdir().unwrap().path()).unwrap();
        let (one, other, refund) = (keys(), keys(), Uuid::from_u128(7));
        let reference = pay_out_reference(&one, refund);
        assert_eq!(reference, pay_out_reference(&one, refund));
        assert_ne!(reference, pay_out_reference(&other, refund));
        assert_ne!(reference, pay_out_reference(&one, Uuid::from_u128(8)));
        assert!(is_ours(&reference) && reference.len() <= 30);
    }
}
