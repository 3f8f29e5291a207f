//! A connection of the projector, and its locks.
//!
//! Locks, in the order in which they are taken: the advisory lock of a model (live writer or rebuilder, each its
//! own class), then the rows of `ledger.projection`, then the views. The advisory locks go with the connection,
//! so whoever dies lets go.

use std::{str::FromStr as _, time::Duration};

use edge::pace::rest;
use tokio_postgres::{Client, Config, NoTls};

use crate::{ModelName, ProjectorError, statements};

/// How long a new connection may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a rebuilder's lock is tried, and the pause between.
const ATTEMPTS: u32 = 40;
const PAUSE: Duration = Duration::from_millis(50);
/// The class of the locks of live writers.
const WRITER: i32 = 7_221_001;
/// The class of the locks of rebuilders.
const REBUILDER: i32 = 7_221_002;

/// Opens a connection and lets it run until it ends.
pub(crate) async fn connect(url: &str) -> Result<Client, ProjectorError> {
    let mut config = Config::from_str(url).map_err(ProjectorError::Address)?;
    config.connect_timeout(PATIENCE).keepalives_idle(Duration::from_secs(10));
    config.application_name("chajipoa-projector");
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection of the projector ended");
        }
    });
    Ok(client)
}

/// Takes the lock of the live writer of a model, if it is free.
pub(crate) async fn try_writer(client: &Client, model: ModelName) -> Result<bool, ProjectorError> {
    Ok(client.query_one(statements::TRY_LOCK, &[&WRITER, &model.lock()]).await?.try_get(0)?)
}

/// Whether somebody rebuilds, compares or switches a model at this moment.
pub(crate) async fn is_being_rebuilt(client: &Client, model: ModelName) -> Result<bool, ProjectorError> {
    Ok(client.query_one(statements::IS_LOCKED, &[&REBUILDER, &model.lock()]).await?.try_get(0)?)
}

/// Takes the lock of whoever rebuilds, compares or switches a model. One whose holder has just ended is free a moment
/// later, so it is tried for a while.
pub(crate) async fn try_rebuilder(client: &Client, model: ModelName) -> Result<bool, ProjectorError> {
    for _ in 0..ATTEMPTS {
        if client.query_one(statements::TRY_LOCK, &[&REBUILDER, &model.lock()]).await?.try_get(0)? {
            return Ok(true);
        }
        rest(PAUSE).await;
    }
    Ok(false)
}
