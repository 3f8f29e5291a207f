//! A table without its row type: what the writer needs.

use domain::Time;

use super::{Array, Columns, CopyRows, Table};

/// Which changes to hand out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Changes {
    /// Every row that changed or is new.
    All,
    /// Only changes of rows that were written before; new ones leave by `COPY`.
    OfWritten,
}

/// A table of a read model, whatever its rows are.
pub(crate) trait AnyTable: Send {
    /// Its name and columns.
    fn table(&self) -> &'static Table;
    /// A new batch begins: what it touches counts as recent.
    fn begin(&mut self);
    /// An event is about to be applied: what changes from here on is a version of its own.
    fn at(&mut self, position: i64, occurred_at: Time);
    /// The keys that have to be fetched before the batch can be applied, as one array per key column.
    fn wanted(&self) -> Option<Vec<Array>>;
    /// Whether there are keys to be fetched.
    fn is_wanting(&self) -> bool;
    /// Takes in what was fetched; wanted keys without a row are known to be absent.
    fn absorb(&mut self, rows: &[tokio_postgres::Row]) -> Result<(), tokio_postgres::Error>;
    /// Hands out the rows that changed, for one statement. They count as written from now on: whoever fails to
    /// write them throws the model away.
    fn changes(&mut self, of: Changes) -> Option<Columns>;
    /// Forgets the least recent rows above `keep`; rows that changed stay.
    fn trim(&mut self, keep: usize);
    /// In a rebuild: remembers which keys were written, so that others need not be looked for.
    fn remember(&mut self, expected: usize);
    /// In a rebuild: moves new rows out for `COPY` and drops them, the least recent above `keep` only.
    fn evict(&mut self, keep: usize, rows: &mut CopyRows);
    /// How many rows it holds.
    fn len(&self) -> usize;
}
