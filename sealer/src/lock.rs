//! One sealer at a time: an advisory lock on a connection of its own, which also writes tiles and checkpoints.
//!
//! It keeps true that a sealer which lost the lock cannot write: the lock and the right to write are the same
//! connection. A sealer that waits asks again and again instead of waiting inside the database.

use std::{str::FromStr as _, time::Duration};

use edge::pace;
use ledger::{
    LedgerError, statements,
    tree::{Tile, TileId},
};
use tokio::sync::oneshot;
use tokio_postgres::{Client, Config, NoTls};

use crate::{SealerError, status::SealerStatus};

/// The number of the lock; one ledger is one database, and the lock belongs to the database.
pub(crate) const KEY: i64 = 7_221_110;
/// How often a sealer that stands by tries.
const TRY_AGAIN: Duration = Duration::from_millis(100);
/// How long a connection may take to be made, and a dead one to be noticed.
const PATIENCE: Duration = Duration::from_secs(5);
/// Lets the server notice within about ten seconds that we are gone, so that another sealer can take over.
const NOTICE_DEATH: &str = "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3; \
     SET tcp_user_timeout = 10000";
/// Takes the sealer's lock if nobody has it.
const TRY_LOCK: &str = "SELECT pg_try_advisory_lock($1)";
/// Tiles of one statement: half a megabyte.
const TILES: usize = 64;

/// The lock, held until the value is dropped or its connection breaks.
pub(crate) struct Lock {
    client: Client,
    broken: oneshot::Receiver<()>,
}

impl Lock {
    /// Waits until the lock is ours.
    pub(crate) async fn take(ledger_url: &str, status: &SealerStatus) -> Result<Self, SealerError> {
        let (client, broken) = connect(ledger_url).await?;
        status.postgres_answers();
        loop {
            let row = client.query_one(TRY_LOCK, &[&KEY]).await.map_err(LedgerError::from)?;
            if row.try_get::<_, bool>(0).map_err(LedgerError::from)? {
                return Ok(Self { client, broken });
            }
            pace::rest(TRY_AGAIN).await;
        }
    }

    /// The right to write, and the news that it is gone: two halves of one session.
    pub(crate) fn split(self) -> (Pen, Broken) {
        (Pen(self.client), Broken(self.broken))
    }
}

/// The right to write the tree.
pub(crate) struct Pen(Client);

impl Pen {
    /// Stores tiles: all of them or none, so that no level is ever ahead of another.
    pub(crate) async fn save_tiles(&self, epoch: i32, tiles: &[(TileId, Tile)]) -> Result<(), SealerError> {
        if tiles.is_empty() {
            return Ok(());
        }
        self.0.batch_execute("BEGIN").await.map_err(LedgerError::from)?;
        for chunk in tiles.chunks(TILES) {
            let levels: Vec<i16> = chunk.iter().map(|(id, _)| i16::from(id.level)).collect();
            let indexes: Vec<i64> = chunk.iter().map(|(id, _)| stored(id.index)).collect::<Result<_, _>>()?;
            let hashes: Vec<Vec<u8>> = chunk.iter().map(|(_, tile)| tile.to_bytes()).collect();
            let values: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
                [&epoch, &levels, &indexes, &hashes];
            self.0.execute(statements::SAVE_TILES, &values).await.map_err(LedgerError::from)?;
        }
        Ok(self.0.batch_execute("COMMIT").await.map_err(LedgerError::from)?)
    }

    /// Stores a signed checkpoint. There is one of each size, and none behind the last.
    pub(crate) async fn save_checkpoint(
        &self,
        epoch: i32,
        size: u64,
        root: &[u8],
        note: &str,
    ) -> Result<(), SealerError> {
        let size = stored(size)?;
        let saved = self.0.execute(statements::SAVE_SIGNED, &[&epoch, &size, &root, &note]).await;
        match saved.map_err(LedgerError::from)? {
            1 => Ok(()),
            _ => Err(SealerError::NotStored),
        }
    }
}

fn stored(number: u64) -> Result<i64, LedgerError> {
    i64::try_from(number).map_err(|_| LedgerError::OutOfRange("a size of the tree"))
}

/// Resolves when the connection is gone, and the lock with it.
pub(crate) struct Broken(oneshot::Receiver<()>);

impl Broken {
    pub(crate) async fn wait(&mut self) -> SealerError {
        // The sender goes when the connection ends, whichever way.
        let _ = (&mut self.0).await;
        SealerError::LockLost
    }
}

async fn connect(ledger_url: &str) -> Result<(Client, oneshot::Receiver<()>), SealerError> {
    let mut config = Config::from_str(ledger_url).map_err(LedgerError::Address)?;
    config.connect_timeout(PATIENCE);
    config.keepalives_idle(PATIENCE);
    config.tcp_user_timeout(PATIENCE.saturating_mul(2));
    config.application_name("chajipoa sealer");
    let (client, connection) =
        config.connect(NoTls).await.map_err(|error| LedgerError::Unavailable(Box::new(error)))?;
    let (alive, broken) = oneshot::channel();
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::warn!(%error, "the sealer's connection to the ledger ended");
        }
        drop(alive);
    });
    client.batch_execute(NOTICE_DEATH).await.map_err(LedgerError::from)?;
    Ok((client, broken))
}
