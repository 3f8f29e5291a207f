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
    store::Store,
};

mod compare;
mod found;

pub use found::{AccountDifference, Difference, MoneyDifference, RowDifference, Sides, TableDifference};

/// How often a comparison is tried while the live version moves.
const ATTEMPTS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(50);
/// How many events one statement reads.
const BATCH: usize = 1_000;

/// Compares the live version with another one: that which is ready beside it, unless a number names it.
///
/// # Errors
/// When there is none, or the two never stood at one position.
pub async fn diff(
    sources: &Sources,
    model: ModelName,
    version: Option<i16>,
) -> Result<Difference, ProjectorError> {
    let client = connect(&sources.database_url).await?;
    if !try_rebuilder(&client, model).await? {
        return Err(ProjectorError::BeingRebuilt(model));
    }
    let (_, beside) = pair(&client, model, version).await?;
    control::check_fold(&client, &beside).await?;
    let mut store = Store::open(&sources.ledger, client, &beside).await?;
    let mut what = String::new();
    for _ in 0..ATTEMPTS {
        store.client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
        match compare_in_tx(sources, &mut store, version).await {
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
        let (_, beside) = pair(&store.client, model, version).await?;
        store = Store::open(&sources.ledger, store.into_client(), &beside).await?;
    }
    Err(ProjectorError::NoTurn { model, attempts: ATTEMPTS, what })
}

/// The live version and another complete one: that of the number, else the newest that was never live.
pub(crate) async fn pair(
    client: &tokio_postgres::Client,
    model: ModelName,
    number: Option<i16>,
) -> Result<(Version, Version), ProjectorError> {
    let versions = control::versions(client, model).await?;
    let live = versions.iter().find(|version| version.live).cloned().ok_or(ProjectorError::NotLive(model))?;
    let Some(number) = number else {
        let ready = versions.into_iter().rev().find(Version::is_ready);
        return Ok((live, ready.ok_or(ProjectorError::NothingToPromote(model))?));
    };
    let named = versions.into_iter().find(|version| version.version == number);
    let named = named.ok_or(ProjectorError::NoSuchVersion { model, version: number })?;
    if named.is_ready() || named.is_former() {
        Ok((live, named))
    } else {
        Err(ProjectorError::NotComplete { model, version: number, status: named.status })
    }
}

async fn compare_in_tx(
    sources: &Sources,
    store: &mut Store,
    version: Option<i16>,
) -> Result<Option<Difference>, ProjectorError> {
    let (live, beside) = pair(&store.client, store.model, version).await?;
    if beside.checkpoint.position > live.checkpoint.position {
        return Ok(None);
    }
    advance_in_tx(sources, store, live.checkpoint.position).await?;
    Ok(Some(compare::versions_in_tx(&store.client, &live, &beside).await?))
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
            if !store.passes_over(&poison) {
                return Err(poison.into());
            }
            // What is written so far is read again: the rows in memory hold half of the bad event.
            store.forget();
            continue;
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
