//! One person's key: what it seals, and how it is wrapped by a generation key.
//!
//! Pure but for the random nonces. The key itself seals; the key of the person's HMAC is derived from it.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf, hmac,
    rand::{SecureRandom, SystemRandom},
};
use uuid::Uuid;

use super::{
    Generation, Keys, SealError,
    keys::{KEY_BYTES, digest},
};

/// The first byte of everything sealed.
const FORMAT: u8 = 1;

/// A person's key as it lies in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapped {
    /// The master key it is wrapped with.
    pub generation: Generation,
    /// `1 ‖ nonce ‖ ciphertext ‖ tag`.
    pub bytes: Vec<u8>,
}

/// A person's key, unwrapped.
pub struct PersonKey {
    ledger: Uuid,
    person: Uuid,
    cipher: LessSafeKey,
    hmac: hmac::Key,
}

impl fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PersonKey").field("person", &self.person).finish_non_exhaustive()
    }
}

impl PersonKey {
    /// Makes a key for a person and wraps it with the newest generation.
    pub(crate) fn mint(keys: &Keys, ledger: Uuid, person: Uuid) -> Result<Wrapped, SealError> {
        let mut key = [0; KEY_BYTES];
        SystemRandom::new().fill(&mut key).map_err(|_| SealError::Random)?;
        let (generation, master) = keys.newest();
        let bytes = encrypt(&cipher(master)?, &wrap_aad(ledger, person, generation), &key)?;
        Ok(Wrapped { generation, bytes })
    }

    /// The same key, wrapped with the newest generation of other keys.
    pub(crate) fn rewrap(
        (old, new): (&Keys, &Keys),
        ledger: Uuid,
        person: Uuid,
        wrapped: &Wrapped,
    ) -> Result<Wrapped, SealError> {
        let master = old.master(wrapped.generation).ok_or(SealError::NoGeneration(wrapped.generation))?;
        let key =
            decrypt(&cipher(master)?, &wrap_aad(ledger, person, wrapped.generation), wrapped.bytes.clone())?;
        let (generation, master) = new.newest();
        let bytes = encrypt(&cipher(master)?, &wrap_aad(ledger, person, generation), &key)?;
        Ok(Wrapped { generation, bytes })
    }

    /// Unwraps a stored key.
    pub(crate) fn unwrap(
        keys: &Keys,
        ledger: Uuid,
        person: Uuid,
        wrapped: &Wrapped,
    ) -> Result<Self, SealError> {
        let master = keys.master(wrapped.generation).ok_or(SealError::NoGeneration(wrapped.generation))?;
        let aad = wrap_aad(ledger, person, wrapped.generation);
        let key: [u8; KEY_BYTES] = decrypt(&cipher(master)?, &aad, wrapped.bytes.clone())?
            .try_into()
            .map_err(|_| SealError::Malformed)?;
        Ok(Self { ledger, person, cipher: cipher(&key)?, hmac: hmac_key(&key)? })
    }

    /// Whose key it is.
    #[must_use]
    pub const fn person(&self) -> Uuid {
        self.person
    }

    /// Seals a value of one field.
    ///
    /// # Errors
    /// When the random source fails.
    pub fn seal(&self, field: &str, text: &str) -> Result<String, SealError> {
        encrypt(&self.cipher, &self.aad(field), text.as_bytes()).map(|bytes| URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Opens a sealed value of one field.
    ///
    /// # Errors
    /// When it is malformed, was altered, or belongs to another person or field.
    pub fn unseal(&self, field: &str, sealed: &str) -> Result<String, SealError> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| SealError::Malformed)?;
        let text = decrypt(&self.cipher, &self.aad(field), bytes)?;
        String::from_utf8(text).map_err(|_| SealError::Malformed)
    }

    /// Seals bytes of one field.
    ///
    /// # Errors
    /// When the random source fails.
    pub fn seal_bytes(&self, field: &str, bytes: &[u8]) -> Result<Vec<u8>, SealError> {
        encrypt(&self.cipher, &self.aad(field), bytes)
    }

    /// Opens sealed bytes of one field.
    ///
    /// # Errors
    /// When they are malformed, were altered, or belong to something else.
    pub fn unseal_bytes(&self, field: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        decrypt(&self.cipher, &self.aad(field), sealed.to_vec())
    }

    /// HMAC-SHA-256 under this person's key: comparable while the key lives, and nothing after.
    #[must_use]
    pub fn hmac(&self, bytes: &[u8]) -> [u8; 32] {
        digest(&hmac::sign(&self.hmac, bytes))
    }

    fn aad(&self, field: &str) -> Vec<u8> {
        format!("chajipoa/1|{}|{}|{field}", self.ledger, self.person).into_bytes()
    }
}

fn wrap_aad(ledger: Uuid, person: Uuid, generation: Generation) -> Vec<u8> {
    format!("chajipoa/1|{ledger}|{person}|key of generation {generation}").into_bytes()
}

fn cipher(key: &[u8; KEY_BYTES]) -> Result<LessSafeKey, SealError> {
    UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).map_err(|_| SealError::Malformed)
}

/// The HMAC key is derived (HKDF-SHA-256), so that one key never serves two algorithms.
fn hmac_key(key: &[u8; KEY_BYTES]) -> Result<hmac::Key, SealError> {
    hkdf::Salt::new(hkdf::HKDF_SHA256, b"chajipoa/1")
        .extract(key)
        .expand(&[b"person hmac"], hmac::HMAC_SHA256)
        .map(hmac::Key::from)
        .map_err(|_| SealError::Malformed)
}

fn encrypt(cipher: &LessSafeKey, aad: &[u8], plain: &[u8]) -> Result<Vec<u8>, SealError> {
    let mut nonce = [0; NONCE_LEN];
    SystemRandom::new().fill(&mut nonce).map_err(|_| SealError::Random)?;
    let mut body = plain.to_vec();
    cipher
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), &mut body)
        .map_err(|_| SealError::Malformed)?;
    let mut out = Vec::with_capacity(body.len().saturating_add(NONCE_LEN + 1));
    out.push(FORMAT);
    out.extend_from_slice(&nonce);
    out.extend_from_slice(&body);
    Ok(out)
}

fn decrypt(cipher: &LessSafeKey, aad: &[u8], mut sealed: Vec<u8>) -> Result<Vec<u8>, SealError> {
    if sealed.first() != Some(&FORMAT) || sealed.len() <= NONCE_LEN {
        return Err(SealError::Malformed);
    }
    let mut body = sealed.split_off(NONCE_LEN + 1);
    let nonce = Nonce::try_assume_unique_for_key(sealed.get(1..).unwrap_or_default())
        .map_err(|_| SealError::Malformed)?;
    let plain = cipher.open_in_place(nonce, Aad::from(aad), &mut body).map_err(|_| SealError::DoesNotOpen)?;
    Ok(plain.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        Keys::open_or_create(tempfile::tempdir().unwrap().path()).unwrap()
    }

    fn person_key(keys: &Keys, person: u128) -> PersonKey {
        let (ledger, person) = (Uuid::from_u128(1), Uuid::from_u128(person));
        let wrapped = PersonKey::mint(keys, ledger, person).unwrap();
        PersonKey::unwrap(keys, ledger, person, &wrapped).unwrap()
    }

    #[test]
    fn a_sealed_value_opens_again_and_shows_nothing() {
        let keys = keys();
        let key = person_key(&keys, 2);
        let sealed = key.seal("phone", "+255700000001").unwrap();
        assert_ne!(sealed, key.seal("phone", "+255700000001").unwrap(), "every nonce is new");
        assert_eq!(key.unseal("phone", &sealed).unwrap(), "+255700000001");
        let raw = URL_SAFE_NO_PAD.decode(&sealed).unwrap();
        assert_eq!((raw[0], raw.len()), (1, 1 + 12 + 13 + 16));
    }

    #[test]
    fn it_opens_for_no_other_person_field_or_text() {
        let keys = keys();
        let key = person_key(&keys, 2);
        let sealed = key.seal("phone", "+255700000001").unwrap();
        assert!(matches!(key.unseal("name", &sealed), Err(SealError::DoesNotOpen)));
        assert!(matches!(person_key(&keys, 3).unseal("phone", &sealed), Err(SealError::DoesNotOpen)));
        let mut raw = URL_SAFE_NO_PAD.decode(&sealed).unwrap();
        raw[20] ^= 1;
        let altered = URL_SAFE_NO_PAD.encode(&raw);
        assert!(matches!(key.unseal("phone", &altered), Err(SealError::DoesNotOpen)));
        assert!(matches!(key.unseal("phone", "AQ"), Err(SealError::Malformed)));
        assert!(matches!(key.unseal("phone", "+"), Err(SealError::Malformed)));
    }

    #[test]
    fn a_key_does_not_unwrap_for_another_person_or_without_its_generation() {
        let keys = keys();
        let (ledger, person) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let mut wrapped = PersonKey::mint(&keys, ledger, person).unwrap();
        let other = PersonKey::unwrap(&keys, ledger, Uuid::from_u128(3), &wrapped);
        assert!(matches!(other, Err(SealError::DoesNotOpen)));
        wrapped.generation = 7;
        let gone = PersonKey::unwrap(&keys, ledger, person, &wrapped);
        assert!(matches!(gone, Err(SealError::NoGeneration(7))));
    }

    #[test]
    fn the_hmac_is_the_persons_own() {
        let keys = keys();
        assert_eq!(person_key(&keys, 2).hmac(b"x").len(), 32);
        assert_ne!(
            person_key(&keys, 2).hmac(b"x"),
            person_key(&keys, 2).hmac(b"x"),
            "another key, another hash"
        );
    }
}
