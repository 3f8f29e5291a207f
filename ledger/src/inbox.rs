//! Letters: what providers send us unasked, kept before it is judged.
//!
//! Keeps true: a body is durable when [`Inbox::store`] returns; the same bytes of one kind are one letter, however often and
//! at how many processes they come; a body lies in the database only sealed, under a key of its own (I12). A letter is read
//! by its state and not by a position: what commits late is not missed. What a letter means is its reader's.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::seal::{SealError, Sealer, Wrapped};
use crate::{Ledger, LedgerError, statements};

/// The name under which a body is sealed.
const FIELD: &str = "letter";

/// By which path a letter came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LetterKind {
    /// The outcome of a collection or of a pay-out, from AzamPay.
    Azampay,
    /// What became of a message.
    SmsDelivery,
}

impl LetterKind {
    /// The name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Azampay => "azampay",
            Self::SmsDelivery => "sms_delivery",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Azampay, Self::SmsDelivery].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A letter as it comes.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// What its key is bound to, if it is new: an id that nothing else has.
    pub id: Uuid,
    /// By which path.
    pub kind: LetterKind,
    /// The bytes.
    pub body: Bytes,
}

/// A letter that waits.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Its number; a later one is not always higher.
    pub id: i64,
    /// By which path it came.
    pub kind: LetterKind,
    /// When it first came.
    pub received_at: DateTime<Utc>,
    /// How often it came.
    pub times: i32,
    key_id: Uuid,
    key: Wrapped,
    body: Vec<u8>,
}

/// What became of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// It was understood, and what follows from it is recorded.
    Judged,
    /// It can be nothing to anybody; a person may look at it.
    Failed,
}

impl Judgement {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Judged => "judged",
            Self::Failed => "failed",
        }
    }
}

/// Keeps letters, and gives them out to be judged.
#[derive(Debug, Clone)]
pub struct Inbox {
    ledger: Ledger,
    sealer: Sealer,
}

/// Columns of a batch, as they are sent.
#[derive(Default)]
struct Columns {
    kinds: Vec<&'static str>,
    digests: Vec<Vec<u8>>,
    key_ids: Vec<Uuid>,
    keys: Vec<Vec<u8>>,
    bodies: Vec<Vec<u8>>,
    times: Vec<i32>,
}

impl Inbox {
    /// The inbox of a ledger.
    #[must_use]
    pub const fn new(ledger: Ledger, sealer: Sealer) -> Self {
        Self { ledger, sealer }
    }

    /// Keeps letters; all are durable when it returns. Says how many of them had not come before.
    ///
    /// # Errors
    /// The database is away, or nothing can be sealed: then whoever sent them is to send them again.
    pub async fn store(&self, letters: &[Incoming]) -> Result<i64, SealError> {
        match self.try_store(letters).await {
            Err(error) if error.is_renewed() && self.sealer.look_again() => self.try_store(letters).await,
            other => other,
        }
    }

    async fn try_store(&self, letters: &[Incoming]) -> Result<i64, SealError> {
        let mut generation = None;
        let mut columns = Columns::default();
        for ((kind, digest), (letter, times)) in self.together(letters) {
            let (key, wrapped) = self.sealer.fresh_key(letter.id)?;
            generation = Some(wrapped.generation);
            columns.kinds.push(kind.as_str());
            columns.digests.push(digest.to_vec());
            columns.key_ids.push(letter.id);
            columns.keys.push(wrapped.bytes);
            columns.bodies.push(key.seal_bytes(FIELD, &letter.body)?);
            columns.times.push(times);
        }
        let Some(generation) = generation else { return Ok(0) };
        let Columns { kinds, digests, key_ids, keys, bodies, times } = columns;
        let (client, statement) = self.ledger.prepared(statements::RECEIVE_LETTERS).await?;
        let row = client
            .query_one(&statement, &[&generation, &kinds, &digests, &key_ids, &keys, &bodies, &times])
            .await
            .map_err(LedgerError::from)?;
        Ok(row.try_get(0).map_err(LedgerError::from)?)
    }

    /// Each letter once, with how often it stands in the batch; in one order for everybody, so that nobody waits in a
    /// circle.
    fn together<'a>(&self, letters: &'a [Incoming]) -> BTreeMap<(LetterKind, [u8; 32]), (&'a Incoming, i32)> {
        let keys = self.sealer.keys();
        let mut together = BTreeMap::new();
        for letter in letters {
            let named = [b"letter|", letter.kind.as_str().as_bytes(), b"|", letter.body.as_ref()].concat();
            match together.entry((letter.kind, keys.keyed_hash(&named))) {
                Entry::Vacant(place) => drop(place.insert((letter, 1_i32))),
                Entry::Occupied(mut known) => known.get_mut().1 = known.get().1.saturating_add(1),
            }
        }
        together
    }

    /// Letters that wait to be judged, after one of that number, at most `limit`, in the order of their numbers.
    ///
    /// # Errors
    /// The database is away.
    pub async fn waiting(&self, after: i64, limit: i64) -> Result<Vec<Letter>, LedgerError> {
        let (client, statement) = self.ledger.prepared(statements::WAITING_LETTERS).await?;
        let rows = client.query(&statement, &[&after, &limit]).await?;
        rows.iter().filter_map(|row| letter(row).transpose()).collect()
    }

    /// The bytes of a letter.
    ///
    /// # Errors
    /// It does not open with the keys at hand.
    pub fn open(&self, letter: &Letter) -> Result<Vec<u8>, SealError> {
        self.sealer.open_with(letter.key_id, &letter.key)?.unseal_bytes(FIELD, &letter.body)
    }

    /// Notes what became of a letter, with a word for it. Nothing, and `false`, if somebody did so before.
    ///
    /// # Errors
    /// The database is away.
    pub async fn mark(&self, id: i64, judgement: Judgement, verdict: &str) -> Result<bool, LedgerError> {
        let (client, statement) = self.ledger.prepared(statements::MARK_LETTER).await?;
        Ok(client.execute(&statement, &[&id, &judgement.as_str(), &verdict]).await? == 1)
    }

    /// Drops the bodies of letters that were judged before this moment, and says how many.
    ///
    /// # Errors
    /// The database is away.
    pub async fn forget(&self, before: DateTime<Utc>) -> Result<i64, LedgerError> {
        let (client, statement) = self.ledger.prepared(statements::FORGET_LETTERS).await?;
        Ok(client.query_one(&statement, &[&before]).await?.try_get(0)?)
    }
}

/// A row as a letter; nothing for a kind that only a newer version of this program knows.
fn letter(row: &Row) -> Result<Option<Letter>, LedgerError> {
    let Some(kind) = LetterKind::parse(row.try_get(1)?) else { return Ok(None) };
    Ok(Some(Letter {
        id: row.try_get(0)?,
        kind,
        received_at: row.try_get(2)?,
        times: row.try_get(3)?,
        key_id: row.try_get(4)?,
        key: Wrapped { generation: row.try_get(5)?, bytes: row.try_get(6)? },
        body: row.try_get(7)?,
    }))
}
