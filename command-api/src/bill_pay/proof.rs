//! The two proofs of a call: a token of at most two minutes, and a hash over the data's very bytes, both under the secret
//! that AzamPay and this installation share.
//!
//! The token is a JWT with HS256 and nothing else; the hash is hexadecimal HMAC-SHA-256 over the 32 bytes of the data's
//! SHA-256. Both are compared in constant time. A copy of a good call is answered as the first was, for two minutes.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use ring::{digest, hmac};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The longest that a token may live, in seconds.
const LIFE: i64 = 120;
/// How far the caller's clock may be ahead, in seconds.
const AHEAD: i64 = 30;
const ALGORITHM: &str = "HS256";

/// The body of a call.
#[derive(Debug, Deserialize)]
pub(crate) struct Signed<'a> {
    #[serde(rename = "Data", borrow)]
    pub(crate) data: &'a RawValue,
    #[serde(rename = "Hash")]
    pub(crate) hash: String,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    iat: i64,
    exp: i64,
}

/// Whether a token is one of AzamPay's and counts now.
pub(crate) fn bearer_holds(token: &str, secret: &str, now: DateTime<Utc>) -> bool {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else { return false };
    let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return false };
    let signed = format!("{header}.{claims}");
    if hmac::verify(&key(secret), signed.as_bytes(), &signature).is_err() {
        return false;
    }
    let is_ours = read::<Header>(header).is_some_and(|header| header.alg == ALGORITHM);
    is_ours && read::<Claims>(claims).is_some_and(|claims| claims.hold(now.timestamp()))
}

impl Claims {
    fn hold(&self, now: i64) -> bool {
        let life = self.exp.saturating_sub(self.iat);
        (1..=LIFE).contains(&life) && now < self.exp && self.iat <= now.saturating_add(AHEAD)
    }
}

/// Whether a hash is that of these very bytes.
pub(crate) fn hash_holds(hash: &str, data: &[u8], secret: &str) -> bool {
    let Some(hash) = unhex(hash) else { return false };
    let digest = digest::digest(&digest::SHA256, data);
    hmac::verify(&key(secret), digest.as_ref(), &hash).is_ok()
}

fn key(secret: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())
}

fn read<T: serde::de::DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (number, byte) in bytes.iter_mut().enumerate() {
        let at = number.saturating_mul(2);
        let pair = text.get(at..at.saturating_add(2)).filter(|pair| !pair.starts_with('+'))?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const SECRET: &str = "a secret that is shared";

    fn token(header: &Value, claims: &Value, secret: &str) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = hmac::sign(&key(secret), signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }

    #[test]
    fn a_token_holds_for_two_minutes_at_most() {
        let now: DateTime<Utc> = "2026-03-01T12:00:00Z".parse().unwrap();
        let (header, at) = (json!({"alg": "HS256", "typ": "JWT"}), now.timestamp());
        let holds = |claims: Value| bearer_holds(&token(&header, &claims, SECRET), SECRET, now);
        assert!(holds(json!({"iat": at, "exp": at + 120, "userId": "x"})));
        assert!(holds(json!({"iat": at - 119, "exp": at + 1})));
        assert!(holds(json!({"iat": at + 30, "exp": at + 150})));
        for bad in [
            json!({"iat": at - 120, "exp": at}),
            json!({"iat": at, "exp": at + 121}),
            json!({"iat": at + 31, "exp": at + 100}),
            json!({"iat": at, "exp": at - 1}),
            json!({"exp": at + 60}),
            json!({"iat": at}),
            json!({"iat": at, "exp": "soon"}),
            json!({"iat": i64::MIN, "exp": i64::MAX}),
            json!([]),
        ] {
            assert!(!holds(bad.clone()), "{bad}");
        }
    }

    #[test]
    fn a_forged_token_does_not_hold() {
        let now: DateTime<Utc> = "2026-03-01T12:00:00Z".parse().unwrap();
        let (good, at) = (json!({"alg": "HS256"}), now.timestamp());
        let claims = json!({"iat": at, "exp": at + 60});
        let whole = token(&good, &claims, SECRET);
        let holds = |token: &str| bearer_holds(token, SECRET, now);
        assert!(holds(&whole));
        assert!(!holds(&token(&good, &claims, "another secret")));
        for alg in ["none", "HS512", "RS256", "hs256", ""] {
            assert!(!holds(&token(&json!({"alg": alg}), &claims, SECRET)), "{alg}");
        }
        let unsigned = whole.rsplit_once('.').unwrap().0;
        for bad in [
            "",
            ".",
            "..",
            "x.y.z",
            unsigned,
            &format!("{unsigned}."),
            &format!("{whole}."),
            &format!("{whole}A"),
        ] {
            assert!(!holds(bad), "{bad}");
        }
    }

    #[test]
    fn the_hash_is_over_the_bytes_of_the_data_and_of_no_others() {
        // printf '{"a":1}' | openssl dgst -sha256 -binary | openssl dgst -sha256 -hmac secret
        let hash = "28ed1cde6b0bdf660a1d411008813375029e0048468fe16a7b2e9557ea9709eb";
        assert!(hash_holds(hash, b"{\"a\":1}", "secret"));
        assert!(hash_holds(&hash.to_uppercase(), b"{\"a\":1}", "secret"));
        for (hash, data, secret) in [
            (hash, "{\"a\": 1}", "secret"),
            (hash, "{\"a\":2}", "secret"),
            (hash, "{\"a\":1}", "Secret"),
            (&hash[..62], "{\"a\":1}", "secret"),
            ("", "{\"a\":1}", "secret"),
            (&format!("+{}", &hash[1..]), "{\"a\":1}", "secret"),
        ] {
            assert!(!hash_holds(hash, data.as_bytes(), secret), "{hash} {data} {secret}");
        }
    }

    #[test]
    fn the_data_are_taken_as_they_came() {
        let body = "{ \"Hash\":\"x\",\"Data\": {\"Amount\": 1.50, \"B\":\"\\u0041\"} }";
        let signed: Signed<'_> = serde_json::from_str(body).unwrap();
        assert_eq!(signed.data.get(), "{\"Amount\": 1.50, \"B\":\"\\u0041\"}");
        assert!(serde_json::from_str::<Signed<'_>>("{\"Data\":1,\"Data\":2,\"Hash\":\"\"}").is_err());
    }
}
