//! Rows that change, found by their key, and what they were before.
//!
//! Keeps true: a row is only read or changed after its key was asked for and looked up, so the fold never
//! mistakes "not loaded" for "not there"; a key with changes never leaves before they were handed out. The first
//! change of a row by an event puts what the row was before into the past, so every event leaves one version
//! behind, however the events are cut into batches and however often one of them changes a row.

use domain::Time;
use foldhash::{HashMap, HashSet};

use super::{
    AnyTable, Array, Changes, Changing, Columns, CopyRows, Impossible, Table,
    bloom::Bloom,
    past::{Past, Version},
};

/// The column that says when the event of a version happened.
const OCCURRED_AT: &str = "occurred_at";

#[derive(Debug)]
struct Entry<R> {
    /// Apart, so that the map moves little as it grows.
    version: Option<Box<Version<R>>>,
    changed: bool,
    stored: bool,
    touched: u32,
}

impl<R> Entry<R> {
    /// A key that has no row.
    const fn vacant(touched: u32) -> Self {
        Self { version: None, changed: false, stored: false, touched }
    }
}

/// The rows of one table, with those that they were before.
#[derive(Debug)]
pub(crate) struct Keyed<R: Changing> {
    present: Present<R>,
    past: Option<Past<R>>,
}

/// The rows of one table that are in memory.
#[derive(Debug)]
struct Present<R: Changing> {
    entries: HashMap<R::Key, Entry<R>>,
    wanted: HashSet<R::Key>,
    changed: Vec<R::Key>,
    written: Option<Bloom>,
    batch: u32,
    position: i64,
    occurred_at: Time,
}

impl<R: Changing> Default for Keyed<R> {
    fn default() -> Self {
        let present = Present {
            entries: HashMap::default(),
            wanted: HashSet::default(),
            changed: Vec::new(),
            written: None,
            batch: 0,
            position: 0,
            occurred_at: Time::UNIX_EPOCH,
        };
        Self { present, past: R::PAST.map(Past::new) }
    }
}

fn named<R: Changing>(key: &R::Key) -> (&'static str, String) {
    (R::TABLE.name, format!("{key:?}"))
}

fn not_loaded<R: Changing>(key: &R::Key) -> Impossible {
    let (table, key) = named::<R>(key);
    Impossible::NotLoaded { table, key }
}

fn absent<R: Changing>(key: &R::Key) -> Impossible {
    let (table, key) = named::<R>(key);
    Impossible::Absent { table, key }
}

impl<R: Changing> Keyed<R> {
    /// Its table, and the one of its past.
    pub(crate) fn tables(&mut self) -> impl Iterator<Item = &mut dyn AnyTable> {
        let present: &mut dyn AnyTable = &mut self.present;
        let past = self.past.as_mut().map(|past| -> &mut dyn AnyTable { past });
        std::iter::once(present).chain(past)
    }

    /// Asks for a row; it can be used once the wanted rows were fetched.
    pub(crate) fn want(&mut self, key: R::Key) {
        self.present.want(key);
    }

    /// The row, if there is one.
    pub(crate) fn get(&self, key: R::Key) -> Result<Option<&R>, Impossible> {
        let entry = self.present.entries.get(&key).ok_or_else(|| not_loaded::<R>(&key))?;
        Ok(entry.version.as_ref().map(|version| &version.row))
    }

    /// A row that has to be there, to be changed by the event under way.
    pub(crate) fn change(&mut self, key: R::Key) -> Result<&mut R, Impossible> {
        let (position, occurred_at) = (self.present.position, self.present.occurred_at);
        let version = self.present.changing(key)?.as_mut().ok_or_else(|| absent::<R>(&key))?;
        if version.row.position() < position {
            if let Some(past) = &mut self.past {
                past.push(position, Version::clone(version));
            }
            version.row.set_position(position);
            version.occurred_at = occurred_at;
        }
        Ok(&mut version.row)
    }

    /// A row that must not be there yet.
    pub(crate) fn insert(&mut self, row: R) -> Result<(), Impossible> {
        let key = row.key();
        if self.get(key)?.is_some() {
            let (table, key) = named::<R>(&key);
            return Err(Impossible::Present { table, key });
        }
        self.put(row)
    }

    /// Puts a row, there or not.
    pub(crate) fn put(&mut self, mut row: R) -> Result<(), Impossible> {
        let (position, occurred_at) = (self.present.position, self.present.occurred_at);
        row.set_position(position);
        let version = self.present.changing(row.key())?;
        let before = version.replace(Box::new(Version { row, occurred_at }));
        if let (Some(past), Some(before)) = (&mut self.past, before)
            && before.row.position() < position
        {
            past.push(position, *before);
        }
        Ok(())
    }

    /// All rows in memory, for tests.
    #[cfg(test)]
    pub(crate) fn rows(&self) -> std::collections::BTreeMap<R::Key, R> {
        let entries = self.present.entries.iter();
        entries.filter_map(|(key, entry)| Some((*key, entry.version.clone()?.row))).collect()
    }

    /// What the rows were before, for tests.
    #[cfg(test)]
    pub(crate) fn past(&self) -> &Past<R> {
        self.past.as_ref().unwrap()
    }

    /// The rows as they were known at a position, for tests.
    #[cfg(test)]
    pub(crate) fn rows_at(&self, position: i64) -> std::collections::BTreeMap<R::Key, R> {
        let ended = self.past.iter().flat_map(Past::ended).filter(|(until, _)| *until > position);
        let mut rows: Vec<R> = ended.map(|(_, version)| version.row.clone()).collect();
        rows.extend(self.rows().into_values());
        rows.retain(|row| row.position() <= position);
        let count = rows.len();
        let rows: std::collections::BTreeMap<_, _> = rows.into_iter().map(|row| (row.key(), row)).collect();
        assert_eq!(rows.len(), count, "two versions of one row at {position}");
        rows
    }
}

impl<R: Changing> Present<R> {
    fn want(&mut self, key: R::Key) {
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.touched = self.batch;
        } else if self.written.as_ref().is_some_and(|written| !written.may_hold(&key)) {
            self.entries.insert(key, Entry::vacant(self.batch));
        } else {
            self.wanted.insert(key);
        }
    }

    /// The place of a row that is about to change.
    fn changing(&mut self, key: R::Key) -> Result<&mut Option<Box<Version<R>>>, Impossible> {
        let entry = self.entries.get_mut(&key).ok_or_else(|| not_loaded::<R>(&key))?;
        if !entry.changed {
            entry.changed = true;
            self.changed.push(key);
        }
        Ok(&mut entry.version)
    }

    /// The oldest batch that may stay so that about `keep` rows do.
    fn oldest_to_keep(&self, keep: usize) -> Option<u32> {
        let excess = self.entries.len().checked_sub(keep).filter(|excess| *excess > 0)?;
        let mut touched: Vec<u32> = self.entries.values().map(|entry| entry.touched).collect();
        let (_, limit, _) = touched.select_nth_unstable(excess.saturating_sub(1));
        Some(limit.saturating_add(1))
    }
}

impl<R: Changing> AnyTable for Present<R> {
    fn table(&self) -> &'static Table {
        R::TABLE
    }

    fn begin(&mut self) {
        self.batch = self.batch.saturating_add(1);
    }

    fn at(&mut self, position: i64, occurred_at: Time) {
        self.position = position;
        self.occurred_at = occurred_at;
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
            let version = Box::new(Version { row: R::read(row)?, occurred_at: row.try_get(OCCURRED_AT)? });
            let key = version.row.key();
            self.wanted.remove(&key);
            let entry = Entry { version: Some(version), changed: false, stored: true, touched };
            self.entries.insert(key, entry);
        }
        for key in self.wanted.drain() {
            self.entries.insert(key, Entry::vacant(touched));
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
            if let Some(version) = &entry.version {
                version.write(&mut columns);
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
            let Some(version) = entry.version else { continue };
            if !entry.stored {
                version.write(rows);
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
