//! What makes two requests the same: the keyed hash over role, subject, type, `occurred_at` and `data` as
//! sent, in RFC 8785 form.
//!
//! Keeps true (I3): two JSON spellings of one request have one hash, two requests have two. Personal fields
//! have been replaced by an HMAC under the person's key before they come here, so that the hash cannot be
//! searched for a phone after erasure.

use domain::Actor;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

#[derive(Serialize)]
struct Asked<'a> {
    role: &'static str,
    subject: Uuid,
    #[serde(rename = "type")]
    kind: &'a str,
    occurred_at: Option<&'a str>,
    data: &'a Value,
}

/// The bytes that are hashed.
///
/// # Errors
/// A number that RFC 8785 cannot write.
pub(crate) fn canonical(
    actor: Actor,
    kind: &str,
    occurred_at: Option<&str>,
    data: &Value,
) -> serde_json::Result<Vec<u8>> {
    let asked = Asked { role: actor.role.as_str(), subject: actor.subject, kind, occurred_at, data };
    serde_json_canonicalizer::to_vec(&asked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Role;

    fn of(data: &str) -> String {
        let actor = Actor { role: Role::Customer, subject: Uuid::from_u128(7) };
        let data = serde_json::from_str(data).unwrap();
        String::from_utf8(canonical(actor, "StartRental", Some("2026-01-01T00:00:00Z"), &data).unwrap())
            .unwrap()
    }

    #[test]
    fn the_form_is_fixed() {
        assert_eq!(
            of(r#"{"slot": 3, "b": [1, {"z": "é", "a": null}], "a": 1.50}"#),
            concat!(
                r#"{"data":{"a":1.5,"b":[1,{"a":null,"z":"é"}],"slot":3},"occurred_at":"2026-01-01T00:00:00Z","#,
                r#""role":"customer","subject":"00000000-0000-0000-0000-000000000007","type":"StartRental"}"#
            )
        );
    }

    #[test]
    fn spelling_does_not_matter_and_content_does() {
        assert_eq!(of(r#"{"a":1,"b":2}"#), of("{ \"b\" : 2.0, \"a\": 1e0 }"));
        assert_ne!(of(r#"{"a":1}"#), of(r#"{"a":"1"}"#));
        assert_ne!(of(r#"{"a":null}"#), of("{}"));
    }
}
