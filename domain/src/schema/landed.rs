//! The published schemas stand: each is that of its type, each has an example, and none changes once it is there.
//!
//! `UPDATE_GOLDEN=1 cargo test -p domain --lib` writes files that are missing, and those in which only words for
//! people changed or a choice got one more word. Anything else is a new version: docs/how-to/add-an-event-version.md.

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde_json::{Map, Value, json};

use super::{file, shape};
use crate::Event;

fn events(path: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../schema/events")).join(path)
}

fn updating() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some()
}

fn name(event_type: &str, version: i16) -> String {
    format!("{event_type}.v{version}")
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Every version, by its name, with the schema that follows from the types of today.
fn fresh() -> BTreeMap<String, String> {
    let all = Event::schemas().into_iter();
    all.map(|(event_type, version, schema)| (name(event_type, version), file(event_type, version, schema)))
        .collect()
}

fn digest(schema: &Value) -> String {
    let fixed = shape::fixed(schema).to_string();
    let digest = ring::digest::digest(&ring::digest::SHA256, fixed.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The digests of what can never change of each version.
fn landed() -> BTreeMap<String, String> {
    let text = fs::read_to_string(events("landed.txt")).unwrap_or_default();
    text.lines()
        .filter_map(|line| line.split_once("  "))
        .map(|(digest, name)| (name.to_owned(), digest.to_owned()))
        .collect()
}

/// Holds one file against its type, and writes it if that is asked for and allowed.
fn settled(name: &str, fresh: &str) -> Result<(), String> {
    let path = events(&format!("{name}.schema.json"));
    let stands = fs::read_to_string(&path).ok();
    if stands.as_deref() == Some(fresh) {
        return Ok(());
    }
    let may = stands.is_none_or(|stands| shape::grows(&parsed(&stands), &parsed(fresh)));
    if !may {
        return Err(format!("{name} has landed and is another now: a change of shape is a new version"));
    }
    if !updating() {
        return Err(format!("{name}: UPDATE_GOLDEN=1 writes it"));
    }
    fs::write(&path, fresh).map_err(|error| format!("{name}: {error}"))
}

#[test]
fn every_version_has_its_schema_and_a_landed_one_never_changes() {
    let mut landed = landed();
    let mut wrong = Vec::new();
    for (name, fresh) in fresh() {
        wrong.extend(settled(&name, &fresh).err());
        let digest = digest(&parsed(&fresh));
        if updating() {
            landed.entry(name.clone()).or_insert_with(|| digest.clone());
        }
        if landed.get(&name) != Some(&digest) {
            wrong.push(format!("{name} is not what schema/events/landed.txt says it landed as"));
        }
    }
    if updating() {
        let lines: String = landed.iter().map(|(name, digest)| format!("{digest}  {name}\n")).collect();
        fs::write(events("landed.txt"), lines).unwrap();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_version_goes_away() {
    let fresh = fresh();
    for name in landed().keys() {
        assert!(fresh.contains_key(name), "{name} has landed and cannot be read any more");
    }
    for entry in fs::read_dir(events("")).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        if let Some(name) = file.strip_suffix(".schema.json") {
            assert!(fresh.contains_key(name), "{file} is of no version that can be read");
        }
    }
}

#[test]
fn every_example_is_of_its_schema_and_a_field_too_many_or_too_few_is_not() {
    for (event_type, version) in Event::versions() {
        let name = name(event_type, version);
        let schema = parsed(&fs::read_to_string(events(&format!("{name}.schema.json"))).unwrap());
        let schema = jsonschema::draft7::options().should_validate_formats(true).build(&schema).unwrap();
        let example = parsed(&fs::read_to_string(events(&format!("examples/{name}.json"))).unwrap());
        if let Err(error) = schema.validate(&example) {
            panic!("{name}: {error}");
        }
        let mut surplus: Map<String, Value> = example.as_object().unwrap().clone();
        surplus.insert("surplus".to_owned(), json!(1));
        assert!(!schema.is_valid(&Value::Object(surplus)), "{name}");
        assert!(!schema.is_valid(&json!({})), "{name}");
    }
}

#[test]
fn what_was_recorded_in_an_older_version_is_read_as_one_of_today() {
    for (event_type, version) in Event::versions() {
        let name = name(event_type, version);
        let example = fs::read_to_string(events(&format!("examples/{name}.json"))).unwrap();
        let read = Event::decode(event_type, version, example.trim_end().as_bytes()).unwrap();
        let today = read.schema_version();
        if version == today {
            continue;
        }
        let path = events(&format!("upcast/{name}.json"));
        let encoded = format!("{}\n", String::from_utf8(read.encode()).unwrap());
        if updating() && !path.exists() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &encoded).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), encoded, "{name} as v{today}");
    }
}

#[test]
fn words_for_people_and_more_words_to_choose_from_are_the_only_changes() {
    let choice = json!({"oneOf": [{"const": "x", "description": "X"}]});
    let old = json!({
        "description": "A", "required": ["a"], "additionalProperties": false,
        "properties": {"a": {"type": "integer", "minimum": 0}, "title": choice},
    });
    let with = |pointer: &str, value: Value| {
        let mut new = old.clone();
        *new.pointer_mut(pointer).unwrap() = value;
        new
    };
    assert!(shape::grows(&old, &with("/description", json!("B"))));
    let more = with("/properties/title/oneOf", json!([{"const": "w"}, {"const": "x"}]));
    assert!(shape::grows(&old, &more));
    assert_eq!(digest(&old), digest(&more));
    assert!(!shape::grows(&more, &old), "a word is gone");
    for (pointer, value) in [
        ("/required", json!([])),
        ("/required", json!(["a", "b"])),
        ("/properties/a/minimum", json!(1)),
        ("/properties/a/type", json!("string")),
        ("/properties/title", json!({"type": "string"})),
        ("/additionalProperties", json!(true)),
        ("/properties", json!({"a": {"type": "integer", "minimum": 0}})),
    ] {
        let changed = with(pointer, value);
        assert!(!shape::grows(&old, &changed), "{pointer}");
        assert_ne!(digest(&old), digest(&changed), "{pointer}");
    }
}
