//! What an operator does with versions: list, promote, drop.
//!
//! A switch is one transaction. It locks the control rows (the live writer waits for a moment), brings the new
//! version at least to where the old one stands, makes the views anew with comments and rights, and moves the live
//! flag. It waits for a lock only briefly and tries again, so that no reader queues behind it. The live loop finds
//! its fence lost and follows the new version. The version that was live is kept, so that the way back is a switch too;
//! what had been kept before it goes.

use std::time::Duration;

use edge::pace::rest;
use ledger::Position;

use crate::{
    ModelName, ProjectorError, Sources, Version,
    connection::{connect, is_being_rebuilt, try_rebuilder},
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
/// What is said of a version whose rebuild is no more.
const LEFT: &str = "its rebuild ended before it was complete: the next one starts over";

/// Every version of every read model. One that is being built by nobody says so.
///
/// # Errors
/// When the database fails.
pub async fn list(sources: &Sources) -> Result<Vec<Version>, ProjectorError> {
    let client = connect(&sources.database_url).await?;
    let mut all = Vec::new();
    for model in ModelName::ALL {
        let busy = is_being_rebuilt(&client, model).await?;
        let versions = control::versions(&client, model).await?;
        all.extend(versions.into_iter().map(|mut version| {
            if version.is_building() && !busy {
                version.reason = Some(LEFT.to_owned());
            }
            version
        }));
    }
    Ok(all)
}

/// Makes another complete version the live one, and returns it: the one that is ready, unless a number names it. The
/// version that was live stays, unseen, until it is dropped or another one takes its place.
///
/// # Errors
/// When there is none, another fold made it, or the locks were never free.
pub async fn promote(
    sources: &Sources,
    model: ModelName,
    version: Option<i16>,
) -> Result<Version, ProjectorError> {
    let mut client = connect(&sources.database_url).await?;
    if !try_rebuilder(&client, model).await? {
        return Err(ProjectorError::BeingRebuilt(model));
    }
    let mut what = String::new();
    for _ in 0..ATTEMPTS {
        let (live, next) = pair(&client, model, version).await?;
        control::check_fold(&client, &next).await?;
        let mut store = Store::open(&sources.ledger, client, &next).await?;
        approach(sources, &mut store).await?;
        store.client.batch_execute(BRIEFLY).await?;
        let switched = switch_in_tx(sources, &mut store, &live, &next).await;
        client = store.into_client();
        match switched {
            Ok(()) => {
                client.batch_execute("COMMIT").await?;
                remove_older(&mut client, model, live.version).await?;
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

/// One former version is kept, the last one.
async fn remove_older(
    client: &mut tokio_postgres::Client,
    model: ModelName,
    former: i16,
) -> Result<(), ProjectorError> {
    for version in control::versions(client, model).await? {
        if version.is_former() && version.version != former {
            control::remove(client, model, version.version).await?;
        }
    }
    Ok(())
}

/// Drops a version that is not live, with its rows.
///
/// # Errors
/// When it is not there, is live, or is being built at this moment.
pub async fn drop_version(
    sources: &Sources,
    model: ModelName,
    version: i16,
) -> Result<Version, ProjectorError> {
    let mut client = connect(&sources.database_url).await?;
    if !try_rebuilder(&client, model).await? {
        return Err(ProjectorError::BeingRebuilt(model));
    }
    let found = control::version(&client, model, version).await?;
    let found = found.ok_or(ProjectorError::NoSuchVersion { model, version })?;
    if found.live {
        return Err(ProjectorError::Live { model, version });
    }
    control::remove(&mut client, model, version).await?;
    Ok(found)
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

/// Asks whether the live version of a model stands before that event: then a skip of it has an effect.
///
/// # Errors
/// When it does not, which says how it is.
pub async fn standing_before(
    sources: &Sources,
    model: ModelName,
    position: Position,
) -> Result<(), ProjectorError> {
    let client = connect(&sources.database_url).await?;
    let live = control::live(&client, model).await?.ok_or(ProjectorError::NotLive(model))?;
    let before = live.checkpoint.position.next();
    if live.status == "stopped" && before == position {
        return Ok(());
    }
    let stands = if live.status == "stopped" {
        format!("is stopped before {before}")
    } else {
        format!("is {} at {}", live.status, live.checkpoint.position)
    };
    Err(ProjectorError::NotStandingThere { model, stands, found: position })
}
