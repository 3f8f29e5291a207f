//! What needs a person's eye.

/// What needs a person's eye, newest first, before a place in that order; of one code, of one thing, or all.
pub(crate) const CASES: &str =
    "SELECT p.position, r.position AS at, r.number, r.code, r.kind, r.subject_kind, \
        r.subject_id, r.customer_id, r.device_id, r.station_id, r.occurred_at, r.recorded_at
     FROM read_model.cases_position p LEFT JOIN LATERAL (
        SELECT * FROM read_model.review
        WHERE ($1::text IS NULL OR code = $1) AND ($2::uuid IS NULL OR subject_id = $2)
          AND ($3::bigint IS NULL OR (position, number) < ($3, $4::smallint))
          AND position <= $6 AND ($7::timestamptz IS NULL OR occurred_at <= $7)
        ORDER BY position DESC, number DESC LIMIT $5) r ON true
     ORDER BY r.position DESC, r.number DESC";
