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

/// The largest whole number up to which each is a floating-point number too.
const EXACT: u64 = 1 << 53;

/// In the order of the names.
#[derive(Serialize)]
struct Asked<'a> {
    data: &'a Value,
    occurred_at: Option<&'a str>,
    role: &'static str,
    subject: Uuid,
    #[serde(rename = "type")]
    kind: &'a str,
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
    let asked = Asked { data, occurred_at, role: actor.role.as_str(), subject: actor.subject, kind };
    if is_plain(data) { serde_json::to_vec(&asked) } else { serde_json_canonicalizer::to_vec(&asked) }
}

/// Whether the compact form of this crate's JSON writer is the RFC 8785 form already: a map is sorted by the bytes of its
/// names, which is their order for ASCII; strings are escaped alike; whole numbers up to 2^53 are written alike. That is
/// so for nearly every command, and ten times as fast.
fn is_plain(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => true,
        Value::Number(number) => number.as_i64().is_some_and(|whole| whole.unsigned_abs() <= EXACT),
        Value::Array(items) => items.iter().all(is_plain),
        Value::Object(members) => members.iter().all(|(name, value)| name.is_ascii() && is_plain(value)),
    }
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

    proptest::proptest! {
        #[test]
        fn the_fast_way_writes_what_the_slow_one_writes(data in json()) {
            let actor = Actor { role: Role::Agent, subject: Uuid::from_u128(9) };
            let fast = canonical(actor, "DeviceReturned", None, &data).unwrap();
            let asked = Asked { data: &data, occurred_at: None, role: "agent", subject: actor.subject, kind: "DeviceReturned" };
            proptest::prop_assert_eq!(fast, serde_json_canonicalizer::to_vec(&asked).unwrap());
        }
    }

    /// Any JSON: all escapes, names of any script, numbers around every limit.
    fn json() -> impl proptest::strategy::Strategy<Value = Value> {
        use proptest::prelude::*;
        let text =
            prop_oneof!["[a-z_]{0,4}", "\\PC{0,4}", any::<String>(), "[\u{0}-\u{1f}\"\\\\\u{7f}]{0,4}"];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-3_i64..3).prop_map(|by| Value::from((1_i64 << 53) + by)),
            any::<f64>().prop_map(Value::from),
            text.clone().prop_map(Value::from),
        ];
        let member = (text, leaf.clone());
        leaf.prop_recursive(3, 24, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec(member.clone(), 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
                prop::collection::btree_map("[a-zA-Z_]{1,6}", inner, 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }
}
