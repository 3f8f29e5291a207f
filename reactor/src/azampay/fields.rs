//! The fields of a JSON object, however their names are capitalised. Pure.
//!
//! AzamPay writes the same field as `amount`, `Amount` and `AMOUNT`, numbers as text, and absence as null, as an empty text
//! or as the text `null`. An object that has one field twice with different values is none: nobody could say which counts.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A JSON object, its names in lower case.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields(BTreeMap<String, Value>);

impl Fields {
    /// The object that these bytes are; nothing if they are none.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        match serde_json::from_slice(body).ok()? {
            Value::Object(object) => Self::of(object),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
        }
    }

    fn of(object: Map<String, Value>) -> Option<Self> {
        let mut fields = BTreeMap::new();
        for (name, value) in object {
            let name = name.to_ascii_lowercase();
            if fields.get(&name).is_some_and(|known| *known != value) {
                return None;
            }
            fields.insert(name, value);
        }
        Some(Self(fields))
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(&name.to_ascii_lowercase())
    }

    /// Whether there is a field of this name, whatever it says.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// What a field says: a text or a number, as text.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        said(self.value(name)?)
    }

    /// Whether a field says yes.
    pub(crate) fn yes(&self, name: &str) -> Option<bool> {
        match self.value(name)? {
            Value::Bool(yes) => Some(*yes),
            Value::String(text) => text.to_ascii_lowercase().parse().ok(),
            Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// Whole shillings: `60000`, `"60000"`, `60000.0` and `"60000.00"` are the same, `60000.5` is none.
    pub(crate) fn shillings(&self, name: &str) -> Option<i64> {
        let text = self.text(name)?;
        let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let fits = !whole.is_empty() && digits(whole) && rest.bytes().all(|byte| byte == b'0');
        whole.parse().ok().filter(|_| fits)
    }

    /// A field that is an object.
    pub(crate) fn inner(&self, name: &str) -> Option<Self> {
        match self.value(name)? {
            Value::Object(object) => Self::of(object.clone()),
            // Some send the object as a text.
            Value::String(text) => Self::read(text.as_bytes()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
        }
    }

    /// What all fields say.
    pub(crate) fn texts(&self) -> impl Iterator<Item = String> + '_ {
        self.0.values().filter_map(said)
    }

    /// The names of all fields.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

fn said(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
    .filter(|text| !text.is_empty() && !text.eq_ignore_ascii_case("null"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Fields {
        Fields::read(text.as_bytes()).unwrap()
    }

    #[test]
    fn names_are_read_however_they_are_capitalised() {
        let fields = read(r#"{"TransactionID": " x ", "SUCCESS": "True", "status": 400}"#);
        assert_eq!(fields.text("transactionId").as_deref(), Some("x"));
        assert_eq!(fields.yes("success"), Some(true));
        assert_eq!(fields.text("Status").as_deref(), Some("400"));
    }

    #[test]
    fn absence_has_four_spellings() {
        let fields = read(r#"{"a": null, "b": "null", "c": "  ", "d": {}}"#);
        for name in ["a", "b", "c", "d", "e"] {
            assert_eq!(fields.text(name), None, "{name}");
        }
    }

    #[test]
    fn an_amount_is_whole_shillings_or_none() {
        let fields = read(
            r#"{"a": 60000, "b": "60000", "c": 60000.0, "d": "60000.00", "e": 60000.5, "f": "-1", "g": "6e4", "h": ".0",
                "i": "+5", "j": "99999999999999999999"}"#,
        );
        for name in ["a", "b", "c", "d"] {
            assert_eq!(fields.shillings(name), Some(60_000), "{name}");
        }
        for name in ["e", "f", "g", "h", "i", "j"] {
            assert_eq!(fields.shillings(name), None, "{name}");
        }
    }

    #[test]
    fn an_object_that_says_two_things_is_none() {
        assert!(Fields::read(br#"{"amount": 1, "Amount": 2}"#).is_none());
        assert!(Fields::read(br#"{"amount": 1, "Amount": 1}"#).is_some());
        for garbage in ["", "<html>", "[]", "7", "null", "{"] {
            assert!(Fields::read(garbage.as_bytes()).is_none(), "{garbage}");
        }
    }
}
