//! The bytes of a receipt.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use ledger::{Envelope, Position, StreamKind, StreamRef, tree::Hash};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::figures::Figures;

/// The form that is described in `docs/receipts.md`.
pub const FORMAT: &str = "chajipoa-receipt/1";

/// A receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RentalReceipt)]
pub struct Receipt {
    /// `chajipoa-receipt/1`.
    #[schema(example = "chajipoa-receipt/1")]
    pub format: String,
    /// The bill as people read it. It follows from the events.
    pub bill: Figures,
    /// Every event of the rental up to its bill, in order.
    pub events: Vec<ProvenEvent>,
    /// The signed checkpoint (C2SP tlog-checkpoint) whose tree holds them.
    pub checkpoint: String,
}

/// A stream that an event belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReceiptStream)]
pub struct Stream {
    /// What it is about.
    #[schema(example = "rental")]
    pub kind: String,
    /// Of which thing.
    pub id: Uuid,
    /// The version that the event made.
    pub version: i64,
}

/// An event as it is recorded, and the proof that it is in the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProvenEvent {
    /// Its position; it is leaf `position - 1` of the tree.
    pub position: i64,
    /// Its id.
    pub id: Uuid,
    /// Its type.
    #[serde(rename = "type")]
    #[schema(example = "RentalEnded")]
    pub kind: String,
    /// The version of the payload's shape.
    pub version: i16,
    /// Its streams, in order.
    pub streams: Vec<Stream>,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// The command that made it.
    pub command_id: Uuid,
    /// Who sent that.
    #[schema(example = "station:0190a6f0-0000-7000-8000-000000000001")]
    pub actor: String,
    /// The event that led to it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub causation_id: Option<Uuid>,
    /// What ties it to others.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub correlation_id: Option<Uuid>,
    /// The trace it arrived with.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub traceparent: Option<String>,
    /// Its payload's bytes, in base64.
    pub payload: String,
    /// The hashes beside its way to the root, the lowest first, each 32 bytes in base64.
    pub proof: Vec<String>,
}

impl Receipt {
    /// The bytes: canonical JSON (RFC 8785).
    ///
    /// # Errors
    /// Never for a receipt that was read or made here.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json_canonicalizer::to_vec(self)
    }

    /// Reads the bytes; only exactly those that [`Self::to_bytes`] writes, but for one newline at the end.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let receipt: Self = serde_json::from_slice(bytes).ok()?;
        (receipt.format == FORMAT && receipt.to_bytes().ok()? == bytes).then_some(receipt)
    }
}

impl ProvenEvent {
    /// An event with its proof.
    #[must_use]
    pub fn new(envelope: &Envelope, proof: &[Hash]) -> Self {
        let stream =
            |of: &StreamRef| Stream { kind: of.kind.as_str().to_owned(), id: of.id, version: of.version };
        Self {
            position: envelope.position.get(),
            id: envelope.id,
            kind: envelope.event_type.clone(),
            version: envelope.schema_version,
            streams: envelope.streams.iter().map(stream).collect(),
            occurred_at: envelope.occurred_at,
            recorded_at: envelope.recorded_at,
            command_id: envelope.command_id,
            actor: envelope.actor.clone(),
            causation_id: envelope.causation_id,
            correlation_id: envelope.correlation_id,
            traceparent: envelope.traceparent.clone(),
            payload: STANDARD.encode(&envelope.payload),
            proof: proof.iter().map(|hash| STANDARD.encode(hash)).collect(),
        }
    }

    /// The event as the ledger holds it; nothing if a field cannot be one of an event.
    #[must_use]
    pub fn envelope(&self) -> Option<Envelope> {
        let kind = |name: &str| StreamKind::ALL.into_iter().find(|kind| kind.as_str() == name);
        let stream = |of: &Stream| Some(StreamRef { kind: kind(&of.kind)?, id: of.id, version: of.version });
        // The tree knows microseconds: a moment that is none would say more than is proven.
        let micros = |at: DateTime<Utc>| {
            let nanos = at.timestamp_subsec_nanos();
            nanos < 1_000_000_000 && nanos.is_multiple_of(1_000)
        };
        if !micros(self.occurred_at) || !micros(self.recorded_at) {
            return None;
        }
        Some(Envelope {
            position: Position::new(self.position),
            id: self.id,
            event_type: self.kind.clone(),
            schema_version: self.version,
            streams: self.streams.iter().map(stream).collect::<Option<_>>()?,
            occurred_at: self.occurred_at,
            recorded_at: self.recorded_at,
            command_id: self.command_id,
            actor: self.actor.clone(),
            causation_id: self.causation_id,
            correlation_id: self.correlation_id,
            traceparent: self.traceparent.clone(),
            payload: Bytes::from(STANDARD.decode(&self.payload).ok()?),
        })
    }

    /// The hashes of its proof; nothing if one is no hash.
    #[must_use]
    pub fn hashes(&self) -> Option<Vec<Hash>> {
        let hash = |text: &String| STANDARD.decode(text).ok()?.try_into().ok();
        self.proof.iter().map(hash).collect()
    }
}
