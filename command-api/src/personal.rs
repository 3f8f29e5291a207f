//! Personal fields on their way in: read, sealed under the person's key, and kept out of the hash.
//!
//! Keeps true (I12): a phone, a name or a text about a person leaves this module only sealed. The command's
//! hash holds an HMAC under the person's key instead, so it says nothing once that key is destroyed. The
//! key is inserted before the hash is taken; if the command is refused, the sweep removes it.

use domain::command::{PERSONAL, PersonOf, PersonalKind};
use domain::personal::{Sealed, SealedPhone};
use domain::phone::Phone;
use domain::values::{Name, Reason};
use edge::Problem;
use ledger::seal::{Keys, PersonKey, SealError};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// The personal fields that a request really holds.
#[derive(Debug)]
pub(crate) struct Personal {
    pub(crate) of: PersonOf,
    fields: Vec<Field>,
}

#[derive(Debug)]
struct Field {
    name: &'static str,
    kind: PersonalKind,
    /// As sent.
    sent: String,
    /// In its one form.
    text: String,
}

impl Personal {
    /// Reads and checks the personal fields of a command's data; `None` where it has none.
    ///
    /// # Errors
    /// 400 where a field is not of its form.
    pub(crate) fn of(kind: &str, data: &Map<String, Value>) -> Result<Option<Self>, Problem> {
        let Some(known) = PERSONAL.iter().find(|known| known.command == kind) else { return Ok(None) };
        let mut found = Vec::new();
        for (name, kind) in known.fields {
            match data.get(*name) {
                None | Some(Value::Null) => {}
                Some(Value::String(sent)) => found.push(Field::read(name, *kind, sent)?),
                Some(_) => return Err(Problem::malformed(format!("{name} is not a text"))),
            }
        }
        Ok((!found.is_empty()).then_some(Self { of: known.whose, fields: found }))
    }

    /// The data with an empty seal in place of each field: good for parsing, never for recording.
    pub(crate) fn blanked(&self, data: &Map<String, Value>) -> Value {
        let blank = || Sealed { sealed: String::new(), digest: String::new() };
        let mut data = data.clone();
        for field in &self.fields {
            data.insert(field.name.to_owned(), field.shaped(blank(), String::new()));
        }
        Value::Object(data)
    }

    /// The data with each field sealed: what the domain sees.
    ///
    /// # Errors
    /// The random source fails.
    pub(crate) fn sealed(
        &self,
        data: &Map<String, Value>,
        key: &PersonKey,
        keys: &Keys,
    ) -> Result<Value, SealError> {
        let mut data = data.clone();
        for field in &self.fields {
            let digest = hex(&key.hmac(field.text.as_bytes()));
            let sealed = Sealed { sealed: key.seal(field.name, &field.text)?, digest };
            data.insert(field.name.to_owned(), field.shaped(sealed, keys.blind_index(&field.text)));
        }
        Ok(Value::Object(data))
    }

    /// The data with an HMAC in place of each field: what is hashed.
    pub(crate) fn hashed(&self, data: &Map<String, Value>, key: &PersonKey) -> Value {
        let mut data = data.clone();
        for field in &self.fields {
            let asked = format!("command hash|{}|{}", field.name, field.sent);
            data.insert(field.name.to_owned(), Value::String(hex(&key.hmac(asked.as_bytes()))));
        }
        Value::Object(data)
    }
}

impl Field {
    fn read(name: &'static str, kind: PersonalKind, sent: &str) -> Result<Self, Problem> {
        let text = match kind {
            PersonalKind::IndexedPhone | PersonalKind::Phone => {
                Phone::parse(sent).map(|phone| phone.as_str().to_owned())
            }
            PersonalKind::Name => Name::parse(sent).map(|name| name.as_str().to_owned()),
            PersonalKind::Text => Reason::parse(sent).map(|reason| reason.as_str().to_owned()),
        };
        let text = text.ok_or_else(|| Problem::malformed(wrong(name, kind)))?;
        Ok(Self { name, kind, sent: sent.to_owned(), text })
    }

    fn shaped(&self, sealed: Sealed, index: String) -> Value {
        match self.kind {
            PersonalKind::IndexedPhone => json!(SealedPhone { text: sealed, index }),
            PersonalKind::Phone | PersonalKind::Name | PersonalKind::Text => json!(sealed),
        }
    }
}

fn wrong(name: &str, kind: PersonalKind) -> String {
    match kind {
        PersonalKind::IndexedPhone | PersonalKind::Phone => format!("{name} is no Tanzanian mobile number"),
        PersonalKind::Name => format!("{name} is 1 to 200 printable characters"),
        PersonalKind::Text => format!("{name} is at most 200 printable characters"),
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).map_or('0', |digit| char::from(*digit));
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The id that a command's own id leads to, for things whose absent id must be the same for equal calls.
/// It keeps the time of the command's id and is version 7 too.
pub(crate) fn derived_id(command: Uuid, keys: &Keys) -> Uuid {
    let hash = keys.keyed_hash(&[b"derived id|".as_slice(), command.as_bytes()].concat());
    let mut random = [0; 10];
    random.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    let millis = command.get_timestamp().map_or(0, |at| {
        let (seconds, nanos) = at.to_unix();
        seconds.saturating_mul(1_000).saturating_add(u64::from(nanos / 1_000_000))
    });
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(text: &str) -> Map<String, Value> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn only_present_personal_fields_are_read() {
        assert!(Personal::of("DockDevice", &data(r#"{"phone":"x"}"#)).unwrap().is_none());
        assert!(Personal::of("SuspendCustomer", &data(r#"{"reason":null}"#)).unwrap().is_none());
        let personal = Personal::of("RegisterCustomer", &data(r#"{"phone":"0712345678"}"#)).unwrap().unwrap();
        assert_eq!(personal.fields[0].text, "+255712345678");
    }

    #[test]
    fn what_is_no_phone_or_name_is_malformed() {
        for bad in [r#"{"phone":"12"}"#, r#"{"phone":7}"#, r#"{"phone":"0712345678","name":""}"#] {
            assert_eq!(Personal::of("RegisterCustomer", &data(bad)).unwrap_err().code(), "malformed");
        }
    }

    #[test]
    fn every_personal_field_parses_once_it_is_blanked() {
        let data = data(r#"{"phone":"0712345678","name":"Asha"}"#);
        let blanked = Personal::of("RegisterCustomer", &data).unwrap().unwrap().blanked(&data);
        domain::Command::parse("RegisterCustomer", &blanked.to_string()).unwrap();
    }

    #[test]
    fn a_derived_id_is_the_same_for_the_same_command() {
        let directory = tempfile::tempdir().unwrap();
        let keys = Keys::open_or_create(directory.path()).unwrap();
        let command = Uuid::from_u128(0x0190_1234_5678_7000_8000_0000_0000_0001);
        let derived = derived_id(command, &keys);
        assert_eq!(derived, derived_id(command, &keys));
        assert_ne!(derived, derived_id(Uuid::from_u128(2), &keys));
        assert_eq!((derived.get_version_num(), &derived.as_bytes()[..6]), (7, &command.as_bytes()[..6]));
    }
}
