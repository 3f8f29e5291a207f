//! What of a schema is its shape, and which changes of it leave everything readable.

use std::collections::{BTreeMap, btree_map::Entry};

use serde_json::{Map, Value, json};

/// Words for people, which may be mended.
const DOCS: [&str; 2] = ["description", "title"];
/// Lists of words and of kinds, which may grow.
const CHOICES: [&str; 2] = ["oneOf", "enum"];

/// Closes every object and takes the nulls away that are never written: an absent field is absent.
pub(super) fn close(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            object.values_mut().for_each(close);
            let whole = !["$ref", "allOf", "anyOf", "oneOf"].iter().any(|key| object.contains_key(*key));
            if whole && object.get("properties").is_some_and(Value::is_object) && object.contains_key("type")
            {
                object.insert("additionalProperties".to_owned(), json!(false));
            }
            without_nulls(object);
        }
        Value::Array(all) => all.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn without_nulls(object: &mut Map<String, Value>) {
    let required = object.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for (_, property) in properties.iter_mut().filter(|(name, _)| !required.contains(&json!(name))) {
        let Some(property) = property.as_object_mut() else { continue };
        property.remove("default");
        if let Some(types) = property.get("type").and_then(Value::as_array) {
            let one = types.iter().find(|one| **one != "null").cloned().expect("a type");
            property.insert("type".to_owned(), one);
        }
        if let Some(Value::Array(mut any)) = property.remove("anyOf") {
            any.retain(|one| *one != json!({"type": "null"}));
            property.insert("allOf".to_owned(), Value::Array(any));
        }
    }
}

/// The same with its members in the order of their names.
pub(super) fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let members: BTreeMap<&String, Value> =
                object.iter().map(|(key, one)| (key, sorted(one))).collect();
            Value::Object(members.into_iter().map(|(key, one)| (key.clone(), one)).collect())
        }
        Value::Array(all) => Value::Array(all.iter().map(sorted).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// Whether `new` is `old`, with other words for people, or with more to choose from.
pub(super) fn grows(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            members(new).all(|(key, _)| old.contains_key(key))
                && members(old).all(|(key, old)| new.get(key).is_some_and(|new| member_grows(key, old, new)))
        }
        (Value::Array(old), Value::Array(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| grows(old, new))
        }
        (old, new) => old == new,
    }
}

/// The members that are not words for people. A field may well be called `title`: it is described by an object.
fn members(object: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    object.iter().filter(|(key, value)| !(DOCS.contains(&key.as_str()) && value.is_string()))
}

fn member_grows(key: &str, old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Array(old), Value::Array(new)) if CHOICES.contains(&key) => {
            old.iter().all(|old| new.iter().any(|new| grows(old, new)))
        }
        // What a new choice leads to may come beside what was there.
        (Value::Object(old), Value::Object(new)) if key == "definitions" => {
            old.iter().all(|(name, old)| new.get(name).is_some_and(|new| grows(old, new)))
        }
        (old, new) => grows(old, new),
    }
}

/// What may never change: everything but words for people, choices, and what only they lead to.
pub(super) fn fixed(schema: &Value) -> Value {
    let mut root = schema.clone();
    let definitions = root.as_object_mut().and_then(|root| root.remove("definitions")).unwrap_or(json!({}));
    let root = bare(&root);
    let mut reached = BTreeMap::new();
    let mut waiting = references(&root);
    while let Some(name) = waiting.pop() {
        if let Entry::Vacant(vacant) = reached.entry(name) {
            let one = bare(&definitions[vacant.key()]);
            waiting.extend(references(&one));
            vacant.insert(one);
        }
    }
    sorted(&json!({"schema": root, "definitions": reached}))
}

fn bare(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let kept =
                members(object).filter(|(key, one)| !(CHOICES.contains(&key.as_str()) && one.is_array()));
            Value::Object(kept.map(|(key, one)| (key.clone(), bare(one))).collect())
        }
        Value::Array(all) => Value::Array(all.iter().map(bare).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(object) => object.iter().flat_map(|(key, one)| reference(key, one)).collect(),
        Value::Array(all) => all.iter().flat_map(references).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

fn reference(key: &str, value: &Value) -> Vec<String> {
    let named = value.as_str().and_then(|text| text.strip_prefix("#/definitions/"));
    match named.filter(|_| key == "$ref") {
        Some(name) => vec![name.to_owned()],
        None => references(value),
    }
}
