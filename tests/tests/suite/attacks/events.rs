//! Attacks on the events themselves: one column of one event, its place, its existence.

use serde_json::Value;

use super::attack::{Attack, Dice, Kind};
use super::scene::{Event, Ground};

pub(crate) const KINDS: &[(&str, Kind)] = &[
    ("event: another id", |ground, dice| {
        let id = dice.id();
        set(ground, dice, &format!("id = '{id}'"))
    }),
    ("event: another command", |ground, dice| {
        let id = dice.id();
        set(ground, dice, &format!("command_id = '{id}'"))
    }),
    ("event: the command of another event", |ground, dice| {
        let event = dice.one(&ground.events)?;
        let other = dice.one(&ground.events).filter(|other| other.command_id != event.command_id)?;
        alter(event, &format!("command_id = '{}'", other.command_id))
    }),
    ("event: another cause", |ground, dice| {
        let id = dice.id();
        set(ground, dice, &format!("causation_id = '{id}'"))
    }),
    ("event: another correlation", |ground, dice| {
        let id = dice.id();
        set(ground, dice, &format!("correlation_id = '{id}'"))
    }),
    ("event: it happened at another time", |ground, dice| {
        let micros = dice.number(1, 90_000_000_000) * [1, -1][usize::from(dice.number(0, 1) == 1)];
        set(ground, dice, &format!("occurred_at = occurred_at + {micros} * interval '1 microsecond'"))
    }),
    ("event: recorded a moment later", |ground, dice| recorded(ground, dice, 1, 1_000)),
    ("event: recorded a moment earlier", |ground, dice| recorded(ground, dice, -1_000, -1)),
    ("event: recorded hours earlier", |ground, dice| recorded(ground, dice, -20_000_000_000, -3_600_000_000)),
    ("event: recorded hours later", |ground, dice| recorded(ground, dice, 3_600_000_000, 20_000_000_000)),
    ("event: recorded at no time", |ground, dice| {
        let end = ["infinity", "-infinity"][usize::from(dice.number(0, 1) == 1)];
        set(ground, dice, &format!("recorded_at = '{end}'"))
    }),
    ("event: another version of its schema", |ground, dice| {
        let by = dice.number(1, 99);
        set(ground, dice, &format!("schema_version = schema_version + {by}"))
    }),
    ("event: another type", |ground, dice| {
        let event = dice.one(&ground.events)?;
        let other = dice.other(domain::Event::TYPES, &event.event_type.as_str())?;
        alter(event, &format!("type = '{other}'"))
    }),
    ("event: a type that there is not", |ground, dice| set(ground, dice, "type = type || 'd'")),
    ("event: another sender", |ground, dice| {
        let id = dice.id();
        set(ground, dice, &format!("actor = 'admin:{id}'"))
    }),
    ("event: the sender's role", |ground, dice| {
        let event = dice.one(&ground.events)?;
        let (role, subject) = event.actor.split_once(':')?;
        let other = dice.other(&["admin", "support", "finance", "system", "customer"], &role)?;
        alter(event, &format!("actor = '{other}:{subject}'"))
    }),
    ("event: a stream of another kind", |ground, dice| {
        let event = dice.one(&ground.events)?;
        let place = dice.number(1, i64::try_from(event.streams.len()).unwrap());
        let kind = i16::try_from(dice.number(1, 15)).unwrap();
        let before = event.streams[usize::try_from(place - 1).unwrap()].0;
        (kind != before).then(|| alter(event, &format!("stream_kinds[{place}] = {kind}")))?
    }),
    ("event: another stream", |ground, dice| {
        let event = dice.one(&ground.events)?;
        let place = dice.number(1, i64::try_from(event.streams.len()).unwrap());
        alter(event, &format!("stream_ids[{place}] = '{}'", dice.id()))
    }),
    ("event: the stream of another event", |ground, dice| {
        let event = dice.one(&ground.events)?;
        let place = dice.number(1, i64::try_from(event.streams.len()).unwrap());
        let other = dice.one(&dice_free(ground, event))?.streams.first()?.1;
        alter(event, &format!("stream_ids[{place}] = '{other}'"))
    }),
    ("event: another version of a stream", |ground, dice| {
        let event = dice.one(&ground.events)?;
        let place = dice.number(1, i64::try_from(event.streams.len()).unwrap());
        let by = dice.number(1, 3) * [1, -1][usize::from(dice.number(0, 1) == 1)];
        alter(event, &format!("stream_versions[{place}] = stream_versions[{place}] + {by}"))
    }),
    ("event: one stream less", |ground, dice| {
        let event = dice.one(&ground.events).filter(|event| event.streams.len() > 1)?;
        let end = event.streams.len() - 1;
        let shorter =
            ["stream_kinds", "stream_ids", "stream_versions"].map(|c| format!("{c} = {c}[1:{end}]"));
        alter(event, &shorter.join(", "))
    }),
    ("event: one version of a stream less", |ground, dice| {
        let event = dice.one(&ground.events).filter(|event| event.streams.len() > 1)?;
        alter(event, &format!("stream_versions = stream_versions[1:{}]", event.streams.len() - 1))
    }),
    ("event: no stream", |ground, dice| {
        set(ground, dice, "stream_kinds = '{}', stream_ids = '{}', stream_versions = '{}'")
    }),
    ("event: its streams in another order", |ground, dice| {
        let event = dice.one(&ground.events).filter(|event| event.streams.len() > 1)?;
        let turned = ["stream_kinds", "stream_ids", "stream_versions"]
            .map(|column| format!("{column} = {column}[2:] || {column}[1]"));
        alter(event, &turned.join(", "))
    }),
    ("event: a trace", |ground, dice| {
        let (trace, span) = (dice.id().simple(), dice.next());
        set(ground, dice, &format!("traceparent = '00-{trace}-{span:016x}-01'"))
    }),
    ("event: no trace, or an empty one", |ground, dice| {
        set(ground, dice, "traceparent = CASE WHEN traceparent IS NULL THEN '' END")
    }),
    ("event: one bit of its payload", |ground, dice| {
        let event = dice.one(&ground.events)?;
        let mut payload = event.payload.clone();
        let place = usize::try_from(dice.number(0, i64::try_from(payload.len()).unwrap() - 1)).unwrap();
        payload[place] ^= 1 << dice.number(0, 7);
        alter(event, &format!("payload = '\\x{}'", hex::encode(payload)))
    }),
    ("event: a byte more", |ground, dice| set(ground, dice, "payload = payload || '\\x20'::bytea")),
    ("event: a byte less", |ground, dice| {
        set(ground, dice, "payload = substr(payload, 1, octet_length(payload) - 1)")
    }),
    ("event: no payload", |ground, dice| set(ground, dice, "payload = ''")),
    ("event: the same payload with its members sorted or spaced", |ground, dice| {
        let event = dice.one(&ground.events)?;
        let value: Value = serde_json::from_slice(&event.payload).ok()?;
        let written = match dice.number(0, 2) {
            0 => serde_json::to_string_pretty(&value).unwrap(),
            1 => value.to_string(),
            _ => String::from_utf8(event.payload.clone()).ok()?.replace(':', ": "),
        };
        let differs = written.as_bytes() != event.payload;
        differs.then(|| alter(event, &format!("payload = '\\x{}'", hex::encode(written))))?
    }),
    ("event: the same payload with another escape", |ground, dice| {
        let event = dice.one(&ground.events)?;
        let text = String::from_utf8(event.payload.clone()).ok()?;
        let written = text.replacen("_id\"", "_\\u0069d\"", 1);
        (written != text).then(|| alter(event, &format!("payload = '\\x{}'", hex::encode(written))))?
    }),
    ("event: a number of its payload", |ground, dice| {
        let event = dice.one(&ground.events)?;
        let text = String::from_utf8(event.payload.clone()).ok()?;
        let digits: Vec<usize> = text
            .char_indices()
            .filter(|(place, c)| c.is_ascii_digit() && text[..*place].ends_with(':'))
            .map(|(place, _)| place)
            .collect();
        let place = *dice.one(&digits)?;
        let other = dice.number(1, 9).to_string();
        let mut written = text.clone();
        written.replace_range(place..=place, &other);
        (written != text).then(|| alter(event, &format!("payload = '\\x{}'", hex::encode(written))))?
    }),
    ("event: an id of its payload", |ground, dice| {
        let event = dice.one(&ground.events)?;
        let text = String::from_utf8(event.payload.clone()).ok()?;
        let id = event.streams.first()?.1.to_string();
        let written = text.replace(&id, &dice.id().to_string());
        (written != text).then(|| alter(event, &format!("payload = '\\x{}'", hex::encode(written))))?
    }),
    ("event: the payload of another one", |ground, dice| {
        let event = dice.one(&ground.events)?;
        let other = dice.one(&ground.events).filter(|other| other.payload != event.payload)?;
        alter(event, &format!("payload = '\\x{}'", hex::encode(&other.payload)))
    }),
    ("event: moved behind the last", |ground, dice| {
        let event = dice.one(&ground.events)?;
        let to = ground.last + dice.number(1, 20_000);
        alter(event, &format!("position = {to}"))
    }),
    ("events: two swapped", |ground, dice| {
        let (one, other) = two(ground, dice)?;
        Attack::at(one.min(other), swapped(one, other))
    }),
    ("events: neighbours swapped", |ground, dice| {
        let one = dice.number(1, ground.last - 1);
        Attack::at(one, swapped(one, one + 1))
    }),
    ("events: three moved in a ring", |ground, dice| {
        let (one, other) = two(ground, dice)?;
        let third = dice.number(1, ground.last);
        let three = third != one && third != other;
        three.then(|| {
            let sql = [swapped(one, other), swapped(other, third)].concat();
            Attack::at(one.min(other).min(third), sql)
        })?
    }),
    ("events: the payloads of two swapped", |ground, dice| {
        let (one, other) = two(ground, dice)?;
        let (a, b) = (ground.event(one)?, ground.event(other)?);
        (a.payload != b.payload).then(|| {
            let put = |event: &Event, payload: &[u8]| {
                let payload = hex::encode(payload);
                format!(
                    "UPDATE ledger.event SET payload = '\\x{payload}' WHERE position = {};",
                    event.position
                )
            };
            Attack::at(one.min(other), [put(a, &b.payload), put(b, &a.payload)].concat())
        })?
    }),
    ("event: removed", |ground, dice| {
        let at = dice.number(1, ground.last);
        Attack::at(at, format!("DELETE FROM ledger.event WHERE position = {at}"))
    }),
    ("events: some removed", |ground, dice| {
        let at = dice.number(1, ground.last);
        let until = at + dice.number(1, 30);
        Attack::at(at, format!("DELETE FROM ledger.event WHERE position BETWEEN {at} AND {until}"))
    }),
    ("events: the end cut off", |ground, dice| {
        let at = ground.last - dice.number(0, 40);
        Attack::at(at, format!("DELETE FROM ledger.event WHERE position >= {at}"))
    }),
    ("events: all removed", |_, _| Attack::at(1, "DELETE FROM ledger.event")),
    ("event: another one's copy in its place", |ground, dice| {
        let (one, other) = two(ground, dice)?;
        let sql = format!("DELETE FROM ledger.event WHERE position = {one}; {}", copied(other, one));
        Attack::at(one, sql)
    }),
    ("event: a copy of one behind the last", |ground, dice| {
        let one = dice.number(1, ground.last);
        let to = ground.last + 1;
        Attack::at(to, copied(one, to))
    }),
    ("event: a second one at its position", |ground, dice| {
        let at = dice.number(1, ground.last);
        let sql = format!("ALTER TABLE ledger.event DROP CONSTRAINT event_pk; {}", copied(at, at));
        Attack::at(at, sql)
    }),
];

/// Alters columns of an event that was drawn.
fn set(ground: &Ground, dice: &mut Dice, columns: &str) -> Option<Attack> {
    alter(dice.one(&ground.events)?, columns)
}

fn alter(event: &Event, columns: &str) -> Option<Attack> {
    let at = event.position;
    Attack::at(at, format!("UPDATE ledger.event SET {columns} WHERE position = {at}"))
}

fn recorded(ground: &Ground, dice: &mut Dice, from: i64, to: i64) -> Option<Attack> {
    let micros = dice.number(from, to);
    set(ground, dice, &format!("recorded_at = recorded_at + {micros} * interval '1 microsecond'"))
}

/// Events that share no stream with this one.
fn dice_free(ground: &Ground, event: &Event) -> Vec<Event> {
    let strange = |other: &&Event| {
        !other.streams.iter().any(|stream| event.streams.iter().any(|own| own.1 == stream.1))
    };
    ground.events.iter().filter(strange).cloned().collect()
}

/// Two positions.
pub(super) fn two(ground: &Ground, dice: &mut Dice) -> Option<(i64, i64)> {
    let (one, other) = (dice.number(1, ground.last), dice.number(1, ground.last));
    (one != other).then_some((one, other))
}

pub(super) fn swapped(one: i64, other: i64) -> String {
    let aside = 9_000_000;
    format!(
        "UPDATE ledger.event SET position = {aside} WHERE position = {one};
         UPDATE ledger.event SET position = {one} WHERE position = {other};
         UPDATE ledger.event SET position = {other} WHERE position = {aside};"
    )
}

pub(super) const COLUMNS: &str = "id, command_id, causation_id, correlation_id, occurred_at, recorded_at, \
     schema_version, type, actor, stream_kinds, stream_ids, stream_versions, traceparent, payload";

fn copied(from: i64, to: i64) -> String {
    format!(
        "INSERT INTO ledger.event (position, {COLUMNS}) SELECT {to}, {COLUMNS} FROM ledger.event WHERE position = {from};"
    )
}
