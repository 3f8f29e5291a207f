//! The OpenAPI document as the whole program publishes it: it is complete, and a change of it shows in review.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect has failed"
)]

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Map, Value};

/// Every role that a token can have.
const ROLES: [&str; 9] =
    ["customer", "station", "agent", "support", "finance", "analyst", "admin", "payments", "system"];

fn document() -> Value {
    serde_json::from_str(&query_api::joined(chajipoa::services::documents())).expect("JSON")
}

/// Every operation with its name, `get /health`.
fn operations(document: &Value) -> Vec<(String, &Map<String, Value>)> {
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, item): (&String, &'static str), operations: &mut Vec<_>| {
        if let Some(operation) = paths[path].get(item).and_then(Value::as_object) {
            operations.push((format!("{item} {path}"), operation));
        }
    };
    let mut operations = Vec::new();
    for path in paths.keys() {
        for method in ["get", "put", "post", "delete", "patch"] {
            of_path((path, method), &mut operations);
        }
    }
    assert!(operations.len() > 25, "{}", operations.len());
    operations
}

fn has_example(content: &Value) -> bool {
    content.get("example").is_some() || content.get("examples").is_some()
}

#[test]
fn every_body_has_an_example() {
    let document = document();
    for (name, operation) in operations(&document) {
        let body = operation.get("requestBody").and_then(|body| body["content"].as_object());
        for (kind, content) in body.into_iter().flatten() {
            assert!(has_example(content), "{name}: the request as {kind}");
        }
        for (status, response) in operation["responses"].as_object().unwrap() {
            for (kind, content) in response.get("content").and_then(Value::as_object).into_iter().flatten() {
                assert!(!kind.contains("json") || has_example(content), "{name}: {status} as {kind}");
                assert!(content.get("schema").is_some(), "{name}: {status} as {kind}");
            }
        }
    }
}

#[test]
fn every_operation_says_how_it_can_be_turned_away() {
    let document = document();
    for (name, operation) in operations(&document) {
        let responses = operation["responses"].as_object().unwrap();
        let path = name.split(' ').nth(1).unwrap();
        let counted = ["/api/", "/gbfs/", "/d/"].iter().any(|start| path.starts_with(start));
        if counted && !path.starts_with("/api/v1/monitoring/") {
            for status in ["400", "429", "503"] {
                assert!(responses.contains_key(status), "{name}: {status}");
            }
            assert!(responses["429"]["headers"].get("Retry-After").is_some(), "{name}");
        }
        let secured = operation.get("security").and_then(Value::as_array);
        for requirement in secured.into_iter().flatten() {
            let Some(roles) = requirement.get("bearer").and_then(Value::as_array) else { continue };
            assert!(!roles.is_empty(), "{name}: which roles?");
            assert!(roles.iter().all(|role| ROLES.contains(&role.as_str().unwrap())), "{name}: {roles:?}");
            assert!(responses.contains_key("401"), "{name}: 401");
        }
        if operation.contains_key("requestBody") {
            assert!(responses.contains_key("413"), "{name}: 413");
        }
        for (status, response) in responses {
            if status.starts_with('4') || status.starts_with('5') {
                assert!(response.get("content").is_some(), "{name}: {status} has no shape");
            }
        }
    }
}

#[test]
fn every_operation_has_a_summary_and_a_name_of_its_own() {
    let document = document();
    let mut names = BTreeSet::new();
    for (name, operation) in operations(&document) {
        assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{name}");
        assert!(names.insert(operation["operationId"].as_str().unwrap().to_owned()), "{name}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
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

/// `UPDATE_GOLDEN=1 cargo test -p chajipoa --test openapi` writes the file.
#[test]
fn the_published_document_is_the_one_in_the_repository() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../schema/openapi.json");
    let now = serde_json::to_string_pretty(&document()).unwrap() + "\n";
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, &now).expect("it can be written");
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        kept == now,
        "schema/openapi.json differs; UPDATE_GOLDEN=1 cargo test -p chajipoa --test openapi"
    );
}
