//! Rows that are written once and never read by the fold.

use domain::Time;

use super::{AnyTable, Array, Changes, Columns, CopyRows, Row, Table};

/// The rows of one table that were made and not written yet.
#[derive(Debug)]
pub(crate) struct Appended<R: Row> {
    rows: Vec<R>,
}

impl<R: Row> Default for Appended<R> {
    fn default() -> Self {
        Self { rows: Vec::new() }
    }
}

impl<R: Row> Appended<R> {
    /// Adds a row.
    pub(crate) fn push(&mut self, row: R) {
        self.rows.push(row);
    }

    /// What was added, for tests.
    #[cfg(test)]
    pub(crate) fn rows(&self) -> &[R] {
        &self.rows
    }
}

impl<R: Row> AnyTable for Appended<R> {
    fn table(&self) -> &'static Table {
        R::TABLE
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
        let mut columns = Columns::new(R::TABLE.oids);
        self.rows.drain(..).for_each(|row| row.write(&mut columns));
        (columns.rows() > 0).then_some(columns)
    }

    fn trim(&mut self, _: usize) {}

    fn remember(&mut self, _: usize) {}

    fn evict(&mut self, _: usize, rows: &mut CopyRows) {
        self.rows.drain(..).for_each(|row| row.write(rows));
    }

    fn len(&self) -> usize {
        self.rows.len()
    }
}
