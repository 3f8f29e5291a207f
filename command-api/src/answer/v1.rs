//! Version 1: `{"events":[type, …],"result":…}` is stored; positions are put in when it is rendered.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::Answer;

/// Members of the envelope, which a result's member of the same name never replaces.
const ENVELOPE: [&str; 5] = ["command_id", "outcome", "position", "events", "result"];

#[derive(Deserialize)]
struct Stored<'a> {
    #[serde(borrow)]
    events: Vec<Cow<'a, str>>,
    #[serde(borrow)]
    result: &'a RawValue,
}

#[derive(Serialize)]
struct Body<'a> {
    command_id: Uuid,
    outcome: &'static str,
    position: i64,
    events: Vec<Recorded<'a>>,
    result: &'a RawValue,
}

#[derive(Serialize)]
struct Flat<'a> {
    #[serde(flatten)]
    body: Body<'a>,
    #[serde(flatten)]
    result: BTreeMap<Cow<'a, str>, &'a RawValue>,
}

#[derive(Serialize)]
struct Recorded<'a> {
    #[serde(rename = "type")]
    kind: Cow<'a, str>,
    position: i64,
}

/// The bytes to store: the types of the events and the result, which is JSON already.
pub(crate) fn store(events: &[&'static str], result: &str) -> Bytes {
    // Event types are plain identifiers, so nothing needs escaping.
    let mut stored = String::with_capacity(result.len().saturating_add(64));
    stored.push_str("{\"events\":[");
    for (index, event) in events.iter().enumerate() {
        stored.push_str(if index == 0 { "\"" } else { ",\"" });
        stored.push_str(event);
        stored.push('"');
    }
    stored.push_str("],\"result\":");
    stored.push_str(result);
    stored.push('}');
    Bytes::from(stored)
}

fn body(answer: &Answer) -> serde_json::Result<Body<'_>> {
    let stored: Stored<'_> = serde_json::from_slice(&answer.stored)?;
    let positions = answer.first.get()..;
    let events = stored
        .events
        .into_iter()
        .zip(positions)
        .map(|(kind, position)| Recorded { kind, position })
        .collect();
    Ok(Body {
        command_id: answer.id,
        outcome: if answer.already_done { "already_done" } else { "recorded" },
        position: answer.position().get(),
        events,
        result: stored.result,
    })
}

pub(super) fn render(answer: &Answer) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&body(answer)?)
}

pub(super) fn render_flat(answer: &Answer) -> serde_json::Result<Vec<u8>> {
    let body = body(answer)?;
    let mut result = members(body.result);
    result.retain(|member, _| !ENVELOPE.contains(&member.as_ref()));
    serde_json::to_vec(&Flat { body, result })
}

pub(super) fn result_text(answer: &Answer, member: &str) -> Option<String> {
    let stored: Stored<'_> = serde_json::from_slice(&answer.stored).ok()?;
    let value = members(stored.result).remove(member)?;
    serde_json::from_str(value.get()).ok()
}

/// A result that is no object has no members.
fn members(result: &RawValue) -> BTreeMap<Cow<'_, str>, &RawValue> {
    serde_json::from_str(result.get()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::Position;

    fn answer(already_done: bool, events: &[&'static str], result: &str) -> Answer {
        Answer {
            id: Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001),
            already_done,
            first: Position::new(1_042),
            count: u32::try_from(events.len()).unwrap(),
            stored: store(events, result),
            version: 1,
            replay: false,
        }
    }

    fn check(name: &str, rendered: Vec<u8>) {
        let path = format!("{}/golden/answer/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(String::from_utf8(rendered).unwrap(), golden.trim_end(), "{path}");
    }

    #[test]
    fn recorded_answers_are_as_they_always_were() {
        let started = answer(
            false,
            &["RentalStarted"],
            r#"{"rental_id":"0190","status":"active","tariff":{"deposit":10000}}"#,
        );
        check("v1-recorded", started.render().unwrap());
        check("v1-recorded-flat", started.render_flat().unwrap());
        let sold = answer(false, &["RentalSold", "ReplacementFeeReversed", "DeviceRecovered"], "{}");
        check("v1-several-events", sold.render().unwrap());
        assert_eq!(sold.position().get(), 1_044);
    }

    #[test]
    fn already_done_answers_are_as_they_always_were() {
        let done = answer(true, &[], "null");
        check("v1-already-done", done.render().unwrap());
        check("v1-already-done-flat", done.render_flat().unwrap());
    }

    #[test]
    fn a_replay_has_the_same_bytes() {
        let first = answer(false, &["RentalStarted"], r#"{"status":"active"}"#);
        assert_eq!(first.as_replay().render().unwrap(), first.render().unwrap());
        assert_eq!(first.result_text("status").as_deref(), Some("active"));
        assert_eq!(first.result_text("absent"), None);
    }
}
