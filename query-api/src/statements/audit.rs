//! The events as they were recorded, and how far each read model has come.

/// The fields of an event, from `e`.
macro_rules! event {
    () => {
        "e.position, e.id, e.type, e.schema_version, e.stream_kinds, e.stream_ids, e.stream_versions, \
         e.occurred_at, e.recorded_at, e.command_id, e.actor, e.payload"
    };
}

/// The last position, from the ledger itself.
macro_rules! last {
    () => {
        "(SELECT coalesce((SELECT e.position FROM ledger.event e ORDER BY e.position DESC LIMIT 1), 0) AS last) p"
    };
}

/// Events between two positions, of a type if one is named.
pub(crate) const EVENTS: &str = concat!(
    "SELECT p.last, e.* FROM ",
    last!(),
    " LEFT JOIN LATERAL (SELECT ",
    event!(),
    " FROM ledger.event e WHERE e.position > $1 AND e.position <= $2 AND ($3::text IS NULL OR e.type = $3)
       ORDER BY e.position LIMIT $4) e ON true ORDER BY e.position"
);

/// Events of one stream between two positions, of a type if one is named.
pub(crate) const EVENTS_OF_STREAM: &str = concat!(
    "SELECT p.last, e.* FROM ",
    last!(),
    " LEFT JOIN LATERAL (SELECT ",
    event!(),
    " FROM ledger.stream_version v JOIN ledger.event e ON e.position = v.position
       WHERE v.stream = $5 AND v.position > $1 AND v.position <= $2 AND ($3::text IS NULL OR e.type = $3)
       ORDER BY v.version LIMIT $4) e ON true ORDER BY e.position"
);

/// One event.
pub(crate) const EVENT: &str =
    concat!("SELECT p.last, ", event!(), " FROM ", last!(), " LEFT JOIN ledger.event e ON e.position = $1");

/// Every live read model, and how far the ledger reaches.
pub(crate) const PROJECTIONS: &str = concat!(
    "SELECT p.last, l.name, l.position, l.status, l.reason FROM ",
    last!(),
    " LEFT JOIN ledger.projection l ON l.live ORDER BY l.name"
);

/// The first event of each stream.
pub(crate) const FIRST_EVENTS: &str = "SELECT v.stream, e.id, e.type, e.schema_version, e.payload
     FROM ledger.stream_version v JOIN ledger.event e ON e.position = v.position
     WHERE v.stream = ANY($1) AND v.version = 1";
