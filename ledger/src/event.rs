//! Events: what is handed to `append`, and the envelope that comes back.
//!
//! The payload is opaque bytes here, exactly those that were decided; nothing in this crate reads them.

use std::borrow::Cow;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{Position, StreamKind, StreamRef};

/// The most streams that one event may belong to.
pub const MAX_STREAMS: usize = 4;

/// An event that was decided and has no position yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Its id, version 7.
    pub id: Uuid,
    /// Its name, such as `RentalStarted`.
    pub event_type: Cow<'static, str>,
    /// The version of the payload's shape.
    pub schema_version: i16,
    /// One to four streams; the first is the subject. Each version is the one this event makes.
    pub streams: Vec<StreamRef>,
    /// When it happened, cut to microseconds.
    pub occurred_at: DateTime<Utc>,
    /// The event that led to the command, if one did.
    pub causation_id: Option<Uuid>,
    /// The payload.
    pub payload: Bytes,
}

/// An event as it stands in the ledger: every field that is recorded, and the payload's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Its place in the ledger.
    pub position: Position,
    /// Its id.
    pub id: Uuid,
    /// Its name, such as `RentalStarted`.
    pub event_type: String,
    /// The version of the payload's shape.
    pub schema_version: i16,
    /// The streams it belongs to; the first is the subject.
    pub streams: Vec<StreamRef>,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// When it was recorded; never before the previous event's.
    pub recorded_at: DateTime<Utc>,
    /// The command that made it.
    pub command_id: Uuid,
    /// Who sent that command.
    pub actor: String,
    /// The event that led to the command, if one did.
    pub causation_id: Option<Uuid>,
    /// What ties the command to others, if anything does.
    pub correlation_id: Option<Uuid>,
    /// The trace that the command arrived with.
    pub traceparent: Option<String>,
    /// The payload, byte for byte as decided.
    pub payload: Bytes,
}

/// What a fold needs of a recorded event, wherever it lies: the envelope without what transport and auditors look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Essence<'a> {
    /// Its place in the ledger.
    pub position: Position,
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub event_type: &'a str,
    /// The version of the payload's shape.
    pub schema_version: i16,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// The payload.
    pub payload: &'a [u8],
}

impl Envelope {
    /// What a fold needs of it.
    #[must_use]
    pub fn essence(&self) -> Essence<'_> {
        Essence {
            position: self.position,
            id: self.id,
            event_type: &self.event_type,
            schema_version: self.schema_version,
            occurred_at: self.occurred_at,
            recorded_at: self.recorded_at,
            payload: &self.payload,
        }
    }

    /// The first stream.
    #[must_use]
    pub fn subject(&self) -> Option<StreamRef> {
        self.streams.first().copied()
    }

    /// The first stream of this kind.
    #[must_use]
    pub fn stream(&self, kind: StreamKind) -> Option<StreamRef> {
        self.streams.iter().copied().find(|stream| stream.kind == kind)
    }

    /// The version that this event gave to the stream with this id.
    #[must_use]
    pub fn version_of(&self, id: Uuid) -> Option<i64> {
        self.streams.iter().find(|stream| stream.id == id).map(|stream| stream.version)
    }
}
