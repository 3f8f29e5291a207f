//! The rotating code on a slot's display: which slot, until when, and a proof that this installation showed it.
//!
//! `CPQ1.` and base64url of 38 bytes: the station's id (16), the slot (u16), the end of validity in Unix seconds (u32), both
//! big-endian, and the first 16 bytes of an HMAC-SHA-256 over the 22 bytes before it, under a key of the station that is
//! derived from the key of this installation. A code scanned as a URL is the same code at the end of the URL.
//!
//! Keeps true: a code that was altered in any place, ended, or was made elsewhere is told apart and starts nothing. It is
//! no secret and proves no presence beyond its two minutes: whoever sees the display may pass it on that long.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use ledger::seal::Keys;
use ring::hmac;
use uuid::Uuid;

/// How long a code holds.
pub(crate) const LIFETIME: TimeDelta = TimeDelta::seconds(120);

const MARK: &str = "CPQ1.";
/// What is signed.
const SIGNED: usize = 22;
/// How much of the signature is shown: 128 bits, so that the picture stays coarse enough for cheap cameras.
const PROOF: usize = 16;

/// A slot that a code names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SlotCode {
    pub(crate) station: Uuid,
    pub(crate) slot: u16,
    /// The moment from which it does not hold any more, in whole seconds.
    pub(crate) expires_at: DateTime<Utc>,
}

/// Why a code is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadCode {
    /// It is no slot's code at all: another QR, or a bank's printed one.
    Foreign,
    /// It looks like one and was not made here as it stands.
    Altered,
}

impl SlotCode {
    /// The code that is shown from now on.
    pub(crate) fn new(station: Uuid, slot: u16, now: DateTime<Utc>) -> Self {
        let ends = now.checked_add_signed(LIFETIME).unwrap_or(now);
        let expires_at = DateTime::from_timestamp(ends.timestamp(), 0).unwrap_or(ends);
        Self { station, slot, expires_at }
    }

    /// Its text.
    pub(crate) fn text(&self, keys: &Keys) -> String {
        let mut bytes = self.signed().to_vec();
        let proof = hmac::sign(&station_key(self.station, keys), &bytes);
        bytes.extend(proof.as_ref().iter().take(PROOF));
        format!("{MARK}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads a code, alone or at the end of a URL. Whether it still holds is the caller's question.
    ///
    /// # Errors
    /// See [`BadCode`].
    pub(crate) fn read(scanned: &str, keys: &Keys) -> Result<Self, BadCode> {
        let at = scanned.rfind(MARK).ok_or(BadCode::Foreign)?;
        let text = scanned.get(at..).and_then(|code| code.strip_prefix(MARK)).ok_or(BadCode::Foreign)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadCode::Altered)?;
        let (signed, proof) = bytes.split_at_checked(SIGNED).ok_or(BadCode::Altered)?;
        let code = Self::of_signed(signed).ok_or(BadCode::Altered)?;
        let expected = hmac::sign(&station_key(code.station, keys), signed);
        let expected = expected.as_ref().get(..PROOF).ok_or(BadCode::Altered)?;
        // Compared in constant time: a code must not be found byte by byte.
        let differs = expected.iter().zip(proof).fold(0, |differs, (a, b)| differs | (a ^ b));
        if proof.len() == PROOF && differs == 0 { Ok(code) } else { Err(BadCode::Altered) }
    }

    fn signed(&self) -> [u8; SIGNED] {
        let mut bytes = [0; SIGNED];
        let ends = u32::try_from(self.expires_at.timestamp()).unwrap_or(u32::MAX);
        let fields =
            self.station.as_bytes().iter().copied().chain(self.slot.to_be_bytes()).chain(ends.to_be_bytes());
        bytes.iter_mut().zip(fields).for_each(|(to, from)| *to = from);
        bytes
    }

    fn of_signed(bytes: &[u8]) -> Option<Self> {
        let station = Uuid::from_slice(bytes.get(..16)?).ok()?;
        let slot = u16::from_be_bytes(bytes.get(16..18)?.try_into().ok()?);
        let ends = u32::from_be_bytes(bytes.get(18..22)?.try_into().ok()?);
        Some(Self { station, slot, expires_at: DateTime::from_timestamp(i64::from(ends), 0)? })
    }
}

fn station_key(station: Uuid, keys: &Keys) -> hmac::Key {
    let bytes = keys.keyed_hash(&[b"slot code|".as_slice(), station.as_bytes()].concat());
    hmac::Key::new(hmac::HMAC_SHA256, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> (tempfile::TempDir, Keys) {
        let directory = tempfile::tempdir().unwrap();
        let keys = Keys::open_or_create(directory.path()).unwrap();
        (directory, keys)
    }

    fn code() -> SlotCode {
        SlotCode::new(Uuid::from_u128(7), 12, DateTime::from_timestamp_micros(1_790_000_000_123_456).unwrap())
    }

    #[test]
    fn what_was_shown_is_read_alone_and_in_a_url() {
        let (_directory, keys) = keys();
        let text = code().text(&keys);
        assert_eq!(code().expires_at.timestamp(), 1_790_000_120);
        assert_eq!(SlotCode::read(&text, &keys), Ok(code()));
        assert_eq!(SlotCode::read(&format!("https://example.com/r#{text}"), &keys), Ok(code()));
        assert!(text.len() < 60, "{text}");
    }

    #[test]
    fn whatever_is_altered_in_one_bit_is_refused() {
        let (_directory, keys) = keys();
        let text = code().text(&keys);
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(MARK).unwrap()).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut altered = bytes.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            let altered = format!("{MARK}{}", URL_SAFE_NO_PAD.encode(altered));
            assert_eq!(SlotCode::read(&altered, &keys), Err(BadCode::Altered), "bit {bit}");
        }
        for cut in 0..text.len() {
            assert!(SlotCode::read(&text[..cut], &keys).is_err());
        }
        assert_eq!(SlotCode::read(&format!("{text}A"), &keys), Err(BadCode::Altered));
    }

    #[test]
    fn what_was_made_elsewhere_is_refused() {
        let ((_one, keys), (_other, other)) = (keys(), keys());
        assert_eq!(SlotCode::read(&code().text(&other), &keys), Err(BadCode::Altered));
        for foreign in ["", "PB-0001", "https://example.com/d/PB-0001", "WIFI:S:cafe;;"] {
            assert_eq!(SlotCode::read(foreign, &keys), Err(BadCode::Foreign), "{foreign}");
        }
    }
}
