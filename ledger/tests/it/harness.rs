//! A database for each test, and commands to append.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use chrono::DateTime;
use ledger::{
    ClaimOp, Decided, Ledger, NewEvent, PreparedCommand, StreamKind, StreamRef, migrate::ServiceRole,
};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::database;
pub(crate) use crate::database::connect;

static IDS: AtomicU64 = AtomicU64::new(1);

pub(crate) struct Db {
    pub(crate) owner_url: String,
}

impl Db {
    pub(crate) async fn new() -> Self {
        let owner_url = database::fresh().await;
        Self { owner_url }
    }

    pub(crate) fn url(&self, role: ServiceRole) -> String {
        database::url_for(&self.owner_url, role)
    }

    pub(crate) fn ledger(&self) -> Ledger {
        Ledger::connect(&self.url(ServiceRole::Command), 4).unwrap()
    }

    pub(crate) async fn owner(&self) -> Client {
        connect(&self.owner_url).await
    }

    pub(crate) async fn login(&self, role: ServiceRole) -> Client {
        connect(&self.url(role)).await
    }
}

/// An id that no other call returns.
pub(crate) fn id() -> Uuid {
    let number = IDS.fetch_add(1, Ordering::Relaxed);
    Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0000 | u128::from(number))
}

pub(crate) fn hash(byte: u8) -> [u8; 32] {
    [byte; 32]
}

/// A command without events.
pub(crate) fn bare(decided: Decided, reads: &[(Uuid, i64)]) -> PreparedCommand {
    PreparedCommand {
        id: id(),
        actor: "agent:1".to_owned(),
        hash: hash(7),
        decided,
        reads: reads.to_vec(),
        events: Vec::new(),
        claims: Vec::new(),
        result: Bytes::from_static(b"{\"rental_id\":1}"),
        answer_version: 3,
        correlation_id: Some(id()),
        traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
    }
}

/// A recorded command with one event that moves each of the streams on by one.
pub(crate) fn recorded(reads: &[(Uuid, i64)]) -> PreparedCommand {
    let mut command = bare(Decided::Recorded, reads);
    command.events.push(event(reads));
    command
}

pub(crate) fn event(streams: &[(Uuid, i64)]) -> NewEvent {
    let kinds = [StreamKind::Rental, StreamKind::Customer, StreamKind::Device, StreamKind::Station];
    let streams = streams
        .iter()
        .zip(kinds)
        .map(|((stream, version), kind)| StreamRef { kind, id: *stream, version: version + 1 })
        .collect();
    NewEvent {
        id: id(),
        event_type: "RentalStarted".into(),
        schema_version: 1,
        streams,
        occurred_at: DateTime::from_timestamp_micros(1_790_000_000_123_456).unwrap(),
        causation_id: None,
        payload: Bytes::from_static(b"{\"tariff\":\"city\"}"),
    }
}

pub(crate) fn take(value: &str, entity: Uuid) -> ClaimOp {
    ClaimOp::Take { kind: "device_serial".to_owned(), value: value.to_owned(), entity }
}

pub(crate) fn absent(value: &str) -> ClaimOp {
    ClaimOp::Absent { kind: "device_serial".to_owned(), value: value.to_owned() }
}

pub(crate) fn release(value: &str) -> ClaimOp {
    ClaimOp::Release { kind: "device_serial".to_owned(), value: value.to_owned() }
}

/// Fills the ledger with `count` events of one command each, each on a stream of its own.
pub(crate) async fn fill(ledger: &Ledger, count: usize) {
    let commands: Vec<_> = (0..count).map(|_| recorded(&[(id(), 0)])).collect();
    let last = ledger.last_position().await.unwrap();
    let appended = ledger.append(&commands, last).await.unwrap();
    assert_eq!(appended.last.since(last), i64::try_from(count).unwrap());
}

/// Checks I1, I3, I4 and I5 on the tables themselves.
pub(crate) async fn assert_sound(db: &Db) {
    let owner = db.owner().await;
    let zero = |sql: &'static str| {
        let owner = &owner;
        async move {
            let count: i64 = owner.query_one(sql, &[]).await.unwrap().get(0);
            assert_eq!(count, 0, "{sql}");
        }
    };
    zero("SELECT count(*) FROM (SELECT position, lag(position, 1, 0::bigint) OVER (ORDER BY position) AS before FROM ledger.event) s WHERE position <> before + 1").await;
    zero("SELECT count(*) FROM (SELECT recorded_at, lag(recorded_at) OVER (ORDER BY position) AS before FROM ledger.event) s WHERE recorded_at < before").await;
    zero("SELECT count(*) FROM (SELECT version, lag(version, 1, 0::bigint) OVER (PARTITION BY stream ORDER BY version) AS before, position, lag(position, 1, 0::bigint) OVER (PARTITION BY stream ORDER BY version) AS earlier FROM ledger.stream_version) s WHERE version <> before + 1 OR position < earlier").await;
    zero("SELECT count(*) FROM (SELECT e.position, u.stream, u.version FROM ledger.event e, unnest(e.stream_ids, e.stream_versions) u (stream, version)) s FULL JOIN ledger.stream_version v USING (stream, version, position) WHERE s.position IS NULL OR v.position IS NULL").await;
    zero("SELECT count(*) FROM (SELECT command_id, min(position) AS first, count(*) AS events, max(position) AS last FROM ledger.event GROUP BY 1) s FULL JOIN (SELECT * FROM ledger.command WHERE outcome = 1) c ON c.id = s.command_id WHERE c.id IS NULL OR s.command_id IS NULL OR c.first_position <> s.first OR c.event_count <> s.events OR s.last - s.first + 1 <> s.events").await;
}
