//! What others make of our messages: real ones, that the relay put into a real topic, are read with the CloudEvents SDK for
//! Python and held against the published AsyncAPI document.
//!
//! Without the SDK (no Python, no package index) the test is skipped loudly, and with `CI=true` it fails.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::Event;
use edge::metrics::Metrics;
use ledger::{Envelope, Ledger, Position, cloudevent, migrate::ServiceRole};
use relay::{Relay, RelayConfig};
use serde_json::{Map, Value, json};
use tests::harness::{Kafka, Postgres, Raw, raw_records, wait_until, whole_ledger};
use tokio::sync::oneshot;

use crate::city::City;

const LIMIT: Duration = Duration::from_secs(60);
/// How the script says that the SDK cannot be had.
const NO_SDK: Option<i32> = Some(3);

fn script(argument: &str) -> Command {
    let mut command =
        Command::new(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../scripts/cloudevents.sh"));
    command.arg(argument);
    command
}

/// Whether the SDK is there. With `CI=true` a test that cannot run has failed.
fn is_there() -> bool {
    let fetched = script("fetch").output().expect("the script can be run");
    if fetched.status.success() {
        return true;
    }
    let said = String::from_utf8_lossy(&fetched.stderr).into_owned();
    assert_eq!(fetched.status.code(), NO_SDK, "{said}");
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI=true and no CloudEvents SDK: {said}");
    eprintln!("SKIPPED: no CloudEvents SDK\n{said}");
    false
}

/// What the SDK makes of each message.
fn understood(messages: &[Raw]) -> Vec<Value> {
    let mut sdk = script("parse").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut input = sdk.stdin.take().expect("piped");
    let lines: String = messages
        .iter()
        .map(|raw| {
            let headers: Map<String, Value> = raw
                .headers
                .iter()
                .map(|(name, value)| (name.clone(), json!(STANDARD.encode(value))))
                .collect();
            let (key, value) = (STANDARD.encode(&raw.key), STANDARD.encode(&raw.value));
            format!("{}\n", json!({"key": key, "headers": headers, "value": value}))
        })
        .collect();
    let writing = std::thread::spawn(move || input.write_all(lines.as_bytes()).expect("it listens"));
    let output = sdk.wait_with_output().expect("it ends");
    writing.join().expect("written");
    assert!(output.status.success(), "the SDK refuses a message");
    let said = String::from_utf8(output.stdout).expect("text");
    said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// A topic with a city's life in it, as the relay wrote it, and the same events as the ledger holds them.
async fn told(kafka: &Kafka) -> (Vec<Raw>, Vec<Envelope>, String) {
    let database = Postgres::shared().fresh_database().await;
    let ledger = Ledger::connect(&database.url(ServiceRole::Command), 4).expect("a ledger");
    let mut city = City::found(ledger.clone(), 5).await;
    city.day(700).await;
    city.money(0).await;
    let last = city.flush().await;
    let mut config = RelayConfig::new(database.url(ServiceRole::Relay), kafka.brokers());
    config.topic = kafka.fresh_topic();
    let (topic, brokers) = (config.topic.clone(), kafka.brokers().to_owned());
    let relay = Relay::new(config, &Metrics::new()).expect("a relay");
    let status = relay.status();
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(relay.run(async {
        let _ = stopped.await;
    }));
    wait_until("the relay reaches the end", LIMIT, async || status.snapshot().position >= last).await;
    drop(stop);
    task.await.expect("no panic").expect("a clean end");
    let raw = tokio::task::spawn_blocking(move || raw_records(&brokers, &topic)).await.expect("read");
    let source = ledger.identity().await.expect("known").source();
    (raw, whole_ledger(&ledger).await, source)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cloudevents_sdk_for_python_understands_every_message() {
    let Some(kafka) = Kafka::shared() else { return };
    if !is_there() {
        return;
    }
    let (raw, events, source) = told(&kafka).await;
    let read = tokio::task::spawn_blocking(move || understood(&raw)).await.expect("read");
    assert_eq!(read.len(), events.len());
    for (read, event) in read.iter().zip(&events) {
        let attribute = |name: &str| read["attributes"][name].as_str().unwrap_or_default().to_owned();
        let moment = |name: &str| attribute(name).parse::<chrono::DateTime<chrono::Utc>>().expect("a time");
        assert_eq!(attribute("specversion"), "1.0");
        assert_eq!(attribute("id"), event.id.to_string());
        assert_eq!(attribute("source"), source);
        assert_eq!(attribute("type"), event.event_type);
        let dataschema = format!("urn:chajipoa:event:{}:{}", event.event_type, event.schema_version);
        assert_eq!(attribute("dataschema"), dataschema);
        assert_eq!(attribute("datacontenttype"), "application/json");
        assert_eq!(moment("time"), event.occurred_at);
        assert_eq!(moment("recordedat"), event.recorded_at);
        assert_eq!(attribute("position"), event.position.to_string());
        assert_eq!(attribute("actor"), event.actor);
        assert_eq!(attribute("partitionkey"), cloudevent::key(event));
        assert_eq!(read["data"], serde_json::from_slice::<Value>(&event.payload).expect("JSON"));
    }
}

/// What the document says of one message's headers and payload.
fn documented(document: &Value, name: &str) -> [jsonschema::Validator; 2] {
    ["headers", "payload"].map(|part| {
        let mut schema = document["components"]["messages"][name][part].clone();
        schema["components"] = document["components"].clone();
        jsonschema::draft7::options().should_validate_formats(true).build(&schema).expect("a schema")
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_message_of_the_topic_is_a_documented_one() {
    let Some(kafka) = Kafka::shared() else { return };
    let (raw, events, _) = told(&kafka).await;
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../schema/asyncapi.json");
    let document: Value = serde_json::from_str(&std::fs::read_to_string(file).expect("there")).expect("JSON");
    let mut known = HashMap::new();
    for (raw, event) in raw.iter().zip(&events) {
        let name = format!("{}.v{}", event.event_type, event.schema_version);
        let [headers, payload] = known.entry(name.clone()).or_insert_with(|| documented(&document, &name));
        let written: Map<String, Value> = raw
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), json!(String::from_utf8_lossy(value))))
            .collect();
        headers.validate(&Value::Object(written)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let value = serde_json::from_slice(&raw.value).expect("JSON");
        payload.validate(&value).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    assert_eq!(
        events.last().map(|event| event.position),
        Some(Position::new(i64::try_from(raw.len()).unwrap()))
    );
    assert!(known.len() > 10, "many kinds: {}", known.len());
    assert!(known.len() <= Event::versions().count());
}
