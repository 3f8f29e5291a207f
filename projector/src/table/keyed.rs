//! Rows that change, found by their key.
//!
//! Keeps true: a row is only read or changed after its key was asked for and looked up, so the fold never
//! mistakes "not loaded" for "not there"; a key with changes never leaves before they were handed out.

use foldhash::{HashMap, HashSet};

use super::{AnyTable, Array, Changes, Columns, CopyRows, Impossible, Row, Table, bloom::Bloom};

#[derive(Debug)]
struct Entry<R> {
    row: Option<R>,
    changed: bool,
    stored: bool,
    touched: u32,
}

/// The rows of one table that are in memory.
#[derive(Debug)]
pub(crate) struct Keyed<R: Row> {
    entries: HashMap<R::Key, Entry<R>>,
    wanted: HashSet<R::Key>,
    changed: Vec<R::Key>,
    written: Option<Bloom>,
    batch: u32,
}

impl<R: Row> Default for Keyed<R> {
    fn default() -> Self {
        Self {
            entries: HashMap::default(),
            wanted: HashSet::default(),
            changed: Vec::new(),
            written: None,
            batch: 0,
        }
    }
}

fn named<R: Row>(key: &R::Key) -> (&'static str, String) {
    (R::TABLE.name, format!("{key:?}"))
}

fn not_loaded<R: Row>(key: &R::Key) -> Impossible {
    let (table, key) = named::<R>(key);
    Impossible::NotLoaded { table, key }
}

fn absent<R: Row>(key: &R::Key) -> Impossible {
    let (table, key) = named::<R>(key);
    Impossible::Absent { table, key }
}

impl<R: Row> Keyed<R> {
    /// Asks for a row; it can be used once the wanted rows were fetched.
    pub(crate) fn want(&mut self, key: R::Key) {
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.touched = self.batch;
        } else if self.written.as_ref().is_some_and(|written| !written.may_hold(&key)) {
            self.entries.insert(key, Entry { row: None, changed: false, stored: false, touched: self.batch });
        } else {
            self.wanted.insert(key);
        }
    }

    /// The row, if there is one.
    pub(crate) fn get(&self, key: R::Key) -> Result<Option<&R>, Impossible> {
        self.entries.get(&key).map(|entry| entry.row.as_ref()).ok_or_else(|| not_loaded::<R>(&key))
    }

    /// A row that has to be there, to be changed.
    pub(crate) fn change(&mut self, key: R::Key) -> Result<&mut R, Impossible> {
        let entry = self.entries.get_mut(&key).ok_or_else(|| not_loaded::<R>(&key))?;
        let row = entry.row.as_mut().ok_or_else(|| absent::<R>(&key))?;
        if !entry.changed {
            entry.changed = true;
            self.changed.push(key);
        }
        Ok(row)
    }

    /// A row that must not be there yet.
    pub(crate) fn insert(&mut self, row: R) -> Result<(), Impossible> {
        let key = row.key();
        let entry = self.entries.get_mut(&key).ok_or_else(|| not_loaded::<R>(&key))?;
        if entry.row.is_some() {
            let (table, key) = named::<R>(&key);
            return Err(Impossible::Present { table, key });
        }
        entry.row = Some(row);
        if !entry.changed {
            entry.changed = true;
            self.changed.push(key);
        }
        Ok(())
    }

    /// Puts a row, there or not.
    pub(crate) fn put(&mut self, row: R) -> Result<(), Impossible> {
        let key = row.key();
        let entry = self.entries.get_mut(&key).ok_or_else(|| not_loaded::<R>(&key))?;
        entry.row = Some(row);
        if !entry.changed {
            entry.changed = true;
            self.changed.push(key);
        }
        Ok(())
    }

    /// All rows in memory, for tests.
    #[cfg(test)]
    pub(crate) fn rows(&self) -> std::collections::BTreeMap<R::Key, R> {
        self.entries.iter().filter_map(|(key, entry)| Some((*key, entry.row.clone()?))).collect()
    }

    /// The oldest batch that may stay so that about `keep` rows do.
    fn oldest_to_keep(&self, keep: usize) -> Option<u32> {
        let excess = self.entries.len().checked_sub(keep).filter(|excess| *excess > 0)?;
        let mut touched: Vec<u32> = self.entries.values().map(|entry| entry.touched).collect();
        let (_, limit, _) = touched.select_nth_unstable(excess.saturating_sub(1));
        Some(limit.saturating_add(1))
    }
}

impl<R: Row> AnyTable for Keyed<R> {
    fn table(&self) -> &'static Table {
        R::TABLE
    }

    fn begin(&mut self) {
        self.batch = self.batch.saturating_add(1);
    }

    fn wanted(&self) -> Option<Vec<Array>> {
        if self.wanted.is_empty() {
            return None;
        }
        let oids = R::TABLE.oids.get(..R::TABLE.key).unwrap_or(R::TABLE.oids);
        let mut columns = Columns::new(oids);
        self.wanted.iter().for_each(|key| R::write_key(key, &mut columns));
        Some(columns.into_arrays())
    }

    fn is_wanting(&self) -> bool {
        !self.wanted.is_empty()
    }

    fn absorb(&mut self, rows: &[tokio_postgres::Row]) -> Result<(), tokio_postgres::Error> {
        let touched = self.batch;
        for row in rows {
            let row = R::read(row)?;
            let entry = Entry { changed: false, stored: true, touched, row: None };
            self.wanted.remove(&row.key());
            self.entries.insert(row.key(), Entry { row: Some(row), ..entry });
        }
        for key in self.wanted.drain() {
            self.entries.insert(key, Entry { row: None, changed: false, stored: false, touched });
        }
        Ok(())
    }

    fn changes(&mut self, of: Changes) -> Option<Columns> {
        let mut columns = Columns::new(R::TABLE.oids);
        let mut staying = Vec::new();
        self.changed.sort_unstable();
        for key in self.changed.drain(..) {
            let Some(entry) = self.entries.get_mut(&key) else { continue };
            if of == Changes::OfWritten && !entry.stored {
                staying.push(key);
                continue;
            }
            entry.changed = false;
            entry.stored = true;
            if let Some(row) = &entry.row {
                row.write(&mut columns);
            }
        }
        self.changed = staying;
        (columns.rows() > 0).then_some(columns)
    }

    fn trim(&mut self, keep: usize) {
        // Trimming looks at every entry, so it waits until there are twice as many as may stay.
        if self.entries.len() < keep.saturating_mul(2) {
            return;
        }
        let Some(oldest) = self.oldest_to_keep(keep) else { return };
        self.entries.retain(|_, entry| entry.changed || entry.touched >= oldest);
    }

    fn remember(&mut self, expected: usize) {
        self.written = Some(Bloom::for_keys(expected));
    }

    fn evict(&mut self, keep: usize, rows: &mut CopyRows) {
        let Some(oldest) = self.oldest_to_keep(keep) else { return };
        // Sorted, so that the table's order on disk is that of its ids.
        let mut leaving: Vec<R::Key> = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.touched < oldest && !(entry.stored && entry.changed))
            .map(|(key, _)| *key)
            .collect();
        leaving.sort_unstable();
        for key in leaving {
            let Some(entry) = self.entries.remove(&key) else { continue };
            let Some(row) = entry.row else { continue };
            if !entry.stored {
                row.write(rows);
            }
            if let Some(written) = &mut self.written {
                written.insert(&key);
            }
        }
        self.changed.retain(|key| self.entries.contains_key(key));
    }

    fn len(&self) -> usize {
        self.entries.len()
    }
}
