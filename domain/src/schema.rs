//! How the JSON of every event version looks, derived from the types that write and read it.
//!
//! Only in tests: the program never needs a schema, so it is not built from the crate that derives them. The files in
//! `schema/events` are what consumers read; the tests below hold them against the types, and against change.

mod landed;
mod shape;
mod values;

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Value, json};

/// A JSON Schema without its `$id`.
pub(crate) type Described = Value;

/// The schema of one struct of an event, as recorded: closed, and without the nulls that are never written.
pub(crate) fn described<T: JsonSchema>() -> Described {
    let mut settings = SchemaSettings::draft07();
    settings.meta_schema = None;
    let schema = settings.into_generator().into_root_schema_for::<T>();
    let mut value = schema.to_value();
    shape::close(&mut value);
    value
}

/// The whole file of a version.
fn file(event_type: &str, version: i16, described: Described) -> String {
    let mut schema = described;
    let top = schema.as_object_mut().expect("an object");
    top.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
    top.insert("$id".to_owned(), json!(format!("urn:chajipoa:event:{event_type}:{version}")));
    top.insert("title".to_owned(), json!(format!("{event_type} version {version}")));
    format!("{}\n", serde_json::to_string_pretty(&shape::sorted(&schema)).expect("JSON"))
}
