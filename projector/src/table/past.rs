//! The former versions of rows, on their way out.
//!
//! Keeps true: a version is here once, with the position that ended it; nobody reads it here or changes it.

use domain::Time;

use super::{AnyTable, Array, Changes, Changing, Columns, CopyRows, Field as _, Sink, Table};

/// A row as one event made it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Version<R> {
    /// The row.
    pub(crate) row: R,
    /// When that event happened.
    pub(crate) occurred_at: Time,
}

impl<R: Changing> Version<R> {
    /// Writes it as a row of the present.
    pub(super) fn write<S: Sink>(&self, sink: &mut S) {
        sink.row(R::KEYS.saturating_add(R::COLUMNS).saturating_add(1));
        R::put_key(&self.row.key(), sink);
        self.row.put_columns(sink);
        self.occurred_at.put(sink.next());
    }

    /// Writes it as a row of the past.
    fn write_past<S: Sink>(&self, until: i64, sink: &mut S) {
        sink.row(R::KEYS.saturating_add(R::COLUMNS).saturating_add(2));
        R::put_key(&self.row.key(), sink);
        until.put(sink.next());
        self.row.put_columns(sink);
        self.occurred_at.put(sink.next());
    }
}

/// The former versions that were not written yet.
#[derive(Debug)]
pub(crate) struct Past<R> {
    table: &'static Table,
    ended: Vec<(i64, Version<R>)>,
}

impl<R: Changing> Past<R> {
    /// None yet, for this table.
    pub(super) const fn new(table: &'static Table) -> Self {
        Self { table, ended: Vec::new() }
    }

    /// A version ended at a position.
    pub(super) fn push(&mut self, until: i64, version: Version<R>) {
        self.ended.push((until, version));
    }

    /// What ended, and where, for tests.
    #[cfg(test)]
    pub(crate) fn ended(&self) -> &[(i64, Version<R>)] {
        &self.ended
    }
}

impl<R: Changing> AnyTable for Past<R> {
    fn table(&self) -> &'static Table {
        self.table
    }

    fn begin(&mut self) {}

    fn at(&mut self, _: i64, _: Time) {}

    fn wanted(&self) -> Option<Vec<Array>> {
        None
    }

    fn is_wanting(&self) -> bool {
        false
    }

    fn absorb(&mut self, _: &[tokio_postgres::Row]) -> Result<(), tokio_postgres::Error> {
        Ok(())
    }

    fn changes(&mut self, of: Changes) -> Option<Columns> {
        if of == Changes::OfWritten {
            return None;
        }
        let mut columns = Columns::new(self.table.oids);
        self.ended.drain(..).for_each(|(until, version)| version.write_past(until, &mut columns));
        (columns.rows() > 0).then_some(columns)
    }

    fn trim(&mut self, _: usize) {}

    fn remember(&mut self, _: usize) {}

    fn evict(&mut self, _: usize, rows: &mut CopyRows) {
        self.ended.drain(..).for_each(|(until, version)| version.write_past(until, rows));
    }

    fn len(&self) -> usize {
        self.ended.len()
    }
}
