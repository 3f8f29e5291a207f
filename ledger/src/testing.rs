//! Sample events for the tests of this crate.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{Envelope, Position, StreamKind, StreamRef};

pub(crate) fn micros(value: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(value).unwrap()
}

pub(crate) fn full_envelope() -> Envelope {
    Envelope {
        position: Position::new(1_042),
        id: Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0001),
        event_type: "RentalStarted".to_owned(),
        schema_version: 1,
        streams: vec![
            stream(StreamKind::Rental, 0x10, 1),
            stream(StreamKind::Customer, 0x11, 4),
            stream(StreamKind::Device, 0x12, 77),
            stream(StreamKind::Station, 0x13, 12_345),
        ],
        occurred_at: micros(1_790_000_000_123_456),
        recorded_at: micros(1_790_000_000_223_457),
        command_id: Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0002),
        actor: "customer:0199".to_owned(),
        causation_id: Some(Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0003)),
        correlation_id: Some(Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0004)),
        traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
        payload: Bytes::from_static(b"{\"due_at\":\"2026-09-21T15:13:20.123456Z\"}"),
    }
}

pub(crate) fn sparse_envelope() -> Envelope {
    Envelope {
        position: Position::new(1),
        id: Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0009),
        event_type: "TariffRetired".to_owned(),
        schema_version: 2,
        streams: vec![stream(StreamKind::Tariff, 0x20, 3)],
        occurred_at: micros(-1),
        recorded_at: micros(0),
        command_id: Uuid::from_u128(7),
        actor: String::new(),
        causation_id: None,
        correlation_id: None,
        traceparent: None,
        payload: Bytes::new(),
    }
}

fn stream(kind: StreamKind, id: u128, version: i64) -> StreamRef {
    StreamRef { kind, id: Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0000 | id), version }
}
