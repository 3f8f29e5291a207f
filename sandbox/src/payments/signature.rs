//! The key that callbacks are signed with where the setting wants it. It is the same in every sandbox and lies in the open:
//! worth nothing anywhere else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};

const KEY: &[u8] = include_bytes!("key.pk8");
/// Its public half.
pub(super) const PUBLIC: &str = include_str!("key.pub.pem");

/// The signature of `text`: base64 of RSA PKCS1 v1.5 over its SHA-256. Nothing where the key cannot be used.
pub(super) fn of(text: &str) -> Option<String> {
    let key = RsaKeyPair::from_pkcs8(KEY).ok()?;
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).ok()?;
    Some(STANDARD.encode(signature))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

    #[test]
    fn the_published_key_verifies_what_was_signed() {
        let body: String = PUBLIC.lines().filter(|line| !line.starts_with("-----")).collect();
        let whole = STANDARD.decode(body).unwrap();
        // What stands before the key itself is the same for every RSA key of this size.
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &whole[24..]);
        let signature = STANDARD.decode(of("abc").unwrap()).unwrap();
        key.verify(b"abc", &signature).unwrap();
        assert!(key.verify(b"abd", &signature).is_err());
    }
}
