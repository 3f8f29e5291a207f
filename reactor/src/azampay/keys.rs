//! AzamPay's RSA keys: their signature of a callback is verified, our checksum of a pay-out is encrypted. Pure but for the
//! random padding.
//!
//! Verified with `ring`, like everything else here. `ring` encrypts nothing with RSA; of the two crates in the tree that do,
//! `rsa` comes with the tokens on every platform and `openssl` only where TLS is OpenSSL's. What is known against `rsa` (the
//! timing of private keys) concerns nobody who holds public ones.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edge::Clock;
use ring::digest;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use rsa::pkcs1::DecodeRsaPublicKey as _;
use rsa::pkcs8::DecodePublicKey as _;
use rsa::rand_core::{CryptoRng, Error, RngCore, impls};
use rsa::traits::PublicKeyParts as _;
use rsa::{Pkcs1v15Encrypt, RsaPublicKey};

use super::Fields;

/// The shortest key that is taken, in bytes.
const SHORTEST: usize = 256;

/// Why a key cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not an RSA public key in PEM.
    #[error("not an RSA public key in PEM")]
    Malformed,
    /// A key of fewer than 2,048 bits proves nothing.
    #[error("a key of at least 2048 bits is needed")]
    Short,
    /// The checksum could not be encrypted.
    #[error("the checksum could not be encrypted")]
    Encrypt,
}

/// An RSA public key of AzamPay's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(RsaPublicKey);

impl PublicKey {
    /// Reads PEM, with either of its two headings, or what some installations answer instead: the same in a JSON object,
    /// or its base64 alone.
    ///
    /// # Errors
    /// It is no key, or a short one.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        if let Some(said) = Fields::read(text.as_bytes())
            && let Some(key) = ["publicKey", "data"].iter().find_map(|name| said.text(name))
        {
            return Self::parse(&key);
        }
        let pem = text.trim();
        let key = RsaPublicKey::from_public_key_pem(pem)
            .or_else(|_| RsaPublicKey::from_pkcs1_pem(pem).map_err(|_| KeyError::Malformed))
            .or_else(|_| {
                let bare: String = pem.chars().filter(|letter| !letter.is_whitespace()).collect();
                let der = STANDARD.decode(bare).map_err(|_| KeyError::Malformed)?;
                RsaPublicKey::from_public_key_der(&der).map_err(|_| KeyError::Malformed)
            })?;
        if key.size() < SHORTEST { Err(KeyError::Short) } else { Ok(Self(key)) }
    }

    /// Whether this base64 is a signature (PKCS #1 v1.5, SHA-256) of the message.
    #[must_use]
    pub fn verifies(&self, message: &str, signature: &str) -> bool {
        let Ok(signature) = STANDARD.decode(signature.trim()) else { return false };
        let parts = RsaPublicKeyComponents { n: self.0.n().to_bytes_be(), e: self.0.e().to_bytes_be() };
        parts.verify(&RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), &signature).is_ok()
    }

    /// The checksum of a pay-out: base64 of the encrypted (PKCS #1 v1.5) SHA-512 of its fields.
    ///
    /// # Errors
    /// It cannot be encrypted.
    pub(crate) fn checksum(&self, fields: &str, clock: &dyn Clock) -> Result<String, KeyError> {
        let hash = digest::digest(&digest::SHA512, fields.as_bytes());
        let sealed = self.0.encrypt(&mut Randomness(clock), Pkcs1v15Encrypt, hash.as_ref());
        sealed.map(|bytes| STANDARD.encode(bytes)).map_err(|_| KeyError::Encrypt)
    }
}

/// The installation's randomness, as the crate wants it.
struct Randomness<'a>(&'a dyn Clock);

impl RngCore for Randomness<'_> {
    fn next_u32(&mut self) -> u32 {
        impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, dest: &mut [u8]) {
        self.0.random(dest);
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
        self.0.random(dest);
        Ok(())
    }
}

impl CryptoRng for Randomness<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use edge::SystemClock;
    use rsa::RsaPrivateKey;
    use rsa::pkcs1::EncodeRsaPublicKey as _;
    use rsa::pkcs8::{EncodePublicKey as _, LineEnding};
    use std::sync::OnceLock;

    /// Keys are slow to make: one for all.
    fn private() -> &'static RsaPrivateKey {
        static KEY: OnceLock<RsaPrivateKey> = OnceLock::new();
        KEY.get_or_init(|| RsaPrivateKey::new(&mut Randomness(&SystemClock), 2_048).unwrap())
    }

    fn signed(message: &str) -> String {
        // DigestInfo of SHA-256, as PKCS #1 has it, before the hash.
        let prefix = [0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20];
        let hash = digest::digest(&digest::SHA256, message.as_bytes());
        let scheme = rsa::Pkcs1v15Sign { hash_len: Some(32), prefix: prefix.to_vec().into_boxed_slice() };
        STANDARD.encode(private().sign(scheme, hash.as_ref()).unwrap())
    }

    #[test]
    fn a_key_is_read_in_every_form_that_is_handed_out() {
        let key = private().to_public_key();
        let pem = key.to_public_key_pem(LineEnding::LF).unwrap();
        let bare = STANDARD.encode(key.to_public_key_der().unwrap().as_bytes());
        let json = serde_json::json!({"data": pem, "success": true}).to_string();
        let named = serde_json::json!({"success": true, "format": "Pem", "publicKey": pem}).to_string();
        let old = key.to_pkcs1_pem(LineEnding::CRLF).unwrap();
        for text in [pem, bare, json, named, old] {
            assert_eq!(PublicKey::parse(&text), Ok(PublicKey(key.clone())));
        }
        let short = RsaPrivateKey::new(&mut Randomness(&SystemClock), 1_024).unwrap().to_public_key();
        let short = short.to_public_key_pem(LineEnding::LF).unwrap();
        assert_eq!(PublicKey::parse(&short), Err(KeyError::Short));
        for garbage in ["", "{}", "-----BEGIN PUBLIC KEY-----", "AAAA"] {
            assert_eq!(PublicKey::parse(garbage), Err(KeyError::Malformed));
        }
    }

    #[test]
    fn a_signature_holds_for_its_message_and_key_only() {
        let key = PublicKey(private().to_public_key());
        let signature = signed("oursazmsuccessMpesa");
        assert!(key.verifies("oursazmsuccessMpesa", &signature));
        assert!(!key.verifies("oursazmfailureMpesa", &signature));
        assert!(!key.verifies("oursazmsuccessMpesa", "AAAA"));
        assert!(!key.verifies("oursazmsuccessMpesa", "no base64!"));
        assert!(!key.verifies("", ""));
    }

    #[test]
    fn a_checksum_opens_to_the_hash_of_the_fields_and_is_new_each_time() {
        let key = PublicKey(private().to_public_key());
        let checksum = key.checksum("1234", &SystemClock).unwrap();
        assert_ne!(checksum, key.checksum("1234", &SystemClock).unwrap());
        let opened = private().decrypt(Pkcs1v15Encrypt, &STANDARD.decode(checksum).unwrap()).unwrap();
        assert_eq!(opened, digest::digest(&digest::SHA512, b"1234").as_ref());
    }
}
