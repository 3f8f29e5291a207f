//! One relay at a time: an advisory lock on a connection of its own, which also writes the checkpoint.
//!
//! It keeps true that a relay which lost the lock cannot move the checkpoint: the lock and the right to write it are the
//! same connection. A relay that waits asks again and again instead of waiting inside the database, where it would hold
//! a snapshot for hours and keep dead rows from being removed.

use std::str::FromStr as _;
use std::time::Duration;

use edge::pace;
use ledger::{LedgerError, LedgerIdentity, Position};
use tokio::sync::oneshot;
use tokio_postgres::{Client, Config, NoTls, Statement};

use crate::error::RelayError;
use crate::statements;
use crate::status::RelayStatus;

/// The number of the lock; one ledger is one database, and the lock belongs to the database.
pub(crate) const KEY: i64 = 7_221_100;
/// How often a relay that stands by tries.
const TRY_AGAIN: Duration = Duration::from_millis(100);
/// How long a connection may take to be made, and a dead one to be noticed.
const PATIENCE: Duration = Duration::from_secs(5);

/// The lock, held until the value is dropped or its connection breaks.
pub(crate) struct Lock {
    client: Client,
    save: Statement,
    broken: oneshot::Receiver<()>,
}

impl Lock {
    /// Waits until the lock is ours.
    pub(crate) async fn take(ledger_url: &str, status: &RelayStatus) -> Result<Self, RelayError> {
        let (client, broken) = connect(ledger_url).await?;
        status.postgres_answers();
        loop {
            let row = client.query_one(statements::TRY_LOCK, &[&KEY]).await.map_err(LedgerError::from)?;
            if row.try_get::<_, bool>(0).map_err(LedgerError::from)? {
                break;
            }
            pace::rest(TRY_AGAIN).await;
        }
        let save = client.prepare(statements::SAVE_CHECKPOINT).await.map_err(LedgerError::from)?;
        Ok(Self { client, save, broken })
    }

    /// The right to move the checkpoint, and the news that it is gone: two halves of one session.
    pub(crate) fn split(self) -> (Checkpoints, Broken) {
        (Checkpoints { client: self.client, save: self.save }, Broken(self.broken))
    }
}

/// The right to move the checkpoint.
pub(crate) struct Checkpoints {
    client: Client,
    save: Statement,
}

impl Checkpoints {
    /// Moves the checkpoint, forward or back.
    pub(crate) async fn save(&self, identity: LedgerIdentity, position: Position) -> Result<(), RelayError> {
        let name = statements::CHECKPOINT_NAME;
        let position = position.get();
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
            [&name, &identity.ledger_id, &identity.epoch, &position];
        match self.client.execute(&self.save, &values).await.map_err(LedgerError::from)? {
            1 => Ok(()),
            _ => Err(RelayError::NotStored),
        }
    }
}

/// Resolves when the connection is gone, and the lock with it.
pub(crate) struct Broken(oneshot::Receiver<()>);

impl Broken {
    pub(crate) async fn wait(&mut self) -> RelayError {
        // The sender goes when the connection ends, whichever way.
        let _ = (&mut self.0).await;
        RelayError::LockLost
    }
}

async fn connect(ledger_url: &str) -> Result<(Client, oneshot::Receiver<()>), RelayError> {
    let mut config = Config::from_str(ledger_url).map_err(LedgerError::Address)?;
    config.connect_timeout(PATIENCE);
    config.keepalives_idle(PATIENCE);
    config.tcp_user_timeout(PATIENCE.saturating_mul(2));
    config.application_name("chajipoa relay");
    let (client, connection) =
        config.connect(NoTls).await.map_err(|error| LedgerError::Unavailable(Box::new(error)))?;
    let (alive, broken) = oneshot::channel();
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::warn!(%error, "the relay's connection to the ledger ended");
        }
        drop(alive);
    });
    client.batch_execute(statements::NOTICE_DEATH).await.map_err(LedgerError::from)?;
    Ok((client, broken))
}
