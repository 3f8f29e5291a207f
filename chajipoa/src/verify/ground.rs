//! What a run is about, fixed when it begins: up to which position, which ledger, which books.
//!
//! What is recorded meanwhile lies beyond and is left alone: events are never changed, so everything up to the position
//! stays as it is.

use domain::{
    Event, StreamKey,
    event::{CheckpointRef, Projection},
    ids::PERIODS,
};
use tokio_postgres::Client;
use uuid::Uuid;

use super::books::LiveBooks;
use super::error::VerifyError;
use super::finding::{Check, Findings};

/// What a run is about.
#[derive(Debug, Clone, Default)]
pub(super) struct Ground {
    /// The last position.
    pub(super) last: i64,
    /// Which ledger.
    pub(super) ledger_id: Uuid,
    /// Its epoch.
    pub(super) epoch: i32,
    /// The live books.
    pub(super) books: LiveBooks,
    /// How far the tree is signed; none without a checkpoint.
    pub(super) sealed: Option<i64>,
    /// What closes of periods have recorded of the tree, with their positions.
    pub(super) recorded: Vec<(i64, CheckpointRef)>,
}

const HEAD: &str = "SELECT ledger_id, epoch FROM ledger.ledger_head";

const LAST: &str = "SELECT coalesce(max(position), 0) FROM ledger.event";

const BOOKS: &str = "SELECT version FROM ledger.projection WHERE name = 'billing' AND live";

const STREAM: &str = "SELECT e.position, e.type, e.schema_version, e.payload FROM ledger.stream_version v \
     JOIN ledger.event e ON e.position = v.position WHERE v.stream = $1 ORDER BY v.version";

const SEALED: &str = "SELECT max(size) FROM ledger.signed_checkpoint WHERE epoch = $1";

impl Ground {
    /// Looks once. The books are looked at first, so that they never stand beyond the last position.
    pub(super) async fn read(client: &Client, findings: &mut Findings) -> Result<Self, VerifyError> {
        let books = books(client).await?;
        let heads = client.query(HEAD, &[]).await?;
        if heads.len() != 1 {
            findings.nowhere(Check::Catalogue, "ledger.ledger_head does not have exactly one row");
        }
        let (ledger_id, epoch) = match heads.first() {
            Some(head) => (head.try_get(0)?, head.try_get(1)?),
            None => (Uuid::nil(), 0),
        };
        let sealed = client.query_one(SEALED, &[&epoch]).await?.try_get(0)?;
        let last = last(client).await?;
        let recorded = recorded(client, last).await?;
        Ok(Self { last, ledger_id, epoch, books, sealed, recorded })
    }
}

/// The last position at this moment.
pub(super) async fn last(client: &Client) -> Result<i64, VerifyError> {
    Ok(client.query_one(LAST, &[]).await?.try_get(0)?)
}

/// The live books: their place and their accounts are of one moment.
async fn books(client: &Client) -> Result<LiveBooks, VerifyError> {
    let Some(version) = client.query_opt(BOOKS, &[]).await? else { return Ok(LiveBooks::default()) };
    let version: i16 = version.try_get(0)?;
    let schema = format!("billing_v{version}");
    let accounts = format!(
        "SELECT p.position, a.account, a.debit, a.credit \
         FROM ledger.projection p LEFT JOIN {schema}.account a ON true \
         WHERE p.name = 'billing' AND p.version = $1"
    );
    let mut books = LiveBooks { schema: Some(schema), ..LiveBooks::default() };
    for row in client.query(&accounts, &[&version]).await? {
        books.position = row.try_get(0)?;
        if let Some(account) = row.try_get(1)? {
            let _ = books.accounts.insert(account, (row.try_get(2)?, row.try_get(3)?));
        }
    }
    for (_, event) in stream(client, Projection::Billing.stream()).await? {
        if let Event::ProjectionEventSkipped(skipped) = event {
            books.skipped.push(skipped.position);
        }
    }
    Ok(books)
}

async fn recorded(client: &Client, last: i64) -> Result<Vec<(i64, CheckpointRef)>, VerifyError> {
    let mut recorded = Vec::new();
    for (position, event) in stream(client, PERIODS).await? {
        if let Event::PeriodClosed(close) = event
            && position <= last
        {
            recorded.extend(close.checkpoint.map(|checkpoint| (position, checkpoint)));
        }
    }
    Ok(recorded)
}

/// The events of a stream. One that cannot be read is found where all events are read.
async fn stream(client: &Client, stream: StreamKey) -> Result<Vec<(i64, Event)>, VerifyError> {
    let mut events = Vec::new();
    for row in client.query(STREAM, &[&stream.id]).await? {
        let read = Event::decode(row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        events.extend(read.ok().map(|event| (row.get(0), event)));
    }
    Ok(events)
}
