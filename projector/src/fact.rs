//! An event as a fold sees it: decoded, with its place and its times.

use domain::{Event, Time, event::UnknownEvent};
use ledger::{Envelope, Position};
use uuid::Uuid;

use crate::Poison;

/// A recorded event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Its place in the ledger.
    pub position: Position,
    /// Its id.
    pub id: Uuid,
    /// When it happened.
    pub occurred_at: Time,
    /// When it was recorded.
    pub recorded_at: Time,
    /// What happened.
    pub event: Event,
}

impl Fact {
    /// Reads a recorded event.
    ///
    /// # Errors
    /// [`UnknownEvent`] if this program does not know its type, version or shape.
    pub fn read(envelope: &Envelope) -> Result<Self, UnknownEvent> {
        let event = Event::decode(&envelope.event_type, envelope.schema_version, &envelope.payload)?;
        Ok(Self {
            position: envelope.position,
            id: envelope.id,
            occurred_at: envelope.occurred_at,
            recorded_at: envelope.recorded_at,
            event,
        })
    }
}

/// An event as the writer takes it: one that this program cannot read may still be passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It can be folded.
    Readable(Fact),
    /// It cannot be read.
    Unreadable {
        /// Its id.
        id: Uuid,
        /// Where, and why.
        poison: Poison,
    },
}

impl Taken {
    /// Reads a recorded event, as far as it can be read.
    pub(crate) fn read(envelope: &Envelope) -> Self {
        match Fact::read(envelope) {
            Ok(fact) => Self::Readable(fact),
            Err(error) => {
                let event_type = envelope.event_type.clone();
                let poison = Poison { position: envelope.position, event_type, why: error.to_string() };
                Self::Unreadable { id: envelope.id, poison }
            }
        }
    }

    /// Its place in the ledger.
    pub(crate) const fn position(&self) -> Position {
        match self {
            Self::Readable(fact) => fact.position,
            Self::Unreadable { poison, .. } => poison.position,
        }
    }

    /// Its id.
    pub(crate) const fn id(&self) -> Uuid {
        match self {
            Self::Readable(fact) => fact.id,
            Self::Unreadable { id, .. } => *id,
        }
    }
}
