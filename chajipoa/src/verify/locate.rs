//! Where the sums of a stretch differ: both sides of it are read again, and what only one of them says is named.
//!
//! This is the authority, the sums are the hint: what changed between the two looks because somebody was erased, or the
//! keys were renewed, is not found here and so is no finding.

use std::collections::{BTreeMap, BTreeSet};

use domain::Event;
use tokio_postgres::Client;
use uuid::Uuid;

use super::command::{Block, Blocks};
use super::error::VerifyError;
use super::event_row::EventRow;
use super::events::between;
use super::finding::{Check, Findings};
use super::ground::Ground;
use super::names::{self, Name};
use super::sums::{Kind, STRETCH, Sums};
use super::tables::types;

/// How many stretches of each kind are looked into, the first ones.
const STRETCHES: usize = 4;
/// How far around a stretch events are read: the events of one command are far fewer.
const AROUND: i64 = 128;

/// What is said about a position, or about the positions up to another one, in words.
type Said = (i64, i64, String);

/// Names what differs between the events and the tables.
pub(super) async fn run(
    client: &Client,
    ground: &Ground,
    (events, tables): (&Sums, &Sums),
    findings: &mut Findings,
) -> Result<(), VerifyError> {
    for kind in [Kind::Version, Kind::Command, Kind::Claim] {
        for after in events.differ(tables, kind).into_iter().take(STRETCHES) {
            let until = after.saturating_add(STRETCH).min(ground.last);
            let (check, table) = named(kind);
            let (by_events, blocks) = said_by_events(client, kind, after, until).await?;
            let by_table = said_by_table(client, kind, after, until).await?;
            let (only_events, only_table) = widened(differences(by_events, by_table), blocks);
            for (position, until, said) in only_events {
                let what = format!("the event says {said}, and {table} does not");
                findings.stretch(check, position, until, what);
            }
            for (position, until, said) in only_table {
                let what = format!("{table} says {said}, and the event does not");
                findings.stretch(check, position, until, what);
            }
        }
    }
    Ok(())
}

/// The check and the table of a kind.
pub(super) const fn named(kind: Kind) -> (Check, &'static str) {
    match kind {
        Kind::Version => (Check::StreamVersion, "ledger.stream_version"),
        Kind::Command => (Check::Command, "ledger.command"),
        Kind::Claim => (Check::Claim, "ledger.claim"),
    }
}

/// What only the one says, and what only the other; each as often as it says it more often.
fn differences(mut one: Vec<Said>, mut other: Vec<Said>) -> (Vec<Said>, Vec<Said>) {
    one.sort();
    other.sort();
    let (mut only_one, mut only_other) = (Vec::new(), Vec::new());
    let (mut one, mut other) = (one.into_iter().peekable(), other.into_iter().peekable());
    loop {
        let order = match (one.peek(), other.peek()) {
            (Some(here), Some(there)) => here.cmp(there),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (None, None) => return (only_one, only_other),
        };
        match order {
            std::cmp::Ordering::Less => only_one.extend(one.next()),
            std::cmp::Ordering::Greater => only_other.extend(other.next()),
            std::cmp::Ordering::Equal => {
                let _ = (one.next(), other.next());
            }
        }
    }
}

/// Where both say something of the same beginning, the longer stretch is what is in question, and with the first event
/// of a command all of it: `until` has its last.
fn widened(
    (mut one, mut other): (Vec<Said>, Vec<Said>),
    mut until: BTreeMap<i64, i64>,
) -> (Vec<Said>, Vec<Said>) {
    for (from, to, _) in one.iter().chain(&other) {
        let furthest = until.entry(*from).or_insert(*to);
        *furthest = (*furthest).max(*to);
    }
    for (from, to, _) in one.iter_mut().chain(&mut other) {
        *to = until.get(from).copied().unwrap_or(*to);
    }
    (one, other)
}

async fn said_by_events(
    client: &Client,
    kind: Kind,
    after: i64,
    until: i64,
) -> Result<(Vec<Said>, BTreeMap<i64, i64>), VerifyError> {
    let from = after.saturating_sub(AROUND).max(0);
    let rows = between(client, from, until.saturating_add(AROUND)).await?;
    let (mut said, mut held, mut ends) = (Vec::new(), Vec::new(), BTreeMap::new());
    let mut blocks = Blocks::default();
    let mut unheard = Findings::default();
    for row in rows.iter() {
        let event = EventRow::read(row)?;
        blocks.event(&event, &mut unheard, |block| {
            if kind == Kind::Command {
                said.push(block_said(block));
            }
        });
        let _ = ends.insert(blocks.first(), event.position);
        let streams = event.streams.filter(|_| kind == Kind::Version);
        for stream in streams.iter().flat_map(|streams| streams.as_slice()) {
            said.push(at(event.position, version_said(stream.id, stream.version)));
        }
        if kind == Kind::Claim
            && let Ok(fact) = Event::decode(event.event_type, event.schema_version, event.payload)
        {
            held.extend(names::taken(&fact).map(|name| (blocks.first(), name)));
        }
    }
    said.extend(blocks.last().filter(|_| kind == Kind::Command).map(block_said));
    said.extend(
        still_held(client, held).await?.into_iter().map(|(position, name)| at(position, name.to_string())),
    );
    said.retain(|(position, ..)| *position > after && *position <= until);
    // A version is of one event, whatever its command.
    if kind == Kind::Version {
        ends.clear();
    }
    Ok((said, ends))
}

/// Phones are held as long as the customer's key is there: an erasure destroys both, also one that was applied to a
/// restored backup, of which no event tells.
async fn still_held(client: &Client, held: Vec<(i64, Name)>) -> Result<Vec<(i64, Name)>, VerifyError> {
    let phones: Vec<Uuid> =
        held.iter().filter(|(_, name)| name.is_phone()).map(|(_, name)| name.entity).collect();
    if phones.is_empty() {
        return Ok(held);
    }
    let living = "SELECT person FROM ledger.person_key WHERE person = ANY($1)";
    let rows = client.query(living, &[&phones]).await?;
    let living: BTreeSet<Uuid> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    let mut held = held;
    held.retain(|(_, name)| !name.is_phone() || living.contains(&name.entity));
    Ok(held)
}

async fn said_by_table(
    client: &Client,
    kind: Kind,
    after: i64,
    until: i64,
) -> Result<Vec<Said>, VerifyError> {
    let query = match kind {
        Kind::Version => {
            "SELECT position, stream, version FROM ledger.stream_version WHERE position > $1 AND position <= $2"
        }
        Kind::Command => {
            "SELECT first_position, id, event_count, actor, result FROM ledger.command \
             WHERE outcome = 1 AND event_count > 0 AND first_position > $1 AND first_position <= $2"
        }
        Kind::Claim => {
            "SELECT position, kind, value, entity FROM ledger.claim WHERE position > $1 AND position <= $2"
        }
    };
    let mut said = Vec::new();
    for row in client.query(query, &[&after, &until]).await? {
        let position = row.try_get(0)?;
        match kind {
            Kind::Version => said.push(at(position, version_said(row.try_get(1)?, row.try_get(2)?))),
            Kind::Command => {
                let block = Block {
                    id: row.try_get(1)?,
                    first: position,
                    count: row.try_get(2)?,
                    actor: row.try_get::<_, String>(3)?.into_bytes(),
                    types: types(row.try_get(4)?).unwrap_or_default().to_vec(),
                };
                said.push(block_said(&block));
            }
            Kind::Claim => {
                let name = Name::stored(row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
                said.extend(name.map(|name| at(position, name.to_string())));
            }
        }
    }
    Ok(said)
}

const fn at(position: i64, said: String) -> Said {
    (position, position, said)
}

fn version_said(stream: Uuid, version: i64) -> String {
    format!("version {version} of stream {stream}")
}

fn block_said(block: &Block) -> Said {
    let (actor, types) = (String::from_utf8_lossy(&block.actor), String::from_utf8_lossy(&block.types));
    let last = block.first.saturating_add(i64::from(block.count)).saturating_sub(1);
    (block.first, last, format!("command {} of {actor} with {} events: {types}", block.id, block.count))
}

/// Customers that were erased hold no phone any more: what the events said of them is taken back. Where they were
/// registered is looked up.
pub(super) async fn take_back_erased(
    client: &Client,
    erased: &[Uuid],
    sums: &mut Sums,
) -> Result<(), VerifyError> {
    let registered =
        "SELECT stream, position FROM ledger.stream_version WHERE stream = ANY($1) AND version = 1";
    for some in erased.chunks(5_000) {
        for row in client.query(registered, &[&some]).await? {
            let (customer, position): (Uuid, i64) = (row.try_get(0)?, row.try_get(1)?);
            sums.remove(Kind::Claim, position, Name::phone(customer));
        }
    }
    Ok(())
}

/// Rows that name positions beyond the last: there is no event that they could be of.
pub(super) async fn beyond(
    client: &Client,
    furthest: [i64; 3],
    findings: &mut Findings,
) -> Result<(), VerifyError> {
    let last = super::ground::last(client).await?;
    let kinds = [
        (Kind::Version, "SELECT min(position) FROM ledger.stream_version WHERE position > $1"),
        (Kind::Command, "SELECT min(first_position) FROM ledger.command WHERE first_position > $1"),
        (Kind::Claim, "SELECT min(position) FROM ledger.claim WHERE position > $1"),
    ];
    for ((kind, query), furthest) in kinds.into_iter().zip(furthest) {
        if furthest <= last {
            continue;
        }
        if let Some(position) = client.query_one(query, &[&last]).await?.try_get(0)? {
            let (check, table) = named(kind);
            let what = format!("{table} names this position, and the ledger ends at {last}");
            findings.add(check, position, what);
        }
    }
    Ok(())
}
