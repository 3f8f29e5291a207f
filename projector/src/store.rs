//! One version of a read model on its connection: takes events, fetches the rows they touch, applies them in
//! memory and writes what changed together with the position.
//!
//! Keeps true (I7): rows and position move in one transaction, and only from where the position stood; rows in
//! memory are those of that position, so after any failure they are thrown away. Statements of one batch are
//! sent together: two round trips, one for the rows and one for the commit.

use std::collections::{BTreeSet, HashMap};

use futures_util::future::{join, join_all, try_join_all};
use ledger::{Checkpoint, Envelope, Ledger, Position};
use tokio_postgres::{Client, Statement, types::ToSql};

use crate::{
    ModelName, Poison, ProjectorError,
    control::Version,
    fact::Taken,
    model::Model,
    skips, statements,
    table::{Array, Changes, Columns, Table},
};

/// How many rows of each table stay in memory between batches.
const KEPT_ROWS: usize = 20_000;

/// One version of a read model, as its writer holds it.
pub(crate) struct Store {
    pub(crate) client: Client,
    pub(crate) model: ModelName,
    version: i16,
    live: bool,
    schema: String,
    pub(crate) checkpoint: Checkpoint,
    pub(crate) rows: Box<dyn Model>,
    /// Positions that may be passed over, should they not apply, and those that did not.
    recorded: BTreeSet<i64>,
    passed: BTreeSet<i64>,
    prepared: HashMap<(&'static str, bool), Statement>,
    fence: Statement,
}

/// What became of a batch.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    /// How many events were applied.
    pub(crate) events: usize,
    /// The event at which it stopped.
    pub(crate) poison: Option<Poison>,
}

impl Store {
    /// Goes on with a version where it stands.
    pub(crate) async fn open(
        ledger: &Ledger,
        client: Client,
        version: &Version,
    ) -> Result<Self, ProjectorError> {
        let fence = client.prepare(statements::MOVE).await?;
        let recorded = skips::recorded(ledger, version.model).await?;
        Ok(Self {
            client,
            model: version.model,
            version: version.version,
            live: version.live,
            schema: version.schema(),
            checkpoint: version.checkpoint,
            rows: version.model.start(),
            recorded,
            passed: BTreeSet::new(),
            prepared: HashMap::new(),
            fence,
        })
    }

    /// The position of the last event that was applied.
    pub(crate) const fn position(&self) -> Position {
        self.checkpoint.position
    }

    /// The schema that it writes to.
    pub(crate) fn schema(&self) -> &str {
        &self.schema
    }

    /// Gives the connection back.
    pub(crate) fn into_client(self) -> Client {
        self.client
    }

    /// Applies events in one transaction. Those that are known already are dropped; a poison event ends the batch
    /// before it.
    pub(crate) async fn apply(&mut self, events: &[Envelope]) -> Result<Applied, ProjectorError> {
        let mut facts = self.new_ones(events)?;
        let mut poison = None;
        loop {
            if facts.is_empty() {
                return Ok(Applied { events: 0, poison });
            }
            match self.stage(&facts).await {
                Ok(None) => break,
                Ok(Some((good, found))) => {
                    // The rows in memory hold half of the bad event: begin again without it, or with the good ones.
                    if !self.passes_over(&found) {
                        facts.truncate(good);
                        poison = Some(found);
                    }
                    self.forget();
                }
                Err(error) => {
                    self.forget();
                    return Err(error);
                }
            }
        }
        let Some(last) = facts.last().map(|fact| self.reached(fact)) else { return Ok(Applied::default()) };
        let written = self.commit(last).await;
        if written.is_err() {
            self.forget();
        }
        written?;
        self.rows.tables().into_iter().for_each(|table| table.trim(KEPT_ROWS));
        Ok(Applied { events: facts.len(), poison })
    }

    /// The checkpoint right after an event.
    pub(crate) const fn reached(&self, fact: &Taken) -> Checkpoint {
        let (position, event_id) = (fact.position(), Some(fact.id()));
        Checkpoint { identity: self.checkpoint.identity, position, event_id }
    }

    /// Whether an event that cannot be applied may be passed over, and from now on is.
    pub(crate) fn passes_over(&mut self, poison: &Poison) -> bool {
        let position = poison.position.get();
        let may = self.recorded.contains(&position);
        if may && self.passed.insert(position) {
            tracing::warn!(model = %self.model, position, why = poison.why, "passed over, as recorded");
        }
        may
    }

    /// Passes over these from the beginning.
    pub(crate) fn pass(&mut self, positions: &BTreeSet<i64>) {
        self.passed.clone_from(positions);
    }

    /// Throws the rows in memory away.
    pub(crate) fn forget(&mut self) {
        self.rows = self.model.start();
    }

    /// Drops what is known, asserts that nothing is left out (I5), and reads the payloads.
    fn new_ones(&self, events: &[Envelope]) -> Result<Vec<Taken>, ProjectorError> {
        let mut last = self.position();
        let mut facts = Vec::with_capacity(events.len());
        for envelope in events.iter().filter(|envelope| envelope.position > self.position()) {
            let expected = last.next();
            if envelope.position != expected {
                return Err(ProjectorError::Gap { expected, found: envelope.position });
            }
            facts.push(Taken::read(envelope.essence()));
            last = envelope.position;
        }
        Ok(facts)
    }

    /// Fetches the rows that the events touch and applies them in memory. Returns how many were good, and the
    /// first that was not.
    pub(crate) async fn stage(&mut self, facts: &[Taken]) -> Result<Option<(usize, Poison)>, ProjectorError> {
        if self.want(facts) {
            self.fetch().await?;
        }
        Ok(self.fold(facts))
    }

    /// Asks for the rows that the events touch, and says whether some have to be fetched.
    pub(crate) fn want(&mut self, facts: &[Taken]) -> bool {
        self.rows.tables().into_iter().for_each(|table| table.begin());
        for fact in facts {
            match fact {
                Taken::Readable(fact) if !self.passed.contains(&fact.position.get()) => self.rows.want(fact),
                Taken::Readable(_) | Taken::Unreadable { .. } => {}
            }
        }
        self.rows.tables().into_iter().any(|table| table.is_wanting())
    }

    /// Applies events to rows that are at hand.
    pub(crate) fn fold(&mut self, facts: &[Taken]) -> Option<(usize, Poison)> {
        for (good, fact) in facts.iter().enumerate() {
            if self.passed.contains(&fact.position().get()) {
                continue;
            }
            let applied = match fact {
                Taken::Readable(fact) => self.rows.apply(fact).map_err(|impossible| Poison {
                    position: fact.position,
                    event_type: fact.event.event_type().to_owned(),
                    why: impossible.to_string(),
                }),
                // Nothing of it is in the rows.
                Taken::Unreadable { poison, .. } if self.passes_over(poison) => continue,
                Taken::Unreadable { poison, .. } => Err(poison.clone()),
            };
            if let Err(poison) = applied {
                return Some((good, poison));
            }
        }
        None
    }

    /// Fetches the rows that were asked for.
    pub(crate) async fn fetch(&mut self) -> Result<(), ProjectorError> {
        let wanted: Vec<(usize, &'static Table, Vec<Array>)> = self
            .rows
            .tables()
            .into_iter()
            .enumerate()
            .filter_map(|(number, table)| Some((number, table.table(), table.wanted()?)))
            .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let mut queries = Vec::with_capacity(wanted.len());
        for (number, table, keys) in wanted {
            queries.push((number, self.prepare(table, false).await?, keys));
        }
        let client = &self.client;
        let found = try_join_all(queries.iter().map(|(number, statement, keys)| async move {
            let keys = parameters(keys);
            Ok::<_, tokio_postgres::Error>((*number, client.query(statement, &keys).await?))
        }))
        .await?;
        let mut tables = self.rows.tables();
        for (number, rows) in found {
            if let Some(table) = tables.get_mut(number) {
                table.absorb(&rows)?;
            }
        }
        Ok(())
    }

    async fn prepare(&mut self, table: &'static Table, write: bool) -> Result<Statement, ProjectorError> {
        if let Some(statement) = self.prepared.get(&(table.name, write)) {
            return Ok(statement.clone());
        }
        let sql = if write {
            statements::write(&self.schema, table)
        } else {
            statements::fetch(&self.schema, table)
        };
        let statement = self.client.prepare(&sql).await?;
        self.prepared.insert((table.name, write), statement.clone());
        Ok(statement)
    }

    async fn commit(&mut self, to: Checkpoint) -> Result<(), ProjectorError> {
        let changes = self.take_changes(Changes::All).await?;
        let (begun, written) = join(self.client.batch_execute("BEGIN"), self.write_in_tx(&changes, to)).await;
        begun?;
        match written {
            Ok(()) => self.client.batch_execute("COMMIT").await?,
            Err(error) => {
                self.client.batch_execute("ROLLBACK").await?;
                return Err(error);
            }
        }
        self.checkpoint = to;
        Ok(())
    }

    /// Writes what was staged in the transaction that is open on this connection; nothing counts before it
    /// commits.
    pub(crate) async fn flush_in_tx(&mut self, to: Checkpoint) -> Result<(), ProjectorError> {
        let changes = self.take_changes(Changes::All).await?;
        self.write_in_tx(&changes, to).await?;
        self.checkpoint = to;
        Ok(())
    }

    /// Writes changes of rows that were written before, outside of any batch: a rebuild's way.
    pub(crate) async fn write_changes(&mut self) -> Result<(), ProjectorError> {
        let changes = self.take_changes(Changes::OfWritten).await?;
        for change in &changes {
            change.write(&self.client).await?;
        }
        Ok(())
    }

    /// Moves the position outside of any batch: the rows up to there are written.
    pub(crate) async fn reach(&mut self, to: Checkpoint) -> Result<(), ProjectorError> {
        self.move_in_tx(to).await?;
        self.checkpoint = to;
        Ok(())
    }

    async fn take_changes(&mut self, of: Changes) -> Result<Vec<Change>, ProjectorError> {
        let taken: Vec<(&'static Table, Columns)> = self
            .rows
            .tables()
            .into_iter()
            .filter_map(|table| Some((table.table(), table.changes(of)?)))
            .collect();
        let mut changes = Vec::with_capacity(taken.len());
        for (table, columns) in taken {
            let statement = self.prepare(table, true).await?;
            let rows = u64::try_from(columns.rows()).unwrap_or(0);
            changes.push(Change { table, statement, rows, columns: columns.into_arrays() });
        }
        Ok(changes)
    }

    async fn write_in_tx(&self, changes: &[Change], to: Checkpoint) -> Result<(), ProjectorError> {
        let moved = self.move_in_tx(to);
        let written = join_all(changes.iter().map(|change| change.write(&self.client)));
        let (moved, written) = join(moved, written).await;
        moved?;
        written.into_iter().collect()
    }

    async fn move_in_tx(&self, to: Checkpoint) -> Result<(), ProjectorError> {
        let (model, version) = (self.model, self.version);
        let (from, next) = (self.checkpoint.position.get(), to.position.get());
        let moved = self
            .client
            .execute(&self.fence, &[&model.as_str(), &version, &from, &next, &to.event_id, &self.live])
            .await?;
        if moved == 1 { Ok(()) } else { Err(ProjectorError::Fenced { model, version }) }
    }
}

struct Change {
    table: &'static Table,
    statement: Statement,
    rows: u64,
    columns: Vec<Array>,
}

impl Change {
    async fn write(&self, client: &Client) -> Result<(), ProjectorError> {
        let written = client.execute(&self.statement, &parameters(&self.columns)).await?;
        if written == self.rows {
            Ok(())
        } else {
            Err(ProjectorError::Written { table: self.table.name, given: self.rows, written })
        }
    }
}

fn parameters(arrays: &[Array]) -> Vec<&(dyn ToSql + Sync)> {
    arrays.iter().map(|array| -> &(dyn ToSql + Sync) { array }).collect()
}
