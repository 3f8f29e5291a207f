//! Compares the live version of a read model with the one beside it, row by row, at exactly one position.
//!
//! Both are read in one REPEATABLE READ transaction, in which the version beside is first brought to where the
//! live one stands. So nobody has to stop, and the comparison is of two folds of the same events.

use std::time::Duration;

use edge::pace::rest;
use ledger::Position;

use crate::{
    ModelName, ProjectorError, Sources,
    connection::{connect, try_rebuilder},
    control::{self, Version},
    rebuild::{catch_up, read},
    statements,
    store::Store,
};

/// How many differing keys of a table are named.
const NAMED: u32 = 20;
/// How often a comparison is tried while the live version moves.
const ATTEMPTS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(50);
/// How many events one statement reads.
const BATCH: usize = 1_000;

/// What two versions of a read model have apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The read model.
    pub model: ModelName,
    /// The live version.
    pub live: i16,
    /// The version beside it.
    pub beside: i16,
    /// The position that both stood at.
    pub position: Position,
    /// Every table.
    pub tables: Vec<TableDifference>,
}

impl Difference {
    /// Whether every row of every table is the same.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.tables.iter().all(|table| table.differing == 0)
    }
}

/// What one table of two versions has apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableDifference {
    /// The table.
    pub table: &'static str,
    /// Rows of the live version.
    pub live_rows: i64,
    /// Rows of the version beside it.
    pub beside_rows: i64,
    /// Rows that are missing on one side or not the same.
    pub differing: i64,
    /// The keys of the first of them.
    pub keys: Vec<String>,
}

/// Compares the live version with the one that is ready beside it.
///
/// # Errors
/// When there is none, or the two never stood at one position.
pub async fn diff(sources: &Sources, model: ModelName) -> Result<Difference, ProjectorError> {
    let client = connect(&sources.database_url).await?;
    if !try_rebuilder(&client, model).await? {
        return Err(ProjectorError::BeingRebuilt(model));
    }
    let (_, beside) = pair(&client, model).await?;
    let mut store = Store::open(client, &beside).await?;
    let mut what = String::new();
    for _ in 0..ATTEMPTS {
        store.client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
        match compare_in_tx(sources, &mut store).await {
            Ok(Some(difference)) => {
                store.client.batch_execute("COMMIT").await?;
                return Ok(difference);
            }
            Ok(None) => "the live version has not come as far as the one beside it".clone_into(&mut what),
            Err(error) if error.is_passing() => what = error.to_string(),
            Err(error) => return Err(error),
        }
        store.client.batch_execute("ROLLBACK").await?;
        rest(PAUSE).await;
        let (_, beside) = pair(&store.client, model).await?;
        store = Store::open(store.into_client(), &beside).await?;
    }
    Err(ProjectorError::NoTurn { model, attempts: ATTEMPTS, what })
}

/// The live version and the one that is ready beside it.
pub(crate) async fn pair(
    client: &tokio_postgres::Client,
    model: ModelName,
) -> Result<(Version, Version), ProjectorError> {
    let versions = control::versions(client, model).await?;
    let live = versions.iter().find(|version| version.live).cloned();
    let ready = versions.into_iter().rev().find(Version::is_ready);
    Ok((live.ok_or(ProjectorError::NotLive(model))?, ready.ok_or(ProjectorError::NothingToPromote(model))?))
}

async fn compare_in_tx(sources: &Sources, store: &mut Store) -> Result<Option<Difference>, ProjectorError> {
    let model = store.model;
    let (live, beside) = pair(&store.client, model).await?;
    if beside.checkpoint.position > live.checkpoint.position {
        return Ok(None);
    }
    advance_in_tx(sources, store, live.checkpoint.position).await?;
    let mut tables = Vec::new();
    for table in model.start().tables().into_iter().map(|table| table.table()) {
        let compare = statements::compare(&live.schema(), &beside.schema(), table, NAMED);
        let row = store.client.query_one(&compare, &[]).await?;
        tables.push(TableDifference {
            table: table.name,
            live_rows: row.try_get(0)?,
            beside_rows: row.try_get(1)?,
            differing: row.try_get(2)?,
            keys: row.try_get(3)?,
        });
    }
    let position = live.checkpoint.position;
    Ok(Some(Difference { model, live: live.version, beside: beside.version, position, tables }))
}

/// Brings a version to a position, in the transaction that is open on its connection.
pub(crate) async fn advance_in_tx(
    sources: &Sources,
    store: &mut Store,
    until: Position,
) -> Result<(), ProjectorError> {
    while store.position() < until {
        let room = usize::try_from(until.since(store.position())).unwrap_or(BATCH).min(BATCH);
        let facts = read(&sources.ledger, store.position(), room).await?;
        if let Some((_, poison)) = store.stage(&facts).await? {
            return Err(poison.into());
        }
        let Some(last) = facts.last().map(|fact| store.reached(fact)) else {
            return Err(ProjectorError::Gap { expected: store.position().next(), found: Position::ZERO });
        };
        store.flush_in_tx(last).await?;
    }
    Ok(())
}

/// Brings a version near the ledger's end outside of any lock, so that what follows is short.
pub(crate) async fn approach(sources: &Sources, store: &mut Store) -> Result<(), ProjectorError> {
    catch_up(sources, store).await
}
