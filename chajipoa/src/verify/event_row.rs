//! An event as the table holds it, and its leaf.
//!
//! A field of `COPY` in binary form is a big-endian length and its bytes, a NULL the length −1: exactly what a leaf is
//! made of ([`ledger::leaf`]), but for the streams, which are three arrays, and the times, which Postgres counts from
//! the year 2000. So most of a leaf is hashed where it lies. A test holds it against [`ledger::leaf::hash`].

use ledger::{MAX_STREAMS, tree::Hash};
use ring::digest::{Context, SHA256};
use uuid::Uuid;

use super::copy::{Fields, elements};
use super::error::VerifyError;

/// The columns, in the order of a leaf's fields.
pub(super) const COLUMNS: &str = "position, id, type, schema_version, stream_kinds, stream_ids, stream_versions, \
     occurred_at, recorded_at, command_id, actor, causation_id, correlation_id, traceparent, payload";

const TABLE: &str = "ledger.event";

/// What Postgres's zero is in microseconds since 1970.
const EPOCH: i64 = 946_684_800_000_000;

/// A stream of an event as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Stream {
    pub(super) kind: i16,
    pub(super) id: Uuid,
    pub(super) version: i64,
}

/// The streams of an event as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Streams {
    all: [Stream; MAX_STREAMS],
    count: usize,
}

impl Streams {
    /// None if the arrays do not fit each other, or are not one to four.
    fn of(kinds: &[u8], ids: &[u8], versions: &[u8]) -> Option<Self> {
        let mut streams = Self::default();
        let (mut kinds, mut ids) = (elements::<2>(kinds)?, elements::<16>(ids)?);
        for version in elements::<8>(versions)? {
            let (kind, id) = (kinds.next()?, ids.next()?);
            *streams.all.get_mut(streams.count)? = Stream {
                kind: i16::from_be_bytes(*kind),
                id: Uuid::from_bytes(*id),
                version: i64::from_be_bytes(*version),
            };
            streams.count = streams.count.saturating_add(1);
        }
        let whole = streams.count > 0 && kinds.next().is_none() && ids.next().is_none();
        whole.then_some(streams)
    }

    pub(super) fn as_slice(&self) -> &[Stream] {
        self.all.get(..self.count).unwrap_or_default()
    }
}

/// An event as stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct EventRow<'a> {
    pub(super) position: i64,
    pub(super) event_type: &'a str,
    pub(super) schema_version: i16,
    /// None if the three arrays are no streams.
    pub(super) streams: Option<Streams>,
    /// Microseconds since 1970.
    pub(super) occurred_at: i64,
    /// Microseconds since 1970.
    pub(super) recorded_at: i64,
    pub(super) command_id: Uuid,
    pub(super) actor: &'a [u8],
    pub(super) correlation_id: Option<&'a [u8]>,
    pub(super) traceparent: Option<&'a [u8]>,
    pub(super) payload: &'a [u8],
    /// The fields before the streams, lengths included.
    head: &'a [u8],
    /// The fields after the times, lengths included.
    tail: &'a [u8],
}

impl<'a> EventRow<'a> {
    /// Reads a row of [`COLUMNS`].
    pub(super) fn read(row: &'a [u8]) -> Result<Self, VerifyError> {
        let mut fields = Fields::of(row, TABLE)?;
        let begin = fields.rest();
        let position = fields.i64()?;
        let _id = fields.uuid()?;
        let event_type = fields.text()?;
        let schema_version = fields.i16()?;
        let head = begin.get(..begin.len().saturating_sub(fields.rest().len())).unwrap_or_default();
        let (kinds, ids, versions) = (fields.bytes()?, fields.bytes()?, fields.bytes()?);
        let (occurred_at, recorded_at) = (fields.i64()?, fields.i64()?);
        let tail = fields.rest();
        let (command_id, actor) = (fields.uuid()?, fields.bytes()?);
        let _causation = fields.optional()?;
        Ok(Self {
            position,
            event_type,
            schema_version,
            streams: Streams::of(kinds, ids, versions),
            occurred_at: occurred_at.wrapping_add(EPOCH),
            recorded_at: recorded_at.wrapping_add(EPOCH),
            command_id,
            actor,
            correlation_id: fields.optional()?,
            traceparent: fields.optional()?,
            payload: fields.bytes()?,
            head,
            tail,
        })
    }

    /// The hash of its leaf. An event without streams that can be read has none that was ever sealed.
    pub(super) fn leaf(&self, middle: &mut Vec<u8>) -> Hash {
        middle.clear();
        let streams = self.streams.unwrap_or_default();
        let length = u32::try_from(streams.as_slice().len().saturating_mul(26)).unwrap_or(u32::MAX);
        middle.extend_from_slice(&length.to_be_bytes());
        for stream in streams.as_slice() {
            middle.extend_from_slice(&stream.kind.to_be_bytes());
            middle.extend_from_slice(stream.id.as_bytes());
            middle.extend_from_slice(&stream.version.to_be_bytes());
        }
        for time in [self.occurred_at, self.recorded_at] {
            middle.extend_from_slice(&8_u32.to_be_bytes());
            middle.extend_from_slice(&time.to_be_bytes());
        }
        let mut context = Context::new(&SHA256);
        context.update(&[0x00]);
        context.update(self.head);
        context.update(middle);
        context.update(self.tail);
        let mut hash = [0; 32];
        hash.copy_from_slice(context.finish().as_ref());
        hash
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use chrono::DateTime;
    use ledger::{Envelope, Position, StreamKind, StreamRef, leaf};

    use super::super::copy::testing::{array, row};
    use super::*;

    fn envelope(optional: bool, streams: usize) -> Envelope {
        let kinds = [StreamKind::Rental, StreamKind::Customer, StreamKind::Device, StreamKind::Station];
        let streams = kinds.into_iter().take(streams).zip(1_i64..);
        Envelope {
            position: Position::new(1_042),
            id: Uuid::from_u128(7),
            event_type: "RentalStarted".to_owned(),
            schema_version: 1,
            streams: streams
                .map(|(kind, version)| StreamRef {
                    kind,
                    id: Uuid::from_u128(100 + u128::from(version.unsigned_abs())),
                    version,
                })
                .collect(),
            occurred_at: DateTime::from_timestamp_micros(1_790_000_000_123_456).unwrap(),
            recorded_at: DateTime::from_timestamp_micros(-5).unwrap(),
            command_id: Uuid::from_u128(8),
            actor: "agent:1".to_owned(),
            causation_id: optional.then_some(Uuid::from_u128(9)),
            correlation_id: optional.then_some(Uuid::from_u128(10)),
            traceparent: optional.then(|| "00-1".to_owned()),
            payload: Bytes::from_static(b"{}"),
        }
    }

    fn stored(event: &Envelope) -> Bytes {
        let of = |at: DateTime<chrono::Utc>| (at.timestamp_micros() - EPOCH).to_be_bytes();
        let kinds: Vec<[u8; 2]> = event.streams.iter().map(|one| one.kind.code().to_be_bytes()).collect();
        let versions: Vec<[u8; 8]> = event.streams.iter().map(|one| one.version.to_be_bytes()).collect();
        let kinds = array(&kinds.iter().map(<[u8; 2]>::as_slice).collect::<Vec<_>>());
        let ids = array(&event.streams.iter().map(|one| one.id.as_bytes().as_slice()).collect::<Vec<_>>());
        let versions = array(&versions.iter().map(<[u8; 8]>::as_slice).collect::<Vec<_>>());
        row(&[
            Some(&event.position.get().to_be_bytes()),
            Some(event.id.as_bytes()),
            Some(event.event_type.as_bytes()),
            Some(&event.schema_version.to_be_bytes()),
            Some(&kinds),
            Some(&ids),
            Some(&versions),
            Some(&of(event.occurred_at)),
            Some(&of(event.recorded_at)),
            Some(event.command_id.as_bytes()),
            Some(event.actor.as_bytes()),
            event.causation_id.as_ref().map(|id| id.as_bytes().as_slice()),
            event.correlation_id.as_ref().map(|id| id.as_bytes().as_slice()),
            event.traceparent.as_ref().map(String::as_bytes),
            Some(&event.payload),
        ])
    }

    #[test]
    fn a_row_has_the_leaf_of_its_event() {
        for (optional, streams) in [(true, 4), (false, 1), (true, 2), (false, 3)] {
            let event = envelope(optional, streams);
            let bytes = stored(&event);
            let row = EventRow::read(&bytes).unwrap();
            assert_eq!(row.leaf(&mut Vec::new()), leaf::hash(&event));
            assert_eq!((row.position, row.event_type, row.payload), (1_042, "RentalStarted", &b"{}"[..]));
            assert_eq!(row.recorded_at, -5);
            assert_eq!(row.streams.unwrap().as_slice().len(), streams);
        }
    }

    #[test]
    fn streams_that_do_not_fit_each_other_are_none() {
        let (kind, id, version) = ([0_u8, 4], [7_u8; 16], 1_i64.to_be_bytes());
        let one = (array(&[&kind]), array(&[&id]), array(&[&version]));
        assert!(Streams::of(&one.0, &one.1, &one.2).is_some());
        assert!(Streams::of(&array(&[&kind, &kind]), &one.1, &one.2).is_none());
        assert!(Streams::of(&one.0, &array(&[]), &one.2).is_none());
        let five = [&version[..]; 5];
        assert!(Streams::of(&array(&[&kind[..]; 5]), &array(&[&id[..]; 5]), &array(&five)).is_none());
        assert!(Streams::of(&[], &[], &[]).is_none());
    }
}
