//! VAT by kind of income and rate, and what corrected it.

use super::revenue::{income, span, total};

/// What was taxed, and the tax, by kind and rate.
pub(crate) const VAT_RATES: &str = concat!(
    "WITH income AS (",
    income!(),
    "),
    rates AS (
        SELECT i.kind, i.vat_percent, ",
    total!("NOT i.is_vat"),
    " AS base, ",
    total!("i.is_vat"),
    " AS vat, -",
    total!("i.taken_back AND NOT i.is_vat"),
    " AS reversed_base, -",
    total!("i.taken_back AND i.is_vat"),
    " AS reversed_vat, count(DISTINCT i.rental_id) AS rentals, ",
    span!(),
    " FROM income i GROUP BY i.kind, i.vat_percent)
    SELECT p.position, r.* FROM read_model.billing_position p LEFT JOIN rates r ON true
    ORDER BY array_position(ARRAY['usage', 'late', 'replacement'], r.kind), r.vat_percent"
);

/// The events that took back what had been taxed, at most `$6` after position `$5`: what they took back, and what they
/// charged instead.
pub(crate) const VAT_CORRECTIONS: &str = concat!(
    "WITH income AS (",
    income!(),
    "),
    corrections AS (
        SELECT i.position AS at, i.event_type, i.rental_id, i.booking_day, i.occurred_at, i.recorded_at, -",
    total!("i.taken_back AND NOT i.is_vat"),
    " AS reversed_base, -",
    total!("i.taken_back AND i.is_vat"),
    " AS reversed_vat, ",
    total!("NOT i.taken_back AND NOT i.is_vat"),
    " AS charged_base, ",
    total!("NOT i.taken_back AND i.is_vat"),
    " AS charged_vat
        FROM income i WHERE i.position > $5::bigint
        GROUP BY i.position, i.event_type, i.rental_id, i.booking_day, i.occurred_at, i.recorded_at
        HAVING bool_or(i.taken_back))
    SELECT p.position, c.* FROM read_model.billing_position p LEFT JOIN LATERAL (
        SELECT * FROM corrections ORDER BY at LIMIT $6) c ON true
    ORDER BY c.at"
);
