//! An event as a fold sees it: decoded, with its place and its times.

use domain::{Event, Time, event::UnknownEvent};
use ledger::{Envelope, Position};
use uuid::Uuid;

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
