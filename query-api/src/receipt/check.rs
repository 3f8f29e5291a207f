//! What makes a receipt hold.
//!
//! In order: its bytes are canonical · a known key signed the checkpoint, under the checkpoint's own origin · every
//! event's bytes are a leaf of that checkpoint's tree · they are one rental's events, from its first one on, none left
//! out · the charges follow from the facts and the pinned tariff · the bill as printed follows from the events. Which
//! receipt somebody holds, whether it was paid since, and whether the ledger has corrected the bill after the checkpoint,
//! no receipt can say.

use domain::{
    Event,
    rerating::{Placed, of_rental},
};
use ledger::{
    Envelope, Position, StreamKind, leaf,
    tree::{CheckpointText, Disproof, NoteError, SignedNote, TextError, VerifierKey, verify_inclusion},
};
use serde::Serialize;
use uuid::Uuid;

use super::{
    figures::Figures,
    format::{ProvenEvent, Receipt},
};

/// Why a receipt does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Disproved {
    /// It is no receipt, or its bytes are not those that were given out.
    #[error(
        "this is no receipt of the form chajipoa-receipt/1 in canonical JSON, byte for byte as it was given out"
    )]
    Form,
    /// The checkpoint is not signed by any of the keys.
    #[error("the checkpoint does not hold")]
    Checkpoint(#[from] NoteError),
    /// The signed text is no checkpoint.
    #[error("what was signed is no checkpoint")]
    Text(#[from] TextError),
    /// The key is that of another ledger.
    #[error("the checkpoint says that it is of {origin}, which none of the keys that signed it is for")]
    Origin {
        /// What the checkpoint says.
        origin: String,
    },
    /// A field of an event cannot be one.
    #[error("the event at position {position} has a field that no event has")]
    Event {
        /// Where.
        position: i64,
    },
    /// An event is not in the tree.
    #[error(
        "the event at position {position} is not in the ledger of this checkpoint, or not with these bytes"
    )]
    Leaf {
        /// Where.
        position: i64,
        /// Why.
        #[source]
        source: Disproof,
    },
    /// The events are not those of one rental, from the first one on.
    #[error("the event at position {position} does not follow the one before in the rental's own history")]
    Stream {
        /// Where.
        position: i64,
    },
    /// A charge does not follow from the facts.
    #[error("at position {position} the {what} does not follow from the facts and the pinned tariff")]
    Charge {
        /// Where.
        position: i64,
        /// What.
        what: &'static str,
    },
    /// The events come to another bill, or to none.
    #[error("the bill as printed is not what the events come to")]
    Bill,
}

/// What a receipt proves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proved {
    /// The ledger and its epoch, as the key and the checkpoint name it.
    pub origin: String,
    /// How many events the checkpoint's tree has.
    pub size: u64,
    /// Its root, in hex.
    pub root: String,
    /// The rental's events.
    pub positions: Vec<i64>,
    /// The bill.
    pub bill: Figures,
}

impl Proved {
    /// The same in words.
    #[must_use]
    pub fn in_words(&self) -> Vec<String> {
        let Self { origin, size, root, positions, bill } = self;
        let list = positions.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
        vec![
            format!(
                "the checkpoint of {origin} with {size} events and root {root} is signed by the given key"
            ),
            format!(
                "the events at positions {list} are in that ledger, byte for byte as they stand in the receipt"
            ),
            format!("they are the whole history of rental {} up to there, none left out", bill.rental_id),
            format!(
                "every charge in it follows from what happened and from tariff {} version {} ({}), pinned at the start",
                bill.tariff.tariff_id, bill.tariff.version, bill.tariff.name
            ),
            format!(
                "rental {} from {} to {} costs {} {} in all, {} of it VAT, as the receipt says",
                bill.status, bill.started_at, bill.ended_at, bill.total, bill.currency, bill.vat
            ),
        ]
    }
}

/// Checks a receipt against the keys of the checkpoints, without asking anybody.
///
/// # Errors
/// The first thing that does not hold.
pub fn verify(bytes: &[u8], keys: &[VerifierKey]) -> Result<Proved, Disproved> {
    let receipt = Receipt::parse(bytes).ok_or(Disproved::Form)?;
    let checkpoint = checkpoint(&receipt.checkpoint, keys)?;
    let envelopes: Vec<Envelope> =
        receipt.events.iter().map(|event| in_tree(event, &checkpoint)).collect::<Result<_, _>>()?;
    one_history(&envelopes, receipt.bill.rental_id)?;
    let stream: Vec<Placed> = envelopes.iter().map(placed).collect::<Result<_, _>>()?;
    if let Some(difference) = of_rental(&stream).first() {
        let (position, what) = (difference.position, difference.what.as_str());
        return Err(Disproved::Charge { position, what });
    }
    if Figures::of(&stream).as_ref() != Some(&receipt.bill) {
        return Err(Disproved::Bill);
    }
    Ok(Proved {
        origin: checkpoint.origin,
        size: checkpoint.size,
        root: checkpoint.root.iter().map(|byte| format!("{byte:02x}")).collect(),
        positions: receipt.events.iter().map(|event| event.position).collect(),
        bill: receipt.bill,
    })
}

fn checkpoint(note: &str, keys: &[VerifierKey]) -> Result<CheckpointText, Disproved> {
    let signed = SignedNote::parse(note)?;
    if signed.to_string() != note {
        return Err(NoteError::Form.into());
    }
    let checkpoint = CheckpointText::parse(signed.verify(keys)?)?;
    let ours: Vec<VerifierKey> = keys.iter().filter(|key| key.name() == checkpoint.origin).cloned().collect();
    match signed.verify(&ours) {
        Ok(_) => Ok(checkpoint),
        Err(_) => Err(Disproved::Origin { origin: checkpoint.origin }),
    }
}

fn in_tree(event: &ProvenEvent, checkpoint: &CheckpointText) -> Result<Envelope, Disproved> {
    let position = event.position;
    let wrong = Disproved::Event { position };
    let (Some(envelope), Some(proof)) = (event.envelope(), event.hashes()) else { return Err(wrong) };
    let index = u64::try_from(position).ok().and_then(|position| position.checked_sub(1)).ok_or(wrong)?;
    verify_inclusion(&leaf::hash(&envelope), index, checkpoint.size, &proof, &checkpoint.root)
        .map_err(|source| Disproved::Leaf { position, source })?;
    Ok(envelope)
}

/// The rental's stream, from version 1 on.
fn one_history(envelopes: &[Envelope], rental_id: Uuid) -> Result<(), Disproved> {
    let mut last = Position::ZERO;
    for (envelope, version) in envelopes.iter().zip(1_i64..) {
        let of_rental =
            |stream: &&ledger::StreamRef| stream.kind == StreamKind::Rental && stream.id == rental_id;
        let found = envelope.streams.iter().find(of_rental).map(|stream| stream.version);
        if found != Some(version) || envelope.position <= last {
            return Err(Disproved::Stream { position: envelope.position.get() });
        }
        last = envelope.position;
    }
    Ok(())
}

fn placed(envelope: &Envelope) -> Result<Placed, Disproved> {
    let position = envelope.position.get();
    let event = Event::decode(&envelope.event_type, envelope.schema_version, &envelope.payload);
    event.map(|event| Placed { position, event }).map_err(|_| Disproved::Event { position })
}
