//! The published AsyncAPI document: it describes exactly the messages that the topics carry, and it is valid.
//!
//! `UPDATE_GOLDEN=1 cargo test -p chajipoa --test asyncapi` writes it, from the schemas of the events and from the headers
//! that the relay really writes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect has failed"
)]

mod document;

use std::path::PathBuf;

use bytes::Bytes;
use domain::{Event, StreamKind};
use ledger::{Envelope, LedgerIdentity, Position, StreamRef, cloudevent};
use serde_json::{Map, Value, json};
use uuid::Uuid;

fn schema(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../schema").join(path)
}

fn read(path: &str) -> String {
    std::fs::read_to_string(schema(path)).unwrap_or_else(|error| panic!("schema/{path}: {error}"))
}

fn parsed(path: &str) -> Value {
    serde_json::from_str(&read(path)).unwrap()
}

/// What one message of the document says of headers or payload, with everything that it refers to.
fn part(document: &Value, message: &str, part: &str) -> jsonschema::Validator {
    let mut schema = document["components"]["messages"][message][part].clone();
    schema["components"] = document["components"].clone();
    jsonschema::draft7::options().should_validate_formats(true).build(&schema).unwrap()
}

#[test]
fn the_published_document_is_the_one_in_the_repository() {
    let now = serde_json::to_string_pretty(&document::made()).unwrap() + "\n";
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(schema("asyncapi.json"), &now).unwrap();
    }
    let kept = std::fs::read_to_string(schema("asyncapi.json")).unwrap_or_default();
    assert!(
        kept == now,
        "schema/asyncapi.json differs; UPDATE_GOLDEN=1 cargo test -p chajipoa --test asyncapi"
    );
}

#[test]
fn the_document_is_of_asyncapi_3() {
    let valid = jsonschema::draft7::new(&parsed("asyncapi/asyncapi-3.0.0.schema.json")).unwrap();
    let document = parsed("asyncapi.json");
    let errors: Vec<String> =
        valid.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    let mut other = document;
    other["channels"]["ledger"]["address"] = json!(1);
    assert!(!valid.is_valid(&other), "the schema says no to something");
}

#[test]
fn every_reference_leads_somewhere() {
    let document = parsed("asyncapi.json");
    let mut waiting = vec![&document];
    while let Some(value) = waiting.pop() {
        match value {
            Value::Object(object) => {
                if let Some(to) = object.get("$ref").and_then(Value::as_str) {
                    assert!(document.pointer(to.trim_start_matches('#')).is_some(), "{to}");
                }
                waiting.extend(object.values());
            }
            Value::Array(items) => waiting.extend(items),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

/// An event of that type and version, with or without everything that may be absent.
fn envelope(event_type: &str, version: i16, full: bool) -> Envelope {
    let moment = "2026-03-02T06:00:00Z".parse().unwrap();
    let id = Uuid::from_u128(7);
    let kinds: &[StreamKind] =
        if full { &[StreamKind::Rental, StreamKind::Customer] } else { &[StreamKind::Tariff] };
    Envelope {
        position: Position::new(42),
        id,
        event_type: event_type.to_owned(),
        schema_version: version,
        streams: kinds
            .iter()
            .map(|kind| StreamRef { kind: kind.as_str().parse().unwrap(), id, version: 3 })
            .collect(),
        occurred_at: moment,
        recorded_at: moment,
        command_id: id,
        actor: format!("admin:{id}"),
        causation_id: full.then_some(id),
        correlation_id: full.then_some(id),
        traceparent: full.then(|| "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
        payload: Bytes::from_static(b"{}"),
    }
}

#[test]
fn the_headers_that_the_relay_writes_are_the_documented_ones() {
    let document = parsed("asyncapi.json");
    let identity = LedgerIdentity { ledger_id: Uuid::from_u128(1), epoch: 1 };
    for (event_type, version) in Event::versions() {
        let headers = part(&document, &format!("{event_type}.v{version}"), "headers");
        for full in [true, false] {
            let written = cloudevent::headers(&identity, &envelope(event_type, version, full));
            let mut written: Map<String, Value> =
                written.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
            if let Err(error) = headers.validate(&Value::Object(written.clone())) {
                panic!("{event_type} {error} {written:?}");
            }
            written.insert("ce_type".to_owned(), json!("Another"));
            assert!(!headers.is_valid(&Value::Object(written)), "{event_type}");
        }
    }
}

#[test]
fn the_example_of_every_version_is_of_its_documented_payload() {
    let document = parsed("asyncapi.json");
    for (event_type, version) in Event::versions() {
        let name = format!("{event_type}.v{version}");
        let payload = part(&document, &name, "payload");
        let example = parsed(&format!("events/examples/{name}.json"));
        if let Err(error) = payload.validate(&example) {
            panic!("{name}: {error}");
        }
        assert!(!payload.is_valid(&json!({})), "{name}");
    }
}
