//! I1: what was acknowledged is in the ledger, byte for byte. I2: what was refused is not, and nothing is there that
//! nobody sent. I3: one id, one effect, one answer.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::evidence::{Evidence, StoredCommand};
use super::journal::{Journal, Said};
use super::{Findings, Violation};

const RECORDED: i16 = 1;

/// Checks I1, I2 and I3.
#[must_use]
pub fn check(evidence: &Evidence, journal: &Journal) -> Vec<Violation> {
    let mut found = Findings::default();
    for said in journal.0.iter().filter(|said| said.acknowledged()) {
        acknowledged(evidence, said, &mut found);
    }
    refused(evidence, journal, &mut found);
    one_answer(journal, &mut found);
    one_effect(evidence, &mut found);
    found.0
}

/// The answer is exactly what the stored command renders to, and its events are there.
fn acknowledged(evidence: &Evidence, said: &Said, found: &mut Findings) {
    let Some(stored) = evidence.commands.get(&said.command_id) else {
        let position = position_of(&said.answer);
        return found.add(
            "I1",
            position,
            format!("command {} was acknowledged and is gone", said.command_id),
        );
    };
    let at = stored.first_position;
    found.unless(stored.actor == said.actor, "I1", at, || {
        format!("command {} of {} is recorded for {}", said.command_id, said.actor, stored.actor)
    });
    match rendered(said.command_id, stored) {
        // A path of its own repeats the result's members behind the same bytes.
        Some(body) => {
            let same = body.strip_suffix('}').is_some_and(|body| said.answer.starts_with(body));
            found.unless(same, "I1", at, || {
                format!("command {} was answered {} and is stored as {body}", said.command_id, said.answer)
            });
        }
        None => found.add("I1", Some(at), format!("the answer of {} is damaged", said.command_id)),
    }
    for (position, event_type) in events_of(&said.answer) {
        let there = event_at(evidence, position).is_some_and(|event| {
            event.command_id == said.command_id && event.event_type == event_type && event.actor == said.actor
        });
        found.unless(there, "I1", position, || {
            format!("{event_type} of command {} was acknowledged and is not there", said.command_id)
        });
    }
}

fn event_at(evidence: &Evidence, position: i64) -> Option<&super::Event> {
    let found = evidence.events.binary_search_by_key(&position, |event| event.position).ok()?;
    evidence.events.get(found)
}

#[derive(Deserialize)]
struct Stored<'a> {
    events: Vec<String>,
    #[serde(borrow)]
    result: &'a RawValue,
}

#[derive(Serialize)]
struct Body<'a> {
    command_id: Uuid,
    outcome: &'static str,
    position: i64,
    events: Vec<EventBody>,
    result: &'a RawValue,
}

#[derive(Serialize)]
struct EventBody {
    r#type: String,
    position: i64,
}

/// The answer as INTERFACES.md describes it, from the stored row.
fn rendered(id: Uuid, stored: &StoredCommand) -> Option<String> {
    let Stored { events, result } = serde_json::from_slice(&stored.result).ok()?;
    let body = Body {
        command_id: id,
        outcome: if stored.outcome == RECORDED { "recorded" } else { "already_done" },
        position: stored.first_position.saturating_add(stored.event_count.max(1)).saturating_sub(1),
        events: (stored.first_position..)
            .zip(events)
            .map(|(position, r#type)| EventBody { r#type, position })
            .collect(),
        result,
    };
    serde_json::to_string(&body).ok()
}

#[derive(Deserialize)]
struct Answered {
    position: i64,
    #[serde(default)]
    events: Vec<AnsweredEvent>,
}

#[derive(Deserialize)]
struct AnsweredEvent {
    r#type: String,
    position: i64,
}

fn position_of(answer: &str) -> Option<i64> {
    serde_json::from_str::<Answered>(answer).ok().map(|answered| answered.position)
}

fn events_of(answer: &str) -> Vec<(i64, String)> {
    let answered: Option<Answered> = serde_json::from_str(answer).ok();
    let events = answered.map(|answered| answered.events).unwrap_or_default();
    events.into_iter().map(|event| (event.position, event.r#type)).collect()
}

/// What was only ever refused has left nothing.
fn refused(evidence: &Evidence, journal: &Journal, found: &mut Findings) {
    let acknowledged: BTreeSet<Uuid> =
        journal.0.iter().filter(|said| said.acknowledged()).map(|said| said.command_id).collect();
    for said in journal.0.iter().filter(|said| said.refused()) {
        if acknowledged.contains(&said.command_id) {
            continue;
        }
        if let Some(stored) = evidence.commands.get(&said.command_id) {
            let what = format!("command {} was refused ({}) and is recorded", said.command_id, said.status);
            found.add("I2", Some(stored.first_position), what);
        }
    }
}

/// Every acknowledgement of one body under one id is the same bytes.
fn one_answer(journal: &Journal, found: &mut Findings) {
    let mut first: BTreeMap<Uuid, &Said> = BTreeMap::new();
    for said in journal.0.iter().filter(|said| said.acknowledged()) {
        let before = *first.entry(said.command_id).or_insert(said);
        let what = if before.sent != said.sent || before.actor != said.actor {
            "another body under its id was acknowledged"
        } else if before.answer != said.answer || before.status != said.status {
            "it was answered in two ways"
        } else {
            continue;
        };
        found.add("I3", position_of(&said.answer), format!("command {}: {what}", said.command_id));
    }
}

/// The events of a command are one block, as long as its row says, and no other events name it.
fn one_effect(evidence: &Evidence, found: &mut Findings) {
    let mut counted: BTreeMap<Uuid, i64> = BTreeMap::new();
    for event in &evidence.events {
        let count = counted.entry(event.command_id).or_default();
        let Some(stored) = evidence.commands.get(&event.command_id) else {
            let what = format!("{} of command {}, which nobody sent", event.event_type, event.command_id);
            found.add("I2", Some(event.position), what);
            continue;
        };
        let expected = stored.first_position.saturating_add(*count);
        found.unless(event.position == expected && *count < stored.event_count, "I3", event.position, || {
            format!("command {} has an effect that its row does not know", event.command_id)
        });
        *count = count.saturating_add(1);
    }
    for (id, stored) in &evidence.commands {
        let count = counted.get(id).copied().unwrap_or_default();
        found.unless(count == stored.event_count, "I3", stored.first_position, || {
            format!("command {id} has {count} events and should have {}", stored.event_count)
        });
    }
}
