//! An event as a fold sees it: decoded, with its place and its times.

use domain::{Event, Time, event::UnknownEvent};
use ledger::{Essence, Position};
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
    pub fn read(essence: Essence<'_>) -> Result<Self, UnknownEvent> {
        let Essence { position, id, event_type, schema_version, occurred_at, recorded_at, payload } = essence;
        let event = Event::decode(event_type, schema_version, payload)?;
        Ok(Self { position, id, occurred_at, recorded_at, event })
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
    pub(crate) fn read(essence: Essence<'_>) -> Self {
        match Fact::read(essence) {
            Ok(fact) => Self::Readable(fact),
            Err(error) => {
                let event_type = essence.event_type.to_owned();
                let poison = Poison { position: essence.position, event_type, why: error.to_string() };
                Self::Unreadable { id: essence.id, poison }
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
