//! Statements of another moment than the present: what was known at a position, of what had happened by a time.
//!
//! A version of a row counts if its event is not beyond the position and did not happen after the time; the last that
//! counts is the row. Where no time is given every version up to the position counts, and the last is the row as it
//! was known there.

use super::{
    money::{approvals, breaks, manual_refunds, receipts, refund, refunds, refunds_to_export},
    reconciliation::reconciliation,
    rentals::rental,
};

/// When the event at a position was recorded.
pub(crate) const RECORDED_AT: &str = "SELECT recorded_at FROM ledger.event WHERE position = $1";

/// The versions, named `$v`, that count.
macro_rules! counts {
    ($v:literal, $position:literal, $time:literal) => {
        concat!(
            $v,
            ".position <= ",
            $position,
            " AND (",
            $time,
            "::timestamptz IS NULL OR ",
            $v,
            ".occurred_at <= ",
            $time,
            ")"
        )
    };
}

/// Those among them that no later event up to the position ended. Where a time is given that is not enough to be the
/// last one that counts, and nothing is left out.
macro_rules! stood {
    ($v:literal, $position:literal, $time:literal) => {
        concat!(
            "(",
            $time,
            "::timestamptz IS NOT NULL OR ",
            $v,
            ".until IS NULL OR ",
            $v,
            ".until > ",
            $position,
            ")"
        )
    };
}

/// The rows of a table, by their key, as they were known.
macro_rules! known {
    ($table:literal, $key:literal, $position:literal, $time:literal) => {
        concat!(
            "(SELECT v.* FROM read_model.",
            $table,
            "_version v WHERE ",
            counts!("v", $position, $time),
            " AND ",
            stood!("v", $position, $time),
            " AND NOT EXISTS (SELECT FROM read_model.",
            $table,
            "_version l WHERE l.",
            $key,
            " = v.",
            $key,
            " AND l.position > v.position AND ",
            counts!("l", $position, $time),
            "))"
        )
    };
}

/// One rental.
pub(crate) const RENTAL: &str = concat!(
    "SELECT p.position, ",
    rental!(),
    ", r.terms FROM read_model.rentals_position p LEFT JOIN LATERAL (
        SELECT v.*, t.terms FROM read_model.rental_version v
        LEFT JOIN read_model.tariff t ON t.tariff_id = v.tariff_id AND t.version = v.tariff_version
        WHERE v.rental_id = $1 AND ",
    counts!("v", "$2", "$3"),
    " ORDER BY v.position DESC LIMIT 1) r ON true"
);

/// One rental and its charge: of two read models, as both know them.
pub(crate) const CHARGE: &str = concat!(
    "SELECT p.position, b.position AS billing_position, ",
    rental!(),
    ", r.terms, c.rental_id AS charged, c.total, c.usage, c.late, c.replacement, c.vat, c.lines, c.charged_at,
       c.position AS charge_position
     FROM read_model.rentals_position p CROSS JOIN read_model.billing_position b
     CROSS JOIN LATERAL (SELECT least($2::bigint, p.position, b.position) AS position) a
     LEFT JOIN LATERAL (
        SELECT v.*, t.terms FROM read_model.rental_version v
        LEFT JOIN read_model.tariff t ON t.tariff_id = v.tariff_id AND t.version = v.tariff_version
        WHERE v.rental_id = $1 AND ",
    counts!("v", "a.position", "$3"),
    " ORDER BY v.position DESC LIMIT 1) r ON true
     LEFT JOIN LATERAL (SELECT v.* FROM read_model.charge_version v WHERE v.rental_id = $1 AND ",
    counts!("v", "a.position", "$3"),
    " ORDER BY v.position DESC LIMIT 1) c ON true"
);

/// A customer's balance: the sum of what each event did to it.
pub(crate) const BALANCE: &str = "SELECT p.position, b.customer_id, coalesce(s.balance, 0) AS balance, \
        coalesce(s.debt, 0) AS debt
     FROM read_model.billing_position p
     LEFT JOIN read_model.balance b ON b.customer_id = $1 AND b.opened_position <= $2
        AND ($3::timestamptz IS NULL OR b.opened_at <= $3)
     LEFT JOIN LATERAL (
        SELECT sum(d.balance)::bigint AS balance, sum(d.debt)::bigint AS debt FROM (
            SELECT l.balance - lag(l.balance, 1, 0::bigint) OVER w AS balance,
                   l.debt - lag(l.debt, 1, 0::bigint) OVER w AS debt, l.occurred_at
            FROM read_model.statement l WHERE l.customer_id = $1 AND l.position <= $2
            WINDOW w AS (ORDER BY l.position)) d
        WHERE $3::timestamptz IS NULL OR d.occurred_at <= $3) s ON true";

/// One station and its slots; what stands in a slot is what the banks say of themselves. What may be rented is what
/// the views of the present say.
pub(crate) const STATION: &str = concat!(
    "WITH place AS (
        SELECT v.* FROM read_model.station_version v WHERE v.station_id = $1 AND ",
    counts!("v", "$2", "$3"),
    "   ORDER BY v.position DESC LIMIT 1),
    shelf AS (
        SELECT DISTINCT ON (v.slot) v.slot, v.faulty, v.disabled FROM read_model.slot_version v
        WHERE v.station_id = $1 AND ",
    counts!("v", "$2", "$3"),
    "   ORDER BY v.slot, v.position DESC),
    banks AS (
        SELECT DISTINCT ON (v.slot) v.slot, v.device_id, v.battery_percent,
               v.status = 'docked' AND coalesce(v.battery_percent >= 20, true) AS ready
        FROM read_model.device_version v WHERE v.station_id = $1 AND ",
    counts!("v", "$2", "$3"),
    " AND ",
    stood!("v", "$2", "$3"),
    "   AND NOT EXISTS (SELECT FROM read_model.device_version l
            WHERE l.device_id = v.device_id AND l.position > v.position AND ",
    counts!("l", "$2", "$3"),
    "   ) ORDER BY v.slot, v.position DESC),
    held AS (
        SELECT h.slot, b.device_id, b.battery_percent, NOT h.faulty AND NOT h.disabled AS works,
               coalesce(b.ready, false) AS ready,
               CASE WHEN h.disabled THEN 'disabled' WHEN h.faulty THEN 'faulty'
                    WHEN b.device_id IS NOT NULL THEN 'occupied' ELSE 'empty' END AS status
        FROM shelf h LEFT JOIN banks b USING (slot)),
    free AS (
        SELECT count(*) FILTER (WHERE works AND ready) AS free_banks,
               count(*) FILTER (WHERE works AND device_id IS NULL) AS free_slots,
               coalesce(json_agg(json_build_object('slot', slot, 'status', status, 'rentable', works AND ready,
                   'battery_percent', battery_percent, 'device_id', device_id) ORDER BY slot)::text, '[]') AS slot_list
        FROM held)
    SELECT p.position, s.station_id, s.code, s.name, s.latitude, s.longitude,
           CASE s.service WHEN 'in_service' THEN CASE WHEN s.online THEN 'online' ELSE 'offline' END
                ELSE s.service END AS status,
           s.release_mode, s.rents_out, s.takes_back, s.slots, f.free_banks, f.free_slots,
           NULL::bigint AS distance, f.slot_list
    FROM read_model.inventory_position p CROSS JOIN free f LEFT JOIN place s ON true"
);

/// All accounts: the sum of every line that counts. The totals that are kept say nothing of when things happened.
pub(crate) const TRIAL_BALANCE: &str = "WITH moved AS (
        SELECT j.debit AS account, j.amount AS debit, 0::bigint AS credit, j.position FROM read_model.journal j
        WHERE j.position <= $1 AND j.occurred_at <= $2
        UNION ALL
        SELECT j.credit, 0, j.amount, j.position FROM read_model.journal j
        WHERE j.position <= $1 AND j.occurred_at <= $2),
    summed AS (
        SELECT account, sum(debit)::bigint AS debit, sum(credit)::bigint AS credit, count(*) AS lines,
               min(position) AS first_position, max(position) AS last_position FROM moved GROUP BY account)
    SELECT p.position, s.* FROM read_model.billing_position p LEFT JOIN summed s ON true";

/// Refunds of a status, or all, newest first, after a place in that order.
pub(crate) const REFUNDS: &str = refunds!(known!("refund", "refund_id", "$5", "$6"));
/// Approved refunds that staff pay out, newest first, after a place in that order.
pub(crate) const MANUAL_REFUNDS: &str = manual_refunds!(known!("refund", "refund_id", "$4", "$5"));
/// The approved refunds that staff pay out, oldest first.
pub(crate) const REFUNDS_TO_EXPORT: &str = refunds_to_export!(known!("refund", "refund_id", "$2", "$3"));
/// Receipts of a status, or all, newest first, after a place in that order.
pub(crate) const RECEIPTS: &str = receipts!(known!("receipt", "receipt_id", "$5", "$6"));
/// Approvals of a status, or all, newest first, after a place in that order.
pub(crate) const APPROVALS: &str = approvals!(known!("approval", "approval_id", "$5", "$6"));
/// Breaks of a status, or all, newest first, after a place in that order.
pub(crate) const BREAKS: &str = breaks!(known!("statement_break", "break_id", "$5", "$6"));

/// A day's money by three who say what moved. What the ledger says is known by position; statements and calls are
/// no events and are known by when they came.
pub(crate) const RECONCILIATION: &str = reconciliation!(
    " AND ($4::timestamptz IS NULL OR l.completed_at <= $4) AND EXISTS (SELECT FROM finance.statement f
        WHERE f.statement_id = l.statement_id AND f.uploaded_at <= $5)",
    " AND m.position <= $3 AND ($4::timestamptz IS NULL OR m.moved_at <= $4)",
    " AND c.heard_at <= $5 AND ($4::timestamptz IS NULL OR c.heard_at <= $4)",
    known!("statement_break", "break_id", "$3", "$4")
);
