//! The ledger as a service holds it: one connection that appends, a pool that reads.
//!
//! Appends of one process follow each other on a connection of their own, whose statement is prepared once; it
//! is made again when it broke. Reads never wait for an append.

use std::{str::FromStr as _, sync::Arc, time::Duration};

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio_postgres::{Client, Config, NoTls, Statement};
use uuid::Uuid;

use crate::{
    AppendError, Appended, Bell, Checkpoint, CheckpointMismatch, Envelope, Essence, LedgerError,
    LedgerIdentity, LockedAppend, Position, PreparedCommand, StoredCommand,
    append::AppendConnection,
    read::{self, Claim, Loaded, Snapshot, StreamLoad},
    statements,
};

/// How long a new connection may take, and how long a request waits for a free one.
const PATIENCE: Duration = Duration::from_secs(5);

/// The ledger, as one process holds it. Clones share everything.
#[derive(Clone)]
pub struct Ledger {
    config: Config,
    pool: Pool,
    append: Arc<Mutex<Option<AppendConnection>>>,
    bell: Bell,
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger").field("pool", &self.pool.status()).finish_non_exhaustive()
    }
}

impl Ledger {
    /// Prepares a ledger for use; connections are made when they are needed.
    ///
    /// # Errors
    /// When the address cannot be understood. A database that is away is noticed by the first call.
    pub fn connect(url: &str, pool_size: usize) -> Result<Self, LedgerError> {
        let mut config = Config::from_str(url).map_err(LedgerError::Address)?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(PATIENCE);
        }
        config.keepalives_idle(Duration::from_secs(10));
        let options = config.get_options().map_or_else(String::new, |own| format!(" {own}"));
        config.options(format!("{}{options}", statements::SESSION));
        let manager = Manager::from_config(
            config.clone(),
            NoTls,
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        let pool = Pool::builder(manager)
            .max_size(pool_size.max(1))
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(PATIENCE))
            .create_timeout(Some(PATIENCE))
            .build()
            .map_err(|error| LedgerError::Unavailable(Box::new(error)))?;
        Ok(Self { config, pool, append: Arc::default(), bell: Bell::new() })
    }

    /// The same ledger, ringing this bell after each append.
    #[must_use]
    pub fn with_bell(mut self, bell: Bell) -> Self {
        self.bell = bell;
        self
    }

    /// The bell that rings after each append of this process.
    #[must_use]
    pub const fn bell(&self) -> &Bell {
        &self.bell
    }

    /// The pool of reading connections, for statements of other crates.
    #[must_use]
    pub const fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Appends a batch in one transaction and says what became of each command. `seen` is the position up to
    /// which the caller knows every stream: while the ledger still stands there, no version is probed.
    ///
    /// When it returns `Ok`, what it calls recorded is durable.
    ///
    /// # Errors
    /// `AppendError::Unknown` when the connection broke first: send the same batch again, unchanged.
    pub async fn append(
        &self,
        commands: &[PreparedCommand],
        seen: Position,
    ) -> Result<Appended, AppendError> {
        let mut slot = Arc::clone(&self.append).lock_owned().await;
        let connection = self.take(&mut slot).await.map_err(AppendError::NotSent)?;
        let result = connection.run(commands, seen).await;
        // A connection whose last answer never came is not used again, even if it does not look closed yet.
        if !result.as_ref().is_err_and(AppendError::may_have_been_recorded) {
            *slot = Some(connection);
        }
        let appended = result?;
        self.bell.ring(appended.last);
        Ok(appended)
    }

    /// Opens a transaction that holds the lock of append.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn begin_locked(&self) -> Result<LockedAppend, LedgerError> {
        let mut slot = Arc::clone(&self.append).lock_owned().await;
        let connection = self.take(&mut slot).await?;
        LockedAppend::begin(slot, connection, self.bell.clone()).await
    }

    /// Takes the appending connection, or makes it.
    async fn take(
        &self,
        slot: &mut OwnedMutexGuard<Option<AppendConnection>>,
    ) -> Result<AppendConnection, LedgerError> {
        if let Some(connection) = slot.take().filter(|connection| !connection.client.is_closed()) {
            return Ok(connection);
        }
        let made = tokio::time::timeout(PATIENCE, async {
            AppendConnection::new(connect(&self.config).await?).await
        });
        made.await.map_err(|elapsed| LedgerError::Unavailable(Box::new(elapsed)))?
    }

    /// Destroys the keys of these persons and frees their phones, and says how many keys there were: for applying the
    /// list of erased persons. A first erasure belongs into the transaction that records it.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn destroy_persons(&self, persons: &[Uuid]) -> Result<i64, LedgerError> {
        let (client, statement) = self.prepared(statements::DESTROY_PERSONS).await?;
        Ok(client.query_one(&statement, &[&persons]).await?.try_get(0)?)
    }

    /// The last position and the id of the event there.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn last_event(&self) -> Result<Option<(Position, Uuid)>, LedgerError> {
        let (client, statement) = self.prepared(statements::LAST_POSITION).await?;
        let row = client.query_opt(&statement, &[]).await?;
        row.map(|row| Ok((Position::new(row.try_get(0)?), row.try_get(1)?))).transpose()
    }

    /// The last position.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn last_position(&self) -> Result<Position, LedgerError> {
        Ok(self.last_event().await?.map_or(Position::ZERO, |(position, _)| position))
    }

    /// Events after a position, at most `limit`, in order.
    ///
    /// # Errors
    /// `LedgerError::Gap` when one is missing: stop, loudly.
    pub async fn read_after(&self, after: Position, limit: usize) -> Result<Vec<Envelope>, LedgerError> {
        let (client, statement) = self.prepared(statements::READ_AFTER).await?;
        read::after(&client, &statement, after, limit).await
    }

    /// Shows what a fold needs of the events after a position, at most `limit`, in order, and returns how many there
    /// were.
    ///
    /// # Errors
    /// `LedgerError::Gap` when one is missing: stop, loudly.
    pub async fn visit_after(
        &self,
        after: Position,
        limit: usize,
        visit: impl FnMut(Essence<'_>) + Send,
    ) -> Result<usize, LedgerError> {
        let (client, statement) = self.prepared(statements::READ_ESSENCE).await?;
        read::visit(&client, &statement, after, limit, visit).await
    }

    /// The events of each stream after a version, in the order asked for.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn read_streams(
        &self,
        streams: &[(Uuid, i64)],
    ) -> Result<Vec<Vec<Arc<Envelope>>>, LedgerError> {
        let (client, statement) = self.prepared(statements::READ_STREAMS).await?;
        read::streams(&client, &statement, streams).await
    }

    /// Streams with their snapshots and later events, all of one moment, in the order asked for.
    ///
    /// # Errors
    /// When the database is away, or a stream has a gap.
    pub async fn load(&self, streams: &[StreamLoad]) -> Result<Vec<Loaded>, LedgerError> {
        let (client, statement) = self.prepared(statements::LOAD).await?;
        read::load(&client, &statement, streams).await
    }

    /// Who holds these names (kind, value), in the order asked for.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn claims(&self, names: &[(&str, &str)]) -> Result<Vec<Option<Claim>>, LedgerError> {
        let (client, statement) = self.prepared(statements::CLAIMS).await?;
        read::claims(&client, &statement, names).await
    }

    /// A stored command, and the position up to which that answer holds.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn stored_command(&self, id: Uuid) -> Result<(Option<StoredCommand>, Position), LedgerError> {
        let (client, statement) = self.prepared(statements::COMMAND).await?;
        read::command(&client, &statement, id).await
    }

    /// Keeps snapshots, each stream and fold version at most once; older ones replace nothing.
    ///
    /// # Errors
    /// When the database is away; then nothing is lost but time.
    pub async fn save_snapshots(&self, snapshots: &[Snapshot]) -> Result<(), LedgerError> {
        let (client, statement) = self.prepared(statements::SAVE_SNAPSHOTS).await?;
        let streams: Vec<Uuid> = snapshots.iter().map(|one| one.stream).collect();
        let folds: Vec<i16> = snapshots.iter().map(|one| one.fold_version).collect();
        let versions: Vec<i64> = snapshots.iter().map(|one| one.version).collect();
        let states: Vec<&[u8]> = snapshots.iter().map(|one| one.state.as_ref()).collect();
        client.execute(&statement, &[&streams, &folds, &versions, &states]).await?;
        Ok(())
    }

    /// Makes the partitions that the next events need, two ahead, and says how many it made.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn ensure_partitions(&self) -> Result<i32, LedgerError> {
        let (client, statement) = self.prepared(statements::ENSURE_PARTITIONS).await?;
        Ok(client.query_one(&statement, &[]).await?.try_get(0)?)
    }

    /// Which ledger this is.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn identity(&self) -> Result<LedgerIdentity, LedgerError> {
        let (client, statement) = self.prepared(statements::IDENTITY).await?;
        let row = client.query_one(&statement, &[]).await?;
        Ok(LedgerIdentity { ledger_id: row.try_get(0)?, epoch: row.try_get(1)? })
    }

    /// Compares a checkpoint with the ledger.
    ///
    /// # Errors
    /// `LedgerError::Checkpoint` when it does not belong to this ledger as it stands: refuse to run.
    pub async fn verify_checkpoint(&self, checkpoint: &Checkpoint) -> Result<(), LedgerError> {
        let expected = self.identity().await?;
        if checkpoint.identity != expected {
            return Err(CheckpointMismatch::OtherLedger { expected, found: checkpoint.identity }.into());
        }
        let position = checkpoint.position;
        if position == Position::ZERO {
            return Ok(());
        }
        let row = {
            let (client, statement) = self.prepared(statements::EVENT_ID_AT).await?;
            client.query_opt(&statement, &[&position.get()]).await?
        };
        let Some(row) = row else {
            let last = self.last_position().await?;
            return Err(CheckpointMismatch::Behind { position, last }.into());
        };
        if Some(row.try_get::<_, Uuid>(0)?) != checkpoint.event_id {
            return Err(CheckpointMismatch::OtherEvent { position }.into());
        }
        Ok(())
    }

    /// A checkpoint by its name.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn checkpoint(&self, name: &str) -> Result<Option<Checkpoint>, LedgerError> {
        let (client, statement) = self.prepared(statements::CHECKPOINT).await?;
        let row = client.query_opt(&statement, &[&name]).await?;
        row.map(|row| {
            Ok(Checkpoint {
                identity: LedgerIdentity { ledger_id: row.try_get(0)?, epoch: row.try_get(1)? },
                position: Position::new(row.try_get(2)?),
                event_id: row.try_get(3)?,
            })
        })
        .transpose()
    }

    /// Stores a checkpoint under its name.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn save_checkpoint(&self, name: &str, checkpoint: &Checkpoint) -> Result<(), LedgerError> {
        let (client, statement) = self.prepared(statements::SAVE_CHECKPOINT).await?;
        let Checkpoint { identity, position, event_id } = checkpoint;
        client
            .execute(&statement, &[&name, &identity.ledger_id, &identity.epoch, &position.get(), event_id])
            .await?;
        Ok(())
    }

    /// A pooled connection with a statement prepared once on it.
    pub(crate) async fn prepared(&self, sql: &str) -> Result<(Object, Statement), LedgerError> {
        let client = self.pool.get().await?;
        let statement = client.prepare_cached(sql).await?;
        Ok((client, statement))
    }
}

/// Opens a connection and lets it run until it ends.
pub(crate) async fn connect(config: &Config) -> Result<Client, LedgerError> {
    let (client, connection) =
        config.connect(NoTls).await.map_err(|error| LedgerError::Unavailable(Box::new(error)))?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(error = %error, "a connection to the ledger ended");
        }
    });
    Ok(client)
}
