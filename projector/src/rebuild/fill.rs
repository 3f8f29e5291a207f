//! Fills the empty tables of a new version by `COPY`.
//!
//! The fold is the live one. Rows stay in memory while they are touched; the least recent leave in the order of
//! their keys once there are too many, so memory is bounded. A filter remembers what left: a key it does not know
//! need not be looked for, so a ledger whose rows rest after a while is folded without a single query. A row that
//! comes back is fetched by its key, which makes the primary keys necessary before the end, and changed in place.

use ledger::Checkpoint;
use tokio_postgres::Client;

use crate::{
    ProjectorError,
    control::filled,
    fact::Taken,
    history,
    rebuild::finishing::{Jobs, copy_in},
    store::Store,
    table::{CopyRows, Table},
};

/// How many rows of each table stay in memory when the rest leaves; up to twice as many are held.
const KEPT_ROWS: usize = 50_000;
/// How many bytes are gathered before they are copied.
const COPY_BYTES: usize = 1 << 20;

/// The session settings of a bulk load. Nothing counts before the position moves, which is committed durably.
const BULK: &str = "SET synchronous_commit = off; SET maintenance_work_mem = '256MB'";
const DURABLE: &str = "SET synchronous_commit = on";

/// A version that is being filled.
pub(super) struct Fill {
    pub(super) store: Store,
    version: i16,
    copies: Vec<CopyRows>,
    has_keys: bool,
    /// By table.
    rows: Vec<u64>,
    reached: Checkpoint,
}

impl Fill {
    /// Begins with empty tables; `expected` is about how many rows there will be.
    pub(super) async fn begin(
        mut store: Store,
        version: i16,
        expected: usize,
    ) -> Result<Self, ProjectorError> {
        store.client.batch_execute(BULK).await?;
        store.rows.tables().into_iter().for_each(|table| table.remember(expected));
        let copies: Vec<CopyRows> = store.rows.tables().iter().map(|_| CopyRows::new()).collect();
        let rows = vec![0; copies.len()];
        let reached = store.checkpoint;
        Ok(Self { store, version, copies, has_keys: false, rows, reached })
    }

    /// Folds events that follow the last ones.
    pub(super) async fn take(&mut self, facts: &[Taken]) -> Result<(), ProjectorError> {
        if self.store.want(facts) {
            self.copy_out(0).await?;
            self.add_keys().await?;
            self.store.fetch().await?;
        }
        if let Some((_, poison)) = self.store.fold(facts) {
            return Err(match self.store.passes_over(&poison) {
                true => ProjectorError::StartsOver { model: self.store.model, position: poison.position },
                false => poison.into(),
            });
        }
        if let Some(last) = facts.last() {
            self.reached = self.store.reached(last);
        }
        self.evict().await
    }

    async fn evict(&mut self) -> Result<(), ProjectorError> {
        let full = self.store.rows.tables().iter().any(|table| table.len() > KEPT_ROWS.saturating_mul(2));
        if full && self.has_keys {
            self.store.write_changes().await?;
        }
        for (table, copy) in self.store.rows.tables().into_iter().zip(&mut self.copies) {
            if table.table().insert_only {
                table.evict(0, copy);
            } else if table.len() > KEPT_ROWS.saturating_mul(2) {
                table.evict(KEPT_ROWS, copy);
            }
        }
        self.copy_out(COPY_BYTES).await
    }

    /// Copies what was gathered, where it is at least so many bytes.
    async fn copy_out(&mut self, at_least: usize) -> Result<(), ProjectorError> {
        let tables: Vec<&'static Table> =
            self.store.rows.tables().into_iter().map(|table| table.table()).collect();
        for ((table, copy), rows) in tables.into_iter().zip(&mut self.copies).zip(&mut self.rows) {
            if copy.rows() == 0 || copy.size() < at_least {
                continue;
            }
            *rows = rows.saturating_add(copy.rows());
            copy_in(&self.store.client, self.store.schema(), table, copy).await?;
        }
        Ok(())
    }

    async fn add_keys(&mut self) -> Result<(), ProjectorError> {
        if !self.has_keys {
            let keys = filled(&history::keys(self.store.model), self.store.model, self.version);
            self.store.client.batch_execute(&keys).await?;
            self.has_keys = true;
        }
        Ok(())
    }

    /// Writes what is left, makes keys and indexes, with a connection `beside` its own, and moves the position. Returns the
    /// version, and its rows.
    pub(super) async fn finish(mut self, beside: &Client) -> Result<(Store, u64), ProjectorError> {
        if self.has_keys {
            self.store.write_changes().await?;
        }
        let tables = self.store.rows.tables().into_iter();
        for ((table, copy), rows) in tables.zip(&mut self.copies).zip(&mut self.rows) {
            table.evict(0, copy);
            *rows = rows.saturating_add(copy.rows());
        }
        let left = self.copies.into_iter().zip(self.rows.iter().copied()).collect();
        beside.batch_execute(BULK).await?;
        let jobs = Jobs::new((self.store.model, self.version), self.has_keys, left);
        jobs.run((&self.store.client, beside)).await?;
        self.store.client.batch_execute(DURABLE).await?;
        if self.reached.position > self.store.position() {
            self.store.reach(self.reached).await?;
        }
        self.store.forget();
        Ok((self.store, self.rows.iter().sum()))
    }
}
