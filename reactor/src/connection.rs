//! A connection of the reactor, and its locks.
//!
//! One reactor follows and fires at a time, one sends messages: whoever holds the advisory lock of that work, on the
//! connection that writes its rows. A reactor that waits asks again and again instead of waiting inside the database,
//! where it would hold a snapshot for hours. The locks go with the connection, so whoever dies lets go.

use std::str::FromStr as _;
use std::time::Duration;

use edge::pace::rest;
use tokio_postgres::{Client, Config, NoTls};

use crate::error::ReactorError;
use crate::statements;

/// The lock of whoever follows the ledger and fires.
pub(crate) const FIRING: i64 = 7_221_200;
/// The lock of whoever sends messages.
pub(crate) const SENDING: i64 = 7_221_201;
/// How often a stand-by tries to take over.
const TAKE_OVER: Duration = Duration::from_millis(100);
/// How long a connection may take to be made, and a dead one to be noticed.
const PATIENCE: Duration = Duration::from_secs(5);

/// Opens a connection and lets it run until it ends.
pub(crate) async fn connect(url: &str) -> Result<Client, ReactorError> {
    let mut config = Config::from_str(url).map_err(ReactorError::Address)?;
    config.connect_timeout(PATIENCE);
    config.keepalives_idle(PATIENCE);
    config.tcp_user_timeout(PATIENCE.saturating_mul(2));
    config.application_name("chajipoa reactor");
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection of the reactor ended");
        }
    });
    client.batch_execute(statements::SESSION).await?;
    Ok(client)
}

/// Opens a connection and waits until the lock is ours on it.
pub(crate) async fn locked(url: &str, lock: i64) -> Result<Client, ReactorError> {
    let client = connect(url).await?;
    client.batch_execute(statements::NOTICE_DEATH).await?;
    while !client.query_one(statements::TRY_LOCK, &[&lock]).await?.try_get::<_, bool>(0)? {
        rest(TAKE_OVER).await;
    }
    Ok(client)
}
