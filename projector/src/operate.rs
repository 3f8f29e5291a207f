//! What an operator does with versions: list, promote, skip.
//!
//! A switch is one transaction. It locks the control rows (the live writer waits for a moment), brings the new
//! version at least to where the old one stands, makes the views anew with comments and rights, and moves the live
//! flag. It waits for a lock only briefly and tries again, so that no reader queues behind it. The live loop finds
//! its fence lost and follows the new version.

use std::time::Duration;

use edge::pace::rest;
use ledger::Position;
use uuid::Uuid;

use crate::{
    ModelName, ProjectorError, Sources, Version,
    connection::{connect, try_rebuilder},
    control,
    diff::{advance_in_tx, approach, pair},
    statements,
    store::Store,
};

/// How often a switch is tried.
const ATTEMPTS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(100);
/// Behind a lock that is not had at once every reader would queue.
const BRIEFLY: &str = "BEGIN; SET LOCAL lock_timeout = '200ms'";

/// Every version of every read model.
///
/// # Errors
/// When the database fails.
pub async fn list(sources: &Sources) -> Result<Vec<Version>, ProjectorError> {
    let client = connect(&sources.database_url).await?;
    let mut all = Vec::new();
    for model in ModelName::ALL {
        all.extend(control::versions(&client, model).await?);
    }
    Ok(all)
}

/// Makes the version that is ready the live one, and returns it. The old one stays, unseen, until the next
/// rebuild.
///
/// # Errors
/// When there is none, or the locks were never free.
pub async fn promote(sources: &Sources, model: ModelName) -> Result<Version, ProjectorError> {
    let mut client = connect(&sources.database_url).await?;
    if !try_rebuilder(&client, model).await? {
        return Err(ProjectorError::BeingRebuilt(model));
    }
    let mut what = String::new();
    for _ in 0..ATTEMPTS {
        let (live, ready) = pair(&client, model).await?;
        control::check_fold(&client, &ready).await?;
        let mut store = Store::open(client, &ready).await?;
        approach(sources, &mut store).await?;
        store.client.batch_execute(BRIEFLY).await?;
        let switched = switch_in_tx(sources, &mut store, &live, &ready).await;
        client = store.into_client();
        match switched {
            Ok(()) => {
                client.batch_execute("COMMIT").await?;
                return control::live(&client, model).await?.ok_or(ProjectorError::NotLive(model));
            }
            Err(error) if error.is_passing() => what = error.to_string(),
            Err(error) => return Err(error),
        }
        client.batch_execute("ROLLBACK").await?;
        rest(PAUSE).await;
    }
    Err(ProjectorError::NoTurn { model, attempts: ATTEMPTS, what })
}

async fn switch_in_tx(
    sources: &Sources,
    store: &mut Store,
    live: &Version,
    ready: &Version,
) -> Result<(), ProjectorError> {
    let model = store.model;
    let fenced = |version: &Version| ProjectorError::Fenced { model, version: version.version };
    let locked = control::locked_in_tx(&store.client, model, live.version).await?;
    let locked = locked.filter(|version| version.live).ok_or_else(|| fenced(live))?;
    advance_in_tx(sources, store, locked.checkpoint.position).await?;
    control::publish_in_tx(&store.client, model, ready.version).await?;
    let retired = store.client.execute(statements::RETIRE, &[&model.as_str()]).await?;
    let promoted = store.client.execute(statements::PROMOTE, &[&model.as_str(), &ready.version]).await?;
    if (retired, promoted) == (1, 1) { Ok(()) } else { Err(fenced(ready)) }
}

/// Has the live version of a stopped model pass over the event it stands before. Recorded with who and why; a
/// rebuild passes over it as well.
///
/// # Errors
/// When the model is not stopped before exactly that position.
pub async fn skip(
    sources: &Sources,
    model: ModelName,
    position: Position,
    operator: &str,
    reason: &str,
) -> Result<Version, ProjectorError> {
    let mut client = connect(&sources.database_url).await?;
    let now = sources.clock.now();
    let transaction = client.transaction().await?;
    let live = control::live(&transaction, model).await?.ok_or(ProjectorError::NotLive(model))?;
    let live = control::locked_in_tx(&transaction, model, live.version)
        .await?
        .filter(|version| version.live)
        .ok_or(ProjectorError::NotLive(model))?;
    let expected = live.checkpoint.position.next();
    if position != expected || live.status != "stopped" {
        return Err(ProjectorError::NotStandingThere { model, expected, found: position });
    }
    let event: Uuid = transaction.query_one(statements::EVENT_AT, &[&position.get()]).await?.try_get(0)?;
    let name = model.as_str();
    transaction
        .execute(statements::SKIP, &[&name, &position.get(), &event, &operator, &reason, &now])
        .await?;
    let from = live.checkpoint.position.get();
    let moved = transaction
        .execute(statements::MOVE, &[&name, &live.version, &from, &position.get(), &event, &true])
        .await?;
    if moved != 1 {
        return Err(ProjectorError::Fenced { model, version: live.version });
    }
    control::running(&transaction, &live).await?;
    transaction.commit().await?;
    control::live(&client, model).await?.ok_or(ProjectorError::NotLive(model))
}
