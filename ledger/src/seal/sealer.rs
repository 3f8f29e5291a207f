//! Sealing with keys from the database: mints, looks up and caches the keys of persons.
//!
//! The first writer of a key wins. The cache is bounded and short-lived; a key that a command is about to use is
//! always taken from the database, so that the sweep never takes it away beneath the command.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use chrono::{DateTime, Utc};
use moka::sync::Cache;
use uuid::Uuid;

use super::{Keys, PersonKey, SealError, Wrapped};
use crate::{Ledger, LedgerError, LedgerIdentity, statements};

/// How many unwrapped keys a process holds: about 600 bytes each.
const CACHED_KEYS: u64 = 20_000;

/// How long an unwrapped key is held: a key that another process destroyed is gone from here after this.
const CACHED_FOR: Duration = Duration::from_secs(5);

/// Seals and opens personal data. Clones share the cache.
#[derive(Debug, Clone)]
pub struct Sealer {
    keys: Arc<RwLock<Arc<Keys>>>,
    ledger: Ledger,
    identity: LedgerIdentity,
    cache: Cache<Uuid, Arc<PersonKey>>,
}

impl Sealer {
    /// A sealer of one ledger with the keys of one directory.
    #[must_use]
    pub fn new(keys: Keys, ledger: Ledger, identity: LedgerIdentity) -> Self {
        let cache = Cache::builder().max_capacity(CACHED_KEYS).time_to_live(CACHED_FOR).build();
        Self { keys: Arc::new(RwLock::new(Arc::new(keys))), ledger, identity, cache }
    }

    /// The keys of the directory, for blind indexes and command hashes.
    #[must_use]
    pub fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the directory again, because somebody knows a newer generation. Whether there was one.
    pub(crate) fn look_again(&self) -> bool {
        let (known, directory) = (self.keys().newest().0, self.keys().directory().to_owned());
        match Keys::open(&directory) {
            Ok(keys) if keys.newest().0 > known => {
                *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
                true
            }
            Ok(_) => false,
            Err(error) => {
                tracing::error!(%error, "the keys could not be read again");
                false
            }
        }
    }

    /// The key of a person, made if there is none: for commands that bring a person into the ledger. The
    /// person's id must become the id of a stream, or the key is swept.
    ///
    /// # Errors
    /// When the database is away, or the key's generation is not in the directory.
    pub async fn person_key(&self, person: Uuid) -> Result<Arc<PersonKey>, SealError> {
        match self.try_person_key(person).await {
            Err(error) if error.is_renewed() && self.look_again() => self.try_person_key(person).await,
            other => other,
        }
    }

    async fn try_person_key(&self, person: Uuid) -> Result<Arc<PersonKey>, SealError> {
        let fresh = PersonKey::mint(&self.keys(), self.identity.ledger_id, person)?;
        let (client, statement) = self.ledger.prepared(statements::MINT_PERSON_KEY).await?;
        let row = client
            .query_one(&statement, &[&person, &fresh.generation, &fresh.bytes])
            .await
            .map_err(LedgerError::from)?;
        self.unwrap(person, &wrapped(&row)?)
    }

    /// The key of a person, if it exists: it does not after erasure.
    ///
    /// # Errors
    /// When the database is away, or the key's generation is not in the directory.
    pub async fn existing_key(&self, person: Uuid) -> Result<Option<Arc<PersonKey>>, SealError> {
        if let Some(key) = self.cache.get(&person) {
            return Ok(Some(key));
        }
        let (client, statement) = self.ledger.prepared(statements::PERSON_KEY).await?;
        let row = client.query_opt(&statement, &[&person]).await.map_err(LedgerError::from)?;
        row.map(|row| self.unwrap(person, &wrapped(&row)?)).transpose()
    }

    /// A key of its own for something that is forgotten soon, such as a one-time code: its wrapped form is kept beside
    /// what it seals, by whoever asks.
    ///
    /// # Errors
    /// The random source fails.
    pub fn fresh_key(&self, id: Uuid) -> Result<(PersonKey, Wrapped), SealError> {
        let wrapped = PersonKey::mint(&self.keys(), self.identity.ledger_id, id)?;
        Ok((self.open_with(id, &wrapped)?, wrapped))
    }

    /// The key that was wrapped for this id.
    ///
    /// # Errors
    /// Its generation is not in the directory, or it was wrapped for something else.
    pub fn open_with(&self, id: Uuid, wrapped: &Wrapped) -> Result<PersonKey, SealError> {
        let open = || PersonKey::unwrap(&self.keys(), self.identity.ledger_id, id, wrapped);
        match open() {
            Err(SealError::NoGeneration(_)) if self.look_again() => open(),
            other => other,
        }
    }

    /// Lets go of a key that was destroyed.
    pub fn forget(&self, person: Uuid) {
        self.cache.invalidate(&person);
    }

    /// Seals one field of a person, who gets a key if there is none.
    ///
    /// # Errors
    /// As `person_key`.
    pub async fn seal(&self, person: Uuid, field: &str, text: &str) -> Result<String, SealError> {
        self.person_key(person).await?.seal(field, text)
    }

    /// Opens one field of a person; nothing once the person's key is destroyed.
    ///
    /// # Errors
    /// When it was altered or is not this person's.
    pub async fn unseal(&self, person: Uuid, field: &str, sealed: &str) -> Result<Option<String>, SealError> {
        self.existing_key(person).await?.map(|key| key.unseal(field, sealed)).transpose()
    }

    /// HMAC-SHA-256 under the key of a person, who gets one if there is none: how a personal field enters the
    /// hash of a command.
    ///
    /// # Errors
    /// As `person_key`.
    pub async fn person_hmac(&self, person: Uuid, bytes: &[u8]) -> Result<[u8; 32], SealError> {
        Ok(self.person_key(person).await?.hmac(bytes))
    }

    /// Removes the keys of persons whose command was refused, and says how many. Only those older than ten
    /// minutes: younger ones may belong to a command on its way.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn sweep(&self) -> Result<i64, SealError> {
        let (client, statement) = self.ledger.prepared(statements::SWEEP_PERSON_KEYS).await?;
        let row = client.query_one(&statement, &[]).await.map_err(LedgerError::from)?;
        Ok(row.try_get(0).map_err(LedgerError::from)?)
    }

    /// Destroys the keys of receipts that were assigned or paid back before that moment, a stretch of the ledger at a
    /// time, until there is none left. A restored backup is swept again, because its mark is restored with it.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn forget_receipts(&self, before: DateTime<Utc>) -> Result<(), SealError> {
        let (client, statement) = self.ledger.prepared(statements::FORGET_RECEIPTS).await?;
        loop {
            let row = client.query_one(&statement, &[&before]).await.map_err(LedgerError::from)?;
            let looked: i64 = row.try_get(0).map_err(LedgerError::from)?;
            if looked == 0 {
                return Ok(());
            }
        }
    }

    fn unwrap(&self, person: Uuid, wrapped: &Wrapped) -> Result<Arc<PersonKey>, SealError> {
        let key = Arc::new(self.open_with(person, wrapped)?);
        self.cache.insert(person, Arc::clone(&key));
        Ok(key)
    }
}

fn wrapped(row: &tokio_postgres::Row) -> Result<Wrapped, SealError> {
    let read = || -> Result<Wrapped, tokio_postgres::Error> {
        Ok(Wrapped { generation: row.try_get(0)?, bytes: row.try_get(1)? })
    };
    Ok(read().map_err(LedgerError::from)?)
}
