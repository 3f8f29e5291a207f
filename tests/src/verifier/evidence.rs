//! What a system left behind, as read from Postgres and Kafka: rows, nothing that was computed.
//!
//! The ledger is read with statements of its own, so that a reader of the services that skips or repairs something
//! does not do so here.

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use ledger::Envelope;
use tokio_postgres::{Client, Row};
use uuid::Uuid;

/// Events read by one statement.
const PAGE: i64 = 5_000;

/// Why the evidence cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Postgres fails.
    #[error("Postgres cannot be read")]
    Postgres(#[from] tokio_postgres::Error),
}

/// An event as stored, or as Kafka carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the envelope's field of that name")]
pub struct Event {
    pub position: i64,
    pub id: Uuid,
    pub command_id: Uuid,
    pub event_type: String,
    pub schema_version: i16,
    pub actor: String,
    /// The kinds of its streams.
    pub kinds: Vec<i16>,
    /// Each stream with the version that this event gave it.
    pub streams: Vec<(Uuid, i64)>,
    pub occurred_at: DateTime<Utc>,
    pub recorded_at: DateTime<Utc>,
    pub causation_id: Option<Uuid>,
    pub correlation_id: Option<Uuid>,
    pub traceparent: Option<String>,
    pub payload: Bytes,
}

/// A command as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the column of that name")]
pub struct StoredCommand {
    pub first_position: i64,
    pub event_count: i64,
    /// 1 recorded, 2 already done.
    pub outcome: i16,
    pub actor: String,
    pub result: Vec<u8>,
}

/// A signed checkpoint as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the column of that name")]
pub struct Checkpoint {
    pub epoch: i32,
    pub size: i64,
    pub root: Vec<u8>,
    pub note: String,
}

/// A record of the topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// `ce_source`.
    pub source: String,
    /// The event that it carries.
    pub event: Event,
}

/// A line of the journal of the read model `billing`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the column of that name")]
pub struct JournalLine {
    pub position: i64,
    pub debit: i16,
    pub credit: i16,
    pub amount: i64,
}

/// The rows of the read models, all of one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadModels {
    /// Where `billing` stands.
    pub billing_position: i64,
    /// Balance and debt by customer.
    pub balances: BTreeMap<Uuid, (i64, i64)>,
    /// The journal, by position and line.
    pub journal: Vec<JournalLine>,
    /// Debit and credit by account.
    pub accounts: BTreeMap<i16, (i64, i64)>,
    /// Where `rentals` stands.
    pub rentals_position: i64,
    /// Customer, device and status by rental.
    pub rentals: BTreeMap<Uuid, (Uuid, Uuid, String)>,
}

/// Everything that is checked.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// The ledger's source, as every record of its topic names it.
    pub source: String,
    /// The events, by position.
    pub events: Vec<Event>,
    /// The position of each version of each stream.
    pub versions: BTreeMap<(Uuid, i64), i64>,
    /// The commands.
    pub commands: BTreeMap<Uuid, StoredCommand>,
    /// The signed checkpoints.
    pub checkpoints: Vec<Checkpoint>,
    /// The read models, if they are to be checked.
    pub models: Option<ReadModels>,
    /// The topic by offset, if it is to be checked.
    pub records: Option<Vec<Record>>,
}

impl Evidence {
    /// Reads the ledger and the read models through this connection; its login must be allowed to read both.
    ///
    /// # Errors
    /// Postgres fails.
    pub async fn read(client: &Client) -> Result<Self, Unreadable> {
        client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await?;
        let head = client.query_one("SELECT ledger_id, epoch FROM ledger.ledger_head", &[]).await?;
        let (ledger_id, epoch): (Uuid, i32) = (head.try_get(0)?, head.try_get(1)?);
        let source = format!("/chajipoa/{ledger_id}/{epoch}");
        let events = events(client).await?;
        let versions = versions(client).await?;
        let commands = commands(client).await?;
        let checkpoints = checkpoints(client).await?;
        let models = Some(read_models(client).await?);
        client.batch_execute("COMMIT").await?;
        Ok(Self { source, events, versions, commands, checkpoints, models, records: None })
    }

    /// The same with what a topic holds.
    #[must_use]
    pub fn with_records(self, records: Vec<(String, Envelope)>) -> Self {
        let records = records.into_iter().map(|(source, event)| Record { source, event: event.into() });
        Self { records: Some(records.collect()), ..self }
    }
}

impl From<Envelope> for Event {
    fn from(envelope: Envelope) -> Self {
        Self {
            position: envelope.position.get(),
            id: envelope.id,
            command_id: envelope.command_id,
            event_type: envelope.event_type,
            schema_version: envelope.schema_version,
            actor: envelope.actor,
            kinds: envelope.streams.iter().map(|stream| stream.kind.code()).collect(),
            streams: envelope.streams.iter().map(|stream| (stream.id, stream.version)).collect(),
            occurred_at: envelope.occurred_at,
            recorded_at: envelope.recorded_at,
            causation_id: envelope.causation_id,
            correlation_id: envelope.correlation_id,
            traceparent: envelope.traceparent,
            payload: envelope.payload,
        }
    }
}

/// In the order of positions, whatever is missing or stands twice.
async fn events(client: &Client) -> Result<Vec<Event>, Unreadable> {
    let page = "SELECT position, id, command_id, type, schema_version, actor, stream_ids, stream_versions, \
                occurred_at, recorded_at, payload, stream_kinds, causation_id, correlation_id, traceparent \
                FROM ledger.event \
                WHERE position > $1 ORDER BY position LIMIT $2";
    let page = client.prepare(page).await?;
    let mut events: Vec<Event> = Vec::new();
    loop {
        let after = events.last().map_or(0, |event| event.position);
        let rows = client.query(&page, &[&after, &PAGE]).await?;
        if rows.is_empty() {
            return Ok(events);
        }
        for row in &rows {
            events.push(event(row)?);
        }
    }
}

fn event(row: &Row) -> Result<Event, Unreadable> {
    let ids: Vec<Uuid> = row.try_get(6)?;
    let versions: Vec<i64> = row.try_get(7)?;
    let payload: Vec<u8> = row.try_get(10)?;
    Ok(Event {
        position: row.try_get(0)?,
        id: row.try_get(1)?,
        command_id: row.try_get(2)?,
        event_type: row.try_get(3)?,
        schema_version: row.try_get(4)?,
        actor: row.try_get(5)?,
        kinds: row.try_get(11)?,
        streams: ids.into_iter().zip(versions).collect(),
        occurred_at: row.try_get(8)?,
        recorded_at: row.try_get(9)?,
        causation_id: row.try_get(12)?,
        correlation_id: row.try_get(13)?,
        traceparent: row.try_get(14)?,
        payload: Bytes::from(payload),
    })
}

async fn versions(client: &Client) -> Result<BTreeMap<(Uuid, i64), i64>, Unreadable> {
    let rows = client.query("SELECT stream, version, position FROM ledger.stream_version", &[]).await?;
    let pairs = rows.iter().map(|row| Ok(((row.try_get(0)?, row.try_get(1)?), row.try_get(2)?)));
    pairs.collect()
}

async fn commands(client: &Client) -> Result<BTreeMap<Uuid, StoredCommand>, Unreadable> {
    let all = "SELECT id, first_position, event_count::bigint, outcome, actor, result FROM ledger.command";
    let mut commands = BTreeMap::new();
    for row in &client.query(all, &[]).await? {
        let command = StoredCommand {
            first_position: row.try_get(1)?,
            event_count: row.try_get(2)?,
            outcome: row.try_get(3)?,
            actor: row.try_get(4)?,
            result: row.try_get(5)?,
        };
        commands.insert(row.try_get(0)?, command);
    }
    Ok(commands)
}

async fn checkpoints(client: &Client) -> Result<Vec<Checkpoint>, Unreadable> {
    let all = "SELECT epoch, size, root, note FROM ledger.signed_checkpoint ORDER BY size, epoch";
    let rows = client.query(all, &[]).await?;
    let checkpoint = |row: &Row| {
        let (epoch, size) = (row.try_get(0)?, row.try_get(1)?);
        Ok(Checkpoint { epoch, size, root: row.try_get(2)?, note: row.try_get(3)? })
    };
    rows.iter().map(checkpoint).collect()
}

async fn read_models(client: &Client) -> Result<ReadModels, Unreadable> {
    let position = |model: &'static str| async move {
        let one = "SELECT coalesce(max(position), 0) FROM ledger.projection WHERE live AND name = $1";
        Ok::<i64, Unreadable>(client.query_one(one, &[&model]).await?.try_get(0)?)
    };
    let mut models = ReadModels {
        billing_position: position("billing").await?,
        rentals_position: position("rentals").await?,
        ..ReadModels::default()
    };
    for row in &client.query("SELECT customer_id, balance, debt FROM read_model.balance", &[]).await? {
        models.balances.insert(row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?));
    }
    let lines = "SELECT position, debit, credit, amount FROM read_model.journal ORDER BY position, line";
    for row in &client.query(lines, &[]).await? {
        models.journal.push(JournalLine {
            position: row.try_get(0)?,
            debit: row.try_get(1)?,
            credit: row.try_get(2)?,
            amount: row.try_get(3)?,
        });
    }
    for row in &client.query("SELECT account, debit, credit FROM read_model.account", &[]).await? {
        models.accounts.insert(row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?));
    }
    let rentals = "SELECT rental_id, customer_id, device_id, status FROM read_model.rental";
    for row in &client.query(rentals, &[]).await? {
        models.rentals.insert(row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?));
    }
    Ok(models)
}
