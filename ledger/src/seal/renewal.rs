//! Renewal: every person's key is wrapped anew, every blind index made anew, and the old keys are destroyed.
//!
//! What somebody who was erased left in a backup opens with nothing once the generation of that time is gone. Events stay
//! as they are: a person's own key does not change, only what wraps it.
//!
//! It runs beside everything else, as the owner of the schema. The new keys lie in `next/` until the database has changed
//! over; a process that meets the new generation reads its keys again. Locks, in order: `person_key` and `letter` (nobody
//! makes a key meanwhile), the head (nobody appends). Commands wait for as long as it takes; about a second for 20,000 customers.
//! A command that had taken an old blind index before and is appended after is looked after by [`settle_late`].

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::str::FromStr as _;

use serde::Deserialize;
use tokio_postgres::{Client, Config, Transaction};
use uuid::Uuid;

use super::keys::{Generation, create_key};
use super::{Keys, KeysError, PersonKey, SealError, Wrapped};
use crate::{LedgerError, statements, store};

/// Rows that are changed by one statement.
const CHUNK: usize = 5_000;

/// Why keys could not be renewed. Before the database has changed over, nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum RenewalError {
    /// The keys directory cannot be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The database cannot be asked or changed.
    #[error("the database cannot change over")]
    Ledger(#[from] LedgerError),
    /// Somebody's key or phone does not open.
    #[error("what is sealed of person {person} does not open")]
    Person {
        /// Whose.
        person: Uuid,
        /// Why.
        #[source]
        source: SealError,
    },
    /// Somebody's first event does not hold a phone.
    #[error("the first event of person {0} holds no phone")]
    NoPhone(Uuid),
    /// The directory and the database do not belong together.
    #[error(
        "the database is at generation {database}, the keys at {keys}, and nothing in next/ leads from one to the other"
    )]
    Generations {
        /// The database's.
        database: Generation,
        /// The directory's.
        keys: Generation,
    },
    /// Two customers have the same number: one registered while the keys were renewed.
    #[error("customers {0} and {1} have the same number")]
    Twice(Uuid, Uuid),
}

/// What was renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renewed {
    /// The generation from now on.
    pub generation: Generation,
    /// Keys of persons that were wrapped anew.
    pub persons: usize,
    /// Blind indexes that were made anew.
    pub phones: usize,
}

/// Renews the keys of a directory and its database, or finishes a renewal that was cut.
///
/// # Errors
/// See [`RenewalError`].
pub async fn renew(owner_url: &str, directory: &Path) -> Result<Renewed, RenewalError> {
    let mut client = owner(owner_url).await?;
    finish(&client, directory).await?;
    let old = Keys::open(directory)?;
    let next = directory.join("next");
    make_next(&next)?;
    let new = old.with_next(&next)?;
    let transaction = client.transaction().await.map_err(LedgerError::from)?;
    let ledger_id = begin(&transaction).await?;
    let persons = (statements::ALL_PERSON_KEYS, statements::REWRAP);
    let persons = wrap_anew(&transaction, (&old, &new), ledger_id, persons).await?;
    let letters = (statements::ALL_LETTER_KEYS, statements::REWRAP_LETTERS);
    wrap_anew(&transaction, (&old, &new), ledger_id, letters).await?;
    let phones = index_anew(&transaction, &new, ledger_id).await?;
    let (generation, _) = new.newest();
    transaction.execute(statements::NEXT_GENERATION, &[&generation]).await.map_err(LedgerError::from)?;
    for statement in statements::FORGET_CODES {
        transaction.execute(*statement, &[]).await.map_err(LedgerError::from)?;
    }
    transaction.commit().await.map_err(LedgerError::from)?;
    put_in_place(directory, generation)?;
    destroy_older(directory, generation)?;
    Ok(Renewed { generation, persons, phones })
}

/// Gives the present index to numbers that were registered with an old one while the keys changed over. To be called once
/// every command of that time has its end. Returns how many there were.
///
/// # Errors
/// See [`RenewalError`].
pub async fn settle_late(owner_url: &str, directory: &Path) -> Result<usize, RenewalError> {
    let mut client = owner(owner_url).await?;
    let keys = Keys::open(directory)?;
    let transaction = client.transaction().await.map_err(LedgerError::from)?;
    let ledger_id = begin(&transaction).await?;
    let changed = index_anew(&transaction, &keys, ledger_id).await?;
    transaction.commit().await.map_err(LedgerError::from)?;
    Ok(changed)
}

/// Puts the keys of a renewal in their place that was cut after the database had changed over.
///
/// # Errors
/// See [`RenewalError`].
pub async fn finish_cut(owner_url: &str, directory: &Path) -> Result<(), RenewalError> {
    finish(&owner(owner_url).await?, directory).await
}

async fn owner(url: &str) -> Result<Client, RenewalError> {
    let config = Config::from_str(url).map_err(LedgerError::Address)?;
    Ok(store::connect(&config).await?)
}

async fn finish(client: &Client, directory: &Path) -> Result<(), RenewalError> {
    let row = client.query_one(statements::PRESENT_GENERATION, &[]).await.map_err(LedgerError::from)?;
    let database: Generation = row.try_get(0).map_err(LedgerError::from)?;
    let (keys, _) = Keys::open(directory)?.newest();
    if keys.checked_add(1) == Some(database) && directory.join("next/master.key").exists() {
        put_in_place(directory, database)?;
    } else if keys != database {
        return Err(RenewalError::Generations { database, keys });
    }
    destroy_older(directory, database)
}

/// Takes the locks; which ledger it is.
async fn begin(transaction: &Transaction<'_>) -> Result<Uuid, RenewalError> {
    transaction.batch_execute(statements::BEGIN_RENEWAL).await.map_err(LedgerError::from)?;
    let row = transaction.query_one(statements::IDENTITY, &[]).await.map_err(LedgerError::from)?;
    Ok(row.try_get(0).map_err(LedgerError::from)?)
}

async fn wrap_anew(
    transaction: &Transaction<'_>,
    (old, new): (&Keys, &Keys),
    ledger_id: Uuid,
    (all, rewrap): (&str, &str),
) -> Result<usize, RenewalError> {
    let rows = transaction.query(all, &[]).await.map_err(LedgerError::from)?;
    let mut wrapped: Vec<(Uuid, Vec<u8>)> = Vec::with_capacity(rows.len());
    for row in &rows {
        let person: Uuid = row.try_get(0).map_err(LedgerError::from)?;
        let key = Wrapped {
            generation: row.try_get(1).map_err(LedgerError::from)?,
            bytes: row.try_get(2).map_err(LedgerError::from)?,
        };
        let again = PersonKey::rewrap((old, new), ledger_id, person, &key);
        wrapped.push((person, again.map_err(|source| RenewalError::Person { person, source })?.bytes));
    }
    let (generation, _) = new.newest();
    for chunk in wrapped.chunks(CHUNK) {
        let (persons, bytes): (Vec<Uuid>, Vec<&[u8]>) =
            chunk.iter().map(|(person, bytes)| (*person, bytes.as_slice())).unzip();
        transaction.execute(rewrap, &[&persons, &bytes, &generation]).await.map_err(LedgerError::from)?;
    }
    Ok(wrapped.len())
}

/// The phone of a customer's first event.
#[derive(Deserialize)]
struct Registered {
    phone: SealedText,
}

#[derive(Deserialize)]
struct SealedText {
    sealed: String,
}

/// Gives every claimed number the index under these keys; how many changed.
async fn index_anew(
    transaction: &Transaction<'_>,
    keys: &Keys,
    ledger_id: Uuid,
) -> Result<usize, RenewalError> {
    let rows = transaction.query(statements::PHONE_CLAIMS, &[]).await.map_err(LedgerError::from)?;
    let mut holders: HashMap<String, Uuid> = HashMap::with_capacity(rows.len());
    let mut changes: Vec<(String, String)> = Vec::new();
    for row in &rows {
        let value: String = row.try_get(0).map_err(LedgerError::from)?;
        let person: Uuid = row.try_get(1).map_err(LedgerError::from)?;
        let key = Wrapped {
            generation: row.try_get(2).map_err(LedgerError::from)?,
            bytes: row.try_get(3).map_err(LedgerError::from)?,
        };
        let payload: &[u8] = row.try_get(4).map_err(LedgerError::from)?;
        let phone = phone(keys, (ledger_id, person), &key, payload)?;
        let index = keys.blind_index(&phone);
        if let Some(other) = holders.insert(index.clone(), person) {
            return Err(RenewalError::Twice(other, person));
        }
        if index != value {
            changes.push((value, index));
        }
    }
    for chunk in changes.chunks(CHUNK) {
        let (old, new): (Vec<&str>, Vec<&str>) =
            chunk.iter().map(|(old, new)| (old.as_str(), new.as_str())).unzip();
        transaction.execute(statements::REINDEX, &[&old, &new]).await.map_err(LedgerError::from)?;
    }
    Ok(changes.len())
}

fn phone(
    keys: &Keys,
    (ledger_id, person): (Uuid, Uuid),
    key: &Wrapped,
    payload: &[u8],
) -> Result<String, RenewalError> {
    let registered: Registered =
        serde_json::from_slice(payload).map_err(|_| RenewalError::NoPhone(person))?;
    PersonKey::unwrap(keys, ledger_id, person, key)
        .and_then(|key| key.unseal("phone", &registered.phone.sealed))
        .map_err(|source| RenewalError::Person { person, source })
}

fn make_next(next: &Path) -> Result<(), KeysError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(next);
    made.map_err(|source| KeysError::File { path: next.to_owned(), source })?;
    create_key(&next.join("blind.key"))?;
    create_key(&next.join("master.key"))
}

/// The master key last: with it the generation is the newest.
fn put_in_place(directory: &Path, generation: Generation) -> Result<(), RenewalError> {
    let file = |path: &Path, source| KeysError::File { path: path.to_owned(), source };
    let blind = directory.join("blind");
    fs::create_dir_all(&blind).map_err(|source| file(&blind, source))?;
    for (from, to) in [
        (directory.join("next/blind.key"), blind.join(format!("{generation}.key"))),
        (directory.join("next/master.key"), directory.join(format!("master/{generation}.key"))),
    ] {
        match fs::rename(&from, &to) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound && to.exists() => {}
            Err(source) => return Err(file(&from, source).into()),
        }
        let parent = to.parent().unwrap_or(directory);
        fs::File::open(parent).and_then(|parent| parent.sync_all()).map_err(|source| file(parent, source))?;
    }
    Ok(())
}

/// Overwrites and removes every key of an older generation.
fn destroy_older(directory: &Path, generation: Generation) -> Result<(), RenewalError> {
    for folder in ["master", "blind"] {
        let folder = directory.join(folder);
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.flatten().map(|entry| entry.path()) {
            let number = path.file_stem().and_then(|stem| stem.to_str()?.parse::<Generation>().ok());
            if number.is_some_and(|number| number < generation) {
                destroy(&path).map_err(|source| KeysError::File { path: path.clone(), source })?;
            }
        }
    }
    let first = directory.join("blind.key");
    if generation > 1 && first.exists() {
        destroy(&first).map_err(|source| KeysError::File { path: first.clone(), source })?;
    }
    Ok(())
}

fn destroy(path: &Path) -> io::Result<()> {
    let length = usize::try_from(fs::metadata(path)?.len()).unwrap_or(0);
    let mut file = fs::OpenOptions::new().write(true).open(path)?;
    file.write_all(&vec![0; length])?;
    file.sync_all()?;
    fs::remove_file(path)
}
