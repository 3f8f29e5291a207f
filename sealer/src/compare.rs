//! The ledger against what was published of it outside the database: so that a restored one does not go on unnoticed.
//!
//! A checkpoint is stored before it is published. So one that is published and is not stored, or not with that root,
//! means that the database is older than it was: command-api and the sealer refuse to run on it.

use ledger::{
    Ledger, LedgerIdentity,
    tree::{CheckpointKeys, CheckpointText, NoteError, SignedNote, TextError},
};

use crate::{Places, SealerError};

/// What an operator can do about a restored ledger.
const CURE: &str = "restore it completely, or fork it with `chajipoa ledger fork --reason`";

/// Why what was published does not fit the ledger.
#[derive(Debug, thiserror::Error)]
pub enum Mismatch {
    /// The place holds something else.
    #[error("{place} holds no checkpoint of ours ({why}): move it away if it is not needed")]
    Foreign {
        /// The place.
        place: String,
        /// What is wrong.
        why: String,
    },
    /// No key of ours has signed it.
    #[error(
        "the checkpoint in {place} was not signed by a key of this installation ({source}): bring the folder \
         `checkpoint` of the keys directory back, or move the checkpoint away if it is another installation's"
    )]
    Signature {
        /// The place.
        place: String,
        /// What is wrong.
        #[source]
        source: NoteError,
    },
    /// It belongs to another ledger.
    #[error(
        "the checkpoint in {place} belongs to ledger {}, this is ledger {}: give each ledger a place of its own \
         (CHAJIPOA_CHECKPOINTS, KAFKA_BROKERS)", found.ledger_id, expected.ledger_id
    )]
    OtherLedger {
        /// The place.
        place: String,
        /// This ledger.
        expected: LedgerIdentity,
        /// The published one.
        found: LedgerIdentity,
    },
    /// The ledger was restored to a moment before a fork.
    #[error(
        "the checkpoint in {place} is of epoch {}, this ledger of epoch {}: it was restored to a moment before a fork; \
         {CURE}", found.epoch, expected.epoch
    )]
    Forked {
        /// The place.
        place: String,
        /// This ledger.
        expected: LedgerIdentity,
        /// The published one.
        found: LedgerIdentity,
    },
    /// The ledger does not know a checkpoint that it has published.
    #[error(
        "the checkpoint in {place} stands at position {size}, which this ledger has not sealed (it sealed up to \
         {sealed}): it was restored to an earlier moment; {CURE}"
    )]
    Behind {
        /// The place.
        place: String,
        /// The published size.
        size: u64,
        /// What the ledger has sealed.
        sealed: u64,
    },
    /// The ledger has sealed another tree of that size.
    #[error(
        "the checkpoint in {place} has another root at position {size} than this ledger: it was restored and went on, \
         or it was altered; {CURE}"
    )]
    OtherRoot {
        /// The place.
        place: String,
        /// The size of both.
        size: u64,
    },
}

/// Compares the ledger with the last checkpoint of each place. A place that holds none says nothing; a topic that is
/// away is not waited for.
///
/// # Errors
/// [`SealerError::Mismatch`] when it does not fit: refuse to run. Others when something cannot be read.
pub async fn compare(ledger: &Ledger, keys: &CheckpointKeys, places: &Places) -> Result<(), SealerError> {
    if let Some(note) = places.folder.read_latest()? {
        compare_note(ledger, keys, &places.folder.latest().display().to_string(), &note).await?;
    }
    let Some(brokers) = &places.brokers else { return Ok(()) };
    match relay::last_value(brokers, &places.topic).await {
        Ok(Some(value)) => {
            let place = format!("topic {}", places.topic);
            compare_note(ledger, keys, &place, &String::from_utf8_lossy(&value)).await
        }
        Ok(None) => Ok(()),
        // A topic that is not there yet, or a broker that is away: the folder has said what there is to say.
        Err(error) => {
            let reason: &dyn std::error::Error = &error;
            tracing::debug!(error = reason, "the topic of checkpoints is not compared");
            Ok(())
        }
    }
}

async fn compare_note(
    ledger: &Ledger,
    keys: &CheckpointKeys,
    place: &str,
    note: &str,
) -> Result<(), SealerError> {
    let (found, text) = read(keys, place, note)?;
    let expected = ledger.identity().await?;
    let place = place.to_owned();
    if found.ledger_id != expected.ledger_id {
        return Err(Mismatch::OtherLedger { place, expected, found }.into());
    }
    if found.epoch > expected.epoch {
        return Err(Mismatch::Forked { place, expected, found }.into());
    }
    if found.epoch < expected.epoch {
        return Ok(()); // forked since
    }
    let CheckpointText { size, root, .. } = text;
    match ledger.first_signed_from(found.epoch, size).await? {
        Some(stored) if stored.size == size && stored.root == root => Ok(()),
        Some(stored) if stored.size == size => Err(Mismatch::OtherRoot { place, size }.into()),
        Some(_) | None => {
            let sealed = ledger.last_signed(found.epoch).await?.map_or(0, |last| last.size);
            Err(Mismatch::Behind { place, size, sealed }.into())
        }
    }
}

/// Reads a published text that one of our keys has signed.
fn read(
    keys: &CheckpointKeys,
    place: &str,
    note: &str,
) -> Result<(LedgerIdentity, CheckpointText), Mismatch> {
    let foreign = |why: String| Mismatch::Foreign { place: place.to_owned(), why };
    let note = SignedNote::parse(note).map_err(|error| foreign(error.to_string()))?;
    let text = CheckpointText::parse(note.text()).map_err(|error: TextError| foreign(error.to_string()))?;
    let identity = text.identity().ok_or_else(|| foreign("its origin is not one of ours".to_owned()))?;
    note.verify(&keys.verifiers(&text.origin))
        .map_err(|source| Mismatch::Signature { place: place.to_owned(), source })?;
    Ok((identity, text))
}
