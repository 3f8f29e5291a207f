//! The list of erased persons beside the keys: what a restored database must not know again.
//!
//! The file `erased` in the keys directory has a line for each step: `+ID` before the transaction that destroys the
//! key, `=ID` once it has committed. `=` counts for ever: whoever starts applies it to the database at hand, which may be
//! an older one. A `+` without `=` is what a crash left; the ledger at hand tells whether that transaction committed.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::PathBuf,
};

use uuid::Uuid;

use super::Keys;
use crate::{Ledger, LedgerError, statements};

/// The list cannot be kept, or cannot be applied.
#[derive(Debug, thiserror::Error)]
pub enum ErasedError {
    /// The file cannot be read or written.
    #[error("{} cannot be used", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A line says nothing that is known.
    #[error("line {line} of {} is neither +ID nor =ID", path.display())]
    Line {
        /// Of which file.
        path: PathBuf,
        /// Which.
        line: usize,
    },
    /// The database cannot be asked or told.
    #[error("the erased persons cannot be applied")]
    Ledger(#[from] LedgerError),
}

/// The list.
#[derive(Debug, Clone)]
pub struct Erased {
    path: PathBuf,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Listed {
    begun: BTreeSet<Uuid>,
    done: BTreeSet<Uuid>,
}

impl Erased {
    /// The list beside these keys.
    #[must_use]
    pub fn beside(keys: &Keys) -> Self {
        Self { path: keys.directory().join("erased") }
    }

    /// Notes that a person is about to be erased; durable when it returns.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn begin(&self, person: Uuid) -> Result<(), ErasedError> {
        self.note('+', person)
    }

    /// Notes that a person was erased; durable when it returns.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn done(&self, person: Uuid) -> Result<(), ErasedError> {
        self.note('=', person)
    }

    /// Destroys the keys of everybody listed in the database at hand, and says how many there were.
    ///
    /// # Errors
    /// The file cannot be read, or the database is away.
    pub async fn apply(&self, ledger: &Ledger) -> Result<i64, ErasedError> {
        let Listed { begun, done } = self.read()?;
        let open: Vec<Uuid> = begun.difference(&done).copied().collect();
        let committed = erased_in(ledger, &open).await?;
        for person in &committed {
            self.done(*person)?;
        }
        let all: Vec<Uuid> = done.into_iter().chain(committed).collect();
        if all.is_empty() { Ok(0) } else { Ok(ledger.destroy_persons(&all).await?) }
    }

    fn note(&self, step: char, person: Uuid) -> Result<(), ErasedError> {
        let write = || -> io::Result<()> {
            let mut file = fs::OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)?;
            file.write_all(format!("{step}{person}\n").as_bytes())?;
            file.sync_all()?;
            self.path.parent().map_or(Ok(()), |directory| fs::File::open(directory)?.sync_all())
        };
        write().map_err(|source| self.failed(source))
    }

    fn read(&self) -> Result<Listed, ErasedError> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Listed::default()),
            Err(error) => return Err(self.failed(error)),
        };
        let mut listed = Listed::default();
        // A last line without its end is what a crash left of a note.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        for (number, line) in whole.lines().enumerate() {
            let wrong = || ErasedError::Line { path: self.path.clone(), line: number.saturating_add(1) };
            let (step, id) = line.split_at_checked(1).ok_or_else(wrong)?;
            let id: Uuid = id.parse().map_err(|_| wrong())?;
            match step {
                "+" => listed.begun.insert(id),
                "=" => listed.done.insert(id),
                _ => return Err(wrong()),
            };
        }
        Ok(listed)
    }

    fn failed(&self, source: io::Error) -> ErasedError {
        ErasedError::File { path: self.path.clone(), source }
    }
}

async fn erased_in(ledger: &Ledger, persons: &[Uuid]) -> Result<Vec<Uuid>, LedgerError> {
    if persons.is_empty() {
        return Ok(Vec::new());
    }
    let (client, statement) = ledger.prepared(statements::ERASED_IN_LEDGER).await?;
    let rows = client.query(&statement, &[&persons]).await?;
    rows.iter().map(|row| row.try_get(0).map_err(LedgerError::from)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_begun_and_what_was_done_is_read_back_and_half_a_line_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let erased = Erased::beside(&Keys::open_or_create(directory.path()).unwrap());
        assert_eq!(erased.read().unwrap(), Listed::default());
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        erased.begin(one).unwrap();
        erased.done(one).unwrap();
        erased.begin(two).unwrap();
        let mut file = fs::OpenOptions::new().append(true).open(&erased.path).unwrap();
        file.write_all(b"=0000").unwrap();
        let listed = erased.read().unwrap();
        assert_eq!(listed, Listed { begun: [one, two].into(), done: [one].into() });
    }

    #[test]
    fn a_line_that_says_nothing_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let erased = Erased::beside(&Keys::open_or_create(directory.path()).unwrap());
        for bad in ["x\n", "+\n", "?00000000-0000-0000-0000-000000000001\n", "\u{e9}\n"] {
            fs::write(&erased.path, bad).unwrap();
            assert!(matches!(erased.read(), Err(ErasedError::Line { line: 1, .. })), "{bad:?}");
        }
    }
}
