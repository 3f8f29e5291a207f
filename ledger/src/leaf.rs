//! The canonical bytes of an event: what the Merkle tree is built over. Fixed for ever by the golden files
//! under `schema/golden/leaf/`.
//!
//! The leaf hash is SHA-256 over the byte `0x00` (RFC 6962's leaf prefix) followed by these fields, in this
//! order. Each field is a big-endian `u32` length and then that many bytes. A field that is absent has the
//! length `0xffff_ffff` and no bytes, so it differs from an empty one.
//!
//! | field | bytes |
//! |---|---|
//! | position | `i64` |
//! | id | 16 bytes of the UUID |
//! | type | UTF-8 |
//! | schema version | `i16` |
//! | streams | for each, in order: kind code `i16`, 16 bytes of the UUID, version `i64` |
//! | occurred at | `i64` microseconds since 1970-01-01T00:00:00Z |
//! | recorded at | the same |
//! | command id | 16 bytes of the UUID |
//! | actor | UTF-8 |
//! | causation id | 16 bytes of the UUID, or absent |
//! | correlation id | 16 bytes of the UUID, or absent |
//! | traceparent | UTF-8, or absent |
//! | payload | its bytes as recorded |
//!
//! Integers are big-endian. Nothing else enters: not the ledger's id, which the checkpoint's origin names.

use ring::digest::{Context, SHA256};

use crate::Envelope;

/// The prefix of a leaf in RFC 6962.
const LEAF_PREFIX: u8 = 0x00;

/// The length that says "absent".
const ABSENT: [u8; 4] = u32::MAX.to_be_bytes();

/// The canonical bytes of an event, prefix included.
#[must_use]
pub fn bytes(event: &Envelope) -> Vec<u8> {
    let mut out = Vec::with_capacity(event.payload.len().saturating_add(360));
    out.push(LEAF_PREFIX);
    field(&mut out, &event.position.get().to_be_bytes());
    field(&mut out, event.id.as_bytes());
    field(&mut out, event.event_type.as_bytes());
    field(&mut out, &event.schema_version.to_be_bytes());
    field(&mut out, &streams(event));
    field(&mut out, &event.occurred_at.timestamp_micros().to_be_bytes());
    field(&mut out, &event.recorded_at.timestamp_micros().to_be_bytes());
    field(&mut out, event.command_id.as_bytes());
    field(&mut out, event.actor.as_bytes());
    optional(&mut out, event.causation_id.as_ref().map(|id| id.as_bytes().as_slice()));
    optional(&mut out, event.correlation_id.as_ref().map(|id| id.as_bytes().as_slice()));
    optional(&mut out, event.traceparent.as_ref().map(String::as_bytes));
    field(&mut out, &event.payload);
    out
}

/// The leaf's hash: SHA-256 over `bytes`.
#[must_use]
pub fn hash(event: &Envelope) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(&bytes(event));
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

fn streams(event: &Envelope) -> Vec<u8> {
    let mut out = Vec::with_capacity(event.streams.len().saturating_mul(26));
    for stream in &event.streams {
        out.extend_from_slice(&stream.kind.code().to_be_bytes());
        out.extend_from_slice(stream.id.as_bytes());
        out.extend_from_slice(&stream.version.to_be_bytes());
    }
    out
}

fn field(out: &mut Vec<u8>, bytes: &[u8]) {
    // A row of the ledger is below 1 GB, so the length always fits and never means "absent".
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(bytes);
}

fn optional(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        Some(bytes) => field(out, bytes),
        None => out.extend_from_slice(&ABSENT),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::testing::{full_envelope, sparse_envelope};

    /// The golden files are hex: the first line the leaf's bytes, the second its hash.
    fn golden(name: &str, event: &Envelope) {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("../schema/golden/leaf")
            .join(format!("{name}.hex"));
        let made = format!("{}\n{}\n", hex::encode(bytes(event)), hex::encode(hash(event)));
        let kept = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}; expected\n{made}", path.display()));
        assert_eq!(made, kept, "the canonical bytes of an event never change");
    }

    #[test]
    fn an_event_with_every_field_has_its_golden_bytes() {
        golden("every_field", &full_envelope());
    }

    #[test]
    fn an_event_with_nothing_optional_has_its_golden_bytes() {
        golden("nothing_optional", &sparse_envelope());
    }

    #[test]
    fn absent_differs_from_empty() {
        let absent = sparse_envelope();
        let mut empty = sparse_envelope();
        empty.traceparent = Some(String::new());
        assert_ne!(hash(&absent), hash(&empty));
    }
}
