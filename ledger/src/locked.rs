//! Deciding under the lock, for a command that lost to another process.
//!
//! BEGIN, lock the head, read what moved, decide, append, COMMIT, all on one connection. While it is open nobody
//! else can append, so it reads and decides at once; Postgres ends it after a second of silence. Dropped without
//! `commit`, its connection is closed and everything is undone.

use std::sync::Arc;

use tokio::sync::OwnedMutexGuard;
use uuid::Uuid;

use crate::{
    AppendError, Appended, Bell, Envelope, LedgerError, Position, PreparedCommand,
    append::AppendConnection,
    read::{self, Claim, Loaded, StreamLoad},
    statements,
};

/// A transaction that holds the lock of append.
pub struct LockedAppend {
    slot: OwnedMutexGuard<Option<AppendConnection>>,
    // Taken out of the slot until the commit, so that a broken transaction never leaves a connection behind.
    connection: AppendConnection,
    bell: Bell,
    last: Position,
    // A transaction that saw an error ends in ROLLBACK even when it is told to COMMIT.
    failed: bool,
}

impl std::fmt::Debug for LockedAppend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LockedAppend").field("last", &self.last).finish_non_exhaustive()
    }
}

impl LockedAppend {
    pub(crate) async fn begin(
        slot: OwnedMutexGuard<Option<AppendConnection>>,
        connection: AppendConnection,
        bell: Bell,
    ) -> Result<Self, LedgerError> {
        connection.client.batch_execute(statements::BEGIN_LOCKED).await?;
        let row = connection.client.query_one(statements::LOCK_HEAD, &[]).await?;
        let last = Position::new(row.try_get(0)?);
        Ok(Self { slot, connection, bell, last, failed: false })
    }

    /// Where the ledger stands; nobody else moves it while this is open.
    #[must_use]
    pub const fn last(&self) -> Position {
        self.last
    }

    /// Events after a position, at most `limit`, under the lock.
    ///
    /// # Errors
    /// When the database fails or the ledger has a gap.
    pub async fn read_after(&self, after: Position, limit: usize) -> Result<Vec<Envelope>, LedgerError> {
        read::after(&self.connection.client, statements::READ_AFTER, after, limit).await
    }

    /// Streams with their snapshots and later events, under the lock.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load(&self, streams: &[StreamLoad]) -> Result<Vec<Loaded>, LedgerError> {
        read::load(&self.connection.client, statements::LOAD, streams).await
    }

    /// The events of each stream after a version, under the lock.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn read_streams(
        &self,
        streams: &[(Uuid, i64)],
    ) -> Result<Vec<Vec<Arc<Envelope>>>, LedgerError> {
        read::streams(&self.connection.client, statements::READ_STREAMS, streams).await
    }

    /// Who holds these names, under the lock.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claims(&self, names: &[(&str, &str)]) -> Result<Vec<Option<Claim>>, LedgerError> {
        read::claims(&self.connection.client, statements::CLAIMS, names).await
    }

    /// Appends a batch; it counts once `commit` has returned.
    ///
    /// # Errors
    /// As `Ledger::append`; nothing is recorded in any case.
    pub async fn append(&mut self, commands: &[PreparedCommand]) -> Result<Appended, AppendError> {
        let result = self.connection.run(commands, self.last).await;
        self.failed |= result.is_err();
        let appended = result?;
        self.last = appended.last;
        Ok(appended)
    }

    /// Destroys a person's key and frees their phone, together with what this transaction records.
    ///
    /// # Errors
    /// When the database fails; nothing is recorded then.
    pub async fn destroy_person(&mut self, person: Uuid) -> Result<(), LedgerError> {
        let result = self.connection.client.query_one(statements::DESTROY_PERSON, &[&person]).await;
        self.failed |= result.is_err();
        result.map(drop).map_err(LedgerError::from)
    }

    /// The connection of the transaction, for statements of this crate.
    pub(crate) const fn client(&self) -> &tokio_postgres::Client {
        &self.connection.client
    }

    /// After an error nothing of the transaction may be committed.
    pub(crate) const fn spoil_on_error<T, E>(&mut self, result: &Result<T, E>) {
        self.failed |= result.is_err();
    }

    /// Commits.
    ///
    /// # Errors
    /// `AppendError::Unknown` when the connection broke before the outcome was known. After an error of `append`
    /// nothing is committed.
    pub async fn commit(mut self) -> Result<(), AppendError> {
        if self.failed {
            let failed = std::io::Error::other("the transaction had failed before");
            return Err(AppendError::NotSent(LedgerError::Unavailable(Box::new(failed))));
        }
        self.connection.client.batch_execute("COMMIT").await.map_err(AppendError::after_sending)?;
        self.bell.ring(self.last);
        *self.slot = Some(self.connection);
        Ok(())
    }
}
