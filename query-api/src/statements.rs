//! Every statement of the query API, in one place.
//!
//! Each begins with the position that its answer stands for, taken in the same statement as the rows; the row of
//! the position is there even if nothing else is found. Those of another moment than the present are in [`known`].

/// The fields of a rental, from `r`.
macro_rules! rental {
    () => {
        "r.rental_id, r.customer_id, r.device_id, r.station_id, r.return_station_id, r.slot, r.status, \
         r.requested_at, r.started_at, r.due_at, r.ended_at, r.free_minutes, r.tariff_id, r.tariff_version, \
         r.charge_total, r.charge_usage, r.charge_late, r.charge_replacement, r.charge_vat, r.position AS row_position"
    };
}

/// The position of `rentals`.
pub(crate) const RENTALS_POSITION: &str = "SELECT position FROM read_model.rentals_position";
/// The position of `billing`.
pub(crate) const BILLING_POSITION: &str = "SELECT position FROM read_model.billing_position";
/// The position of `inventory`.
pub(crate) const INVENTORY_POSITION: &str = "SELECT position FROM read_model.inventory_position";
/// The position of `cases`.
pub(crate) const CASES_POSITION: &str = "SELECT position FROM read_model.cases_position";
/// The last position of the ledger.
pub(crate) const LEDGER_POSITION: &str =
    "SELECT coalesce((SELECT e.position FROM ledger.event e ORDER BY e.position DESC LIMIT 1), 0)";

/// A customer's rentals, newest first, after a place in that order.
pub(crate) const RENTALS_OF_CUSTOMER: &str = concat!(
    "SELECT p.position, ",
    rental!(),
    " FROM read_model.rentals_position p LEFT JOIN LATERAL (
        SELECT * FROM read_model.rental
        WHERE customer_id = $1 AND ($2::timestamptz IS NULL OR (requested_at, rental_id) < ($2, $3::uuid))
        ORDER BY requested_at DESC, rental_id DESC LIMIT $4) r ON true
     ORDER BY r.requested_at DESC, r.rental_id DESC"
);

/// A customer's open rental.
pub(crate) const OPEN_RENTAL: &str = concat!(
    "SELECT p.position, ",
    rental!(),
    ", r.terms FROM read_model.rentals_position p LEFT JOIN LATERAL (
        SELECT o.*, t.terms FROM read_model.rental o
        LEFT JOIN read_model.tariff t ON t.tariff_id = o.tariff_id AND t.version = o.tariff_version
        WHERE o.customer_id = $1 AND o.status IN ('releasing', 'active', 'overdue')
        ORDER BY o.requested_at DESC LIMIT 1) r ON true"
);

/// One rental.
pub(crate) const RENTAL: &str = concat!(
    "SELECT p.position, ",
    rental!(),
    ", r.terms FROM read_model.rentals_position p LEFT JOIN LATERAL (
        SELECT o.*, t.terms FROM read_model.rental o
        LEFT JOIN read_model.tariff t ON t.tariff_id = o.tariff_id AND t.version = o.tariff_version
        WHERE o.rental_id = $1) r ON true"
);

/// One rental and its charge: of two read models.
pub(crate) const CHARGE: &str = concat!(
    "SELECT p.position, b.position AS billing_position, ",
    rental!(),
    ", r.terms, c.rental_id AS charged, c.total, c.usage, c.late, c.replacement, c.vat, c.lines, c.charged_at,
       c.position AS charge_position
     FROM read_model.rentals_position p CROSS JOIN read_model.billing_position b
     LEFT JOIN LATERAL (
        SELECT o.*, t.terms FROM read_model.rental o
        LEFT JOIN read_model.tariff t ON t.tariff_id = o.tariff_id AND t.version = o.tariff_version
        WHERE o.rental_id = $1) r ON true
     LEFT JOIN LATERAL (SELECT * FROM read_model.charge WHERE rental_id = $1) c ON true"
);

/// A customer's balance.
pub(crate) const BALANCE: &str = "SELECT p.position, b.customer_id, b.balance, b.debt \
     FROM read_model.billing_position p LEFT JOIN read_model.balance b ON b.customer_id = $1";

/// A customer's statement between two times, after a position.
pub(crate) const STATEMENT: &str =
    "SELECT p.position, s.position AS at, s.kind, s.amount, s.balance, s.debt, \
         s.subject_kind, s.subject_id, s.occurred_at, s.recorded_at
     FROM read_model.billing_position p LEFT JOIN LATERAL (
        SELECT * FROM read_model.statement
        WHERE customer_id = $1 AND position > $2
          AND ($3::timestamptz IS NULL OR occurred_at >= $3) AND ($4::timestamptz IS NULL OR occurred_at < $4)
        ORDER BY position LIMIT $5) s ON true
     ORDER BY s.position";

/// The fields of a payment, from `y`.
macro_rules! payment {
    () => {
        "y.payment_id, y.customer_id, y.status, y.purpose, y.amount, y.provider, y.initiated_at, y.settled_at"
    };
}

/// One payment.
pub(crate) const PAYMENT: &str = concat!(
    "SELECT p.position, ",
    payment!(),
    ", f.external_id FROM read_model.billing_position p \
     LEFT JOIN read_model.payment y ON y.payment_id = $1 \
     LEFT JOIN read_model.payment_reference f ON f.payment_id = y.payment_id"
);

/// A customer's payments, newest first, after a place in that order.
pub(crate) const PAYMENTS_OF_CUSTOMER: &str = concat!(
    "SELECT p.position, ",
    payment!(),
    ", f.external_id FROM read_model.billing_position p LEFT JOIN LATERAL (
        SELECT * FROM read_model.payment
        WHERE customer_id = $1 AND ($2::timestamptz IS NULL OR (initiated_at, payment_id) < ($2, $3::uuid))
        ORDER BY initiated_at DESC, payment_id DESC LIMIT $4) y ON true
     LEFT JOIN read_model.payment_reference f ON f.payment_id = y.payment_id
     ORDER BY y.initiated_at DESC, y.payment_id DESC"
);

/// The fields of a refund, from `r`.
macro_rules! refund {
    () => {
        concat!(
            "r.refund_id, r.customer_id, r.receipt_id, r.payment_id, r.amount, r.provider, r.status, \
             r.requested_by, r.requested_at, r.approved_by, r.approved_at, r.reference, r.submitted_at, \
             r.provider_reference, r.paid_at, r.cause, r.reason, r.review, r.provider IN ",
            crate::refund::by_hand!(),
            " AS by_hand"
        )
    };
}

/// One refund.
pub(crate) const REFUND: &str = concat!(
    "SELECT p.position, ",
    refund!(),
    " FROM read_model.billing_position p LEFT JOIN read_model.refund r ON r.refund_id = $1"
);

/// Refunds of a status, or all, newest first, after a place in that order.
macro_rules! refunds {
    ($from:expr) => {
        concat!(
            "SELECT p.position, ",
            refund!(),
            " FROM read_model.billing_position p LEFT JOIN LATERAL (
        SELECT * FROM ",
            $from,
            "
        WHERE ($1::text IS NULL OR status = $1)
          AND ($2::timestamptz IS NULL OR (requested_at, refund_id) < ($2, $3::uuid))
        ORDER BY requested_at DESC, refund_id DESC LIMIT $4) r ON true
     ORDER BY r.requested_at DESC, r.refund_id DESC"
        )
    };
}
/// The same now.
pub(crate) const REFUNDS: &str = refunds!("read_model.refund");

/// Approved refunds that staff pay out, newest first, after a place in that order.
macro_rules! manual_refunds {
    ($from:expr) => {
        concat!(
            "SELECT p.position, ",
            refund!(),
            " FROM read_model.billing_position p LEFT JOIN LATERAL (
        SELECT * FROM ",
            $from,
            "
        WHERE status = 'approved' AND provider IN ",
            crate::refund::by_hand!(),
            "     AND ($1::timestamptz IS NULL OR (requested_at, refund_id) < ($1, $2::uuid))
        ORDER BY requested_at DESC, refund_id DESC LIMIT $3) r ON true
     ORDER BY r.requested_at DESC, r.refund_id DESC"
        )
    };
}
/// The same now.
pub(crate) const MANUAL_REFUNDS: &str = manual_refunds!("read_model.refund");

/// The approved refunds that staff pay out, oldest first.
macro_rules! refunds_to_export {
    ($from:expr) => {
        concat!(
    "SELECT p.position, r.refund_id, r.customer_id, r.receipt_id, r.payment_id, r.amount, r.provider, r.requested_at,
        r.approved_at
     FROM read_model.billing_position p LEFT JOIN LATERAL (
        SELECT * FROM ", $from, " WHERE status = 'approved' AND provider IN ",
    crate::refund::by_hand!(),
    "   ORDER BY requested_at, refund_id LIMIT $1) r ON true
     ORDER BY r.requested_at, r.refund_id"
        )
    };
}
/// The same now.
pub(crate) const REFUNDS_TO_EXPORT: &str = refunds_to_export!("read_model.refund");

/// Receipts of a status, or all, newest first, after a place in that order.
macro_rules! receipts {
    ($from:expr) => {
        concat!(
            "SELECT p.position, r.receipt_id, r.provider, r.provider_reference, r.amount, r.paid_at, \
        r.payment_id, r.review, r.recorded_at, r.status, r.assigned_to, r.refund_id, r.reason, \
        coalesce(r.customer_id, y.customer_id) AS likely_customer_id
     FROM read_model.billing_position p LEFT JOIN LATERAL (
        SELECT * FROM ",
            $from,
            "
        WHERE ($1::text IS NULL OR status = $1)
          AND ($2::timestamptz IS NULL OR (recorded_at, receipt_id) < ($2, $3::uuid))
        ORDER BY recorded_at DESC, receipt_id DESC LIMIT $4) r ON true
     LEFT JOIN read_model.payment y ON y.payment_id = r.payment_id
     ORDER BY r.recorded_at DESC, r.receipt_id DESC"
        )
    };
}
/// The same now.
pub(crate) const RECEIPTS: &str = receipts!("read_model.receipt");

/// Approvals of a status, or all, newest first, after a place in that order.
macro_rules! approvals {
    ($from:expr) => {
        concat!(
            "SELECT p.position, a.approval_id, a.kind, a.status, a.receipt_id, a.refund_id, \
        a.customer_id, a.amount, a.requested_by, a.requested_at, a.decided_by, a.decided_at
     FROM read_model.billing_position p LEFT JOIN LATERAL (
        SELECT * FROM ",
            $from,
            "
        WHERE ($1::text IS NULL OR status = $1)
          AND ($2::timestamptz IS NULL OR (requested_at, approval_id) < ($2, $3::uuid))
        ORDER BY requested_at DESC, approval_id DESC LIMIT $4) a ON true
     ORDER BY a.requested_at DESC, a.approval_id DESC"
        )
    };
}
/// The same now.
pub(crate) const APPROVALS: &str = approvals!("read_model.approval");

/// Breaks of a status, or all, newest first, after a place in that order.
macro_rules! breaks {
    ($from:expr) => {
        concat!(
    "SELECT p.position, b.break_id, b.status, b.cause, b.provider, b.provider_reference, \
        b.payment_id, b.refund_id, b.receipt_id, b.ledger_amount, b.statement_amount, b.statement_id, b.reason, \
        b.opened_at, b.explanation, b.explained_by, b.explained_at, b.closed_by, b.closed_at, b.close_reason
     FROM read_model.billing_position p LEFT JOIN LATERAL (
        SELECT * FROM ", $from, "
        WHERE ($1::text IS NULL OR status = $1)
          AND ($2::timestamptz IS NULL OR (opened_at, break_id) < ($2, $3::uuid))
        ORDER BY opened_at DESC, break_id DESC LIMIT $4) b ON true
     ORDER BY b.opened_at DESC, b.break_id DESC"
        )
    };
}
/// The same now.
pub(crate) const BREAKS: &str = breaks!("read_model.statement_break");

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

/// A day's money by three who say what moved: the provider's statements, the ledger, the provider's calls. For each source
/// a line per wallet and kind; then each transaction of the day on which they do not say the same, or that has a break.
/// A transaction is known by its reference, whatever day the others saw it on, within a month.
macro_rules! reconciliation {
    ($stated:expr, $booked:expr, $heard:expr, $breaks:expr) => {
        concat!(
    "WITH span AS (
        SELECT $1::date::timestamp AT TIME ZONE 'Africa/Dar_es_Salaam' AS a,
               ($1::date + 1)::timestamp AT TIME ZONE 'Africa/Dar_es_Salaam' AS b),
    stated AS (
        SELECT DISTINCT ON (l.kind, key) l.kind,
               CASE l.kind WHEN 'disbursement' THEN coalesce(l.external_reference, l.transaction_id)
                    ELSE coalesce(l.transaction_id, l.external_reference) END AS key,
               l.provider, l.transaction_id AS provider_reference, l.external_reference, l.amount, l.succeeded AS ok,
               l.completed_at AS at, l.completed_at >= s.a AND l.completed_at < s.b AS today
        FROM span s JOIN finance.statement_line l
          ON l.completed_at >= s.a - interval '31 days' AND l.completed_at < s.b + interval '31 days'", $stated, "
        ORDER BY l.kind, key, l.succeeded DESC, l.completed_at DESC),
    booked AS (
        SELECT DISTINCT ON (m.kind, key) m.kind,
               CASE m.kind WHEN 'disbursement' THEN coalesce(m.reference, m.provider_reference)
                    ELSE coalesce(m.provider_reference, m.reference) END AS key,
               m.provider, m.provider_reference, m.reference AS external_reference, m.amount, m.moved_at AS at,
               m.payment_id, m.receipt_id, m.refund_id, m.by_hand, m.moved_at >= s.a AND m.moved_at < s.b AS today
        FROM span s JOIN read_model.movement m
          ON m.moved_at >= s.a - interval '31 days' AND m.moved_at < s.b + interval '31 days'", $booked, "
        ORDER BY m.kind, key, m.position DESC),
    heard AS (
        SELECT DISTINCT ON (c.kind, key) c.kind,
               CASE c.kind WHEN 'disbursement' THEN coalesce(c.external_reference, c.provider_reference)
                    ELSE coalesce(c.provider_reference, c.external_reference) END AS key,
               c.provider, c.provider_reference, c.external_reference, c.amount, c.status, c.status = 'success' AS ok,
               c.heard_at AS at, c.verdict, c.heard_at >= s.a AND c.heard_at < s.b AS today
        FROM span s JOIN finance.callback c
          ON c.heard_at >= s.a - interval '31 days' AND c.heard_at < s.b + interval '31 days'
        WHERE coalesce(c.provider_reference, c.external_reference) IS NOT NULL", $heard, "
        ORDER BY c.kind, key, c.status = 'success' DESC, c.heard_at DESC),
    names AS (
        SELECT kind, key FROM stated WHERE today UNION SELECT kind, key FROM booked WHERE today AND kind <> 'chargeback'
        UNION SELECT kind, key FROM heard WHERE today),
    told AS (
        SELECT n.kind, n.key, coalesce(m.provider, s.provider, c.provider) AS provider,
               coalesce(m.provider_reference, s.provider_reference, c.provider_reference) AS provider_reference,
               coalesce(m.external_reference, s.external_reference, c.external_reference) AS external_reference,
               s.amount AS stated_amount, s.ok AS stated_ok, s.at AS stated_at, s.today AS stated_today,
               m.amount AS booked_amount, m.at AS booked_at, m.today AS booked_today, m.by_hand,
               m.payment_id, m.receipt_id, m.refund_id,
               c.amount AS heard_amount, c.ok AS heard_ok, c.status AS heard_status, c.at AS heard_at,
               c.today AS heard_today, c.verdict
        FROM names n LEFT JOIN stated s USING (kind, key) LEFT JOIN booked m USING (kind, key)
             LEFT JOIN heard c USING (kind, key)),
    judged AS (
        SELECT t.*, array_remove(ARRAY[
            CASE WHEN t.stated_amount IS NULL AND (t.booked_amount IS NOT NULL OR t.heard_ok) AND NOT t.by_hand IS TRUE
                 THEN 'not_in_statement' END,
            CASE WHEN t.booked_amount IS NULL AND (t.stated_ok OR t.heard_ok) THEN 'not_in_ledger' END,
            CASE WHEN t.heard_status IS NULL AND t.kind IN ('collection', 'disbursement') AND NOT t.by_hand IS TRUE
                      AND (t.stated_ok OR t.booked_amount IS NOT NULL) THEN 'no_callback' END,
            CASE WHEN t.stated_amount <> t.booked_amount
                      OR t.heard_ok AND t.heard_amount <> coalesce(t.booked_amount, t.stated_amount)
                 THEN 'amount_differs' END,
            CASE WHEN t.booked_amount IS NOT NULL AND (NOT t.stated_ok OR NOT t.heard_ok)
                      OR t.stated_ok <> t.heard_ok THEN 'status_differs' END,
            CASE WHEN (t.booked_amount IS NOT NULL OR t.stated_ok OR t.heard_ok)
                      AND NOT (coalesce(t.stated_today, true) AND coalesce(t.booked_today, true)
                               AND coalesce(t.heard_today, true)) THEN 'other_day' END], NULL) AS reasons,
            (SELECT jsonb_agg(jsonb_build_object('break_id', b.break_id, 'cause', b.cause, 'status', b.status)
                              ORDER BY b.opened_at, b.break_id)
             FROM ", $breaks, " b
             WHERE b.provider_reference IN (t.provider_reference, t.external_reference)) AS breaks
        FROM told t),
    unequal AS (SELECT j.* FROM judged j WHERE cardinality(j.reasons) > 0 OR j.breaks IS NOT NULL),
    sums AS (
        SELECT 'statement' AS source, provider, kind, count(*) AS count, sum(amount)::bigint AS amount
        FROM stated WHERE today AND ok GROUP BY provider, kind
        UNION ALL
        SELECT CASE WHEN by_hand THEN 'by_hand' ELSE 'ledger' END, provider, kind, count(*), sum(amount)::bigint
        FROM booked WHERE today GROUP BY 1, provider, kind
        UNION ALL
        SELECT 'callbacks', coalesce(provider, k.known), kind, count(*), coalesce(sum(amount), 0)::bigint
        FROM heard h LEFT JOIN LATERAL (
            SELECT coalesce((SELECT m.provider FROM booked m WHERE m.kind = h.kind AND m.key = h.key),
                            (SELECT s.provider FROM stated s WHERE s.kind = h.kind AND s.key = h.key), 'unknown') AS known
        ) k ON h.provider IS NULL
        WHERE h.today AND h.ok GROUP BY 2, kind)
    SELECT p.position,
        (SELECT coalesce(jsonb_agg(jsonb_build_object('source', source, 'provider', provider, 'kind', kind,
                    'count', count, 'amount', amount) ORDER BY provider, kind, source), '[]') FROM sums) AS sums,
        (SELECT count(DISTINCT l.statement_id) FROM span s JOIN finance.statement_line l
            ON l.completed_at >= s.a AND l.completed_at < s.b", $stated, ") AS statements,
        (SELECT count(*) FROM unequal) AS unequal,
        (SELECT coalesce(jsonb_agg(to_jsonb(u) ORDER BY u.provider, u.kind, u.key), '[]') FROM (
            SELECT * FROM unequal ORDER BY provider, kind, key LIMIT $2) u) AS differences
    FROM read_model.billing_position p"
        )
    };
}
/// The same now.
pub(crate) const RECONCILIATION: &str = reconciliation!("", "", "", "read_model.statement_break");

/// The fields of a station, from `s`.
macro_rules! station {
    () => {
        "s.station_id, s.code, s.name, s.latitude, s.longitude, s.status, s.release_mode, s.rents_out, \
         s.takes_back, s.slots, s.free_banks, s.free_slots"
    };
}

/// All stations that still exist, after an id.
pub(crate) const STATIONS: &str = concat!(
    "SELECT p.position, ",
    station!(),
    ", NULL::bigint AS distance FROM read_model.inventory_position p LEFT JOIN LATERAL (
        SELECT * FROM read_model.station
        WHERE status <> 'decommissioned' AND ($1::uuid IS NULL OR station_id > $1)
        ORDER BY station_id LIMIT $2) s ON true
     ORDER BY s.station_id"
);

/// Stations within so many metres of a point, nearest first, after a place in that order. The box (a band of latitude,
/// one or two ranges of longitude) keeps the index in use; the distance is that on a sphere, in whole millimetres, so
/// that a cursor holds it exactly. What is free is counted only for the stations of the page.
pub(crate) const STATIONS_NEAR: &str = concat!(
    "SELECT p.position, ",
    station!(),
    ", n.distance FROM read_model.inventory_position p LEFT JOIN LATERAL (
        SELECT station_id, distance FROM (
            SELECT t.station_id, round(1000 * 2 * 6371008.8 * asin(sqrt(least(1.0,
                power(sin(radians(t.latitude - $1) / 2), 2)
                + cos(radians($1)) * cos(radians(t.latitude)) * power(sin(radians(t.longitude - $2) / 2), 2)
            ))))::bigint AS distance
            FROM read_model.station t
            WHERE t.status <> 'decommissioned' AND t.latitude BETWEEN $4 AND $5
              AND (t.longitude BETWEEN $6 AND $7 OR t.longitude BETWEEN $8 AND $9)
        ) d
        WHERE distance <= $3::bigint
          AND ($10::bigint IS NULL OR (distance, station_id) > ($10, $11::uuid))
        ORDER BY distance, station_id LIMIT $12) n ON true
     LEFT JOIN read_model.station s ON s.station_id = n.station_id
     ORDER BY n.distance, n.station_id"
);

/// One station and its slots.
pub(crate) const STATION: &str = concat!(
    "SELECT p.position, ",
    station!(),
    ", NULL::bigint AS distance, coalesce((
        SELECT json_agg(json_build_object('slot', l.slot, 'status', l.status, 'rentable', l.rentable,
                        'battery_percent', l.battery_percent, 'device_id', l.device_id) ORDER BY l.slot)
        FROM read_model.slot l WHERE l.station_id = s.station_id)::text, '[]') AS slot_list
     FROM read_model.inventory_position p LEFT JOIN read_model.station s ON s.station_id = $1"
);

/// One device.
pub(crate) const DEVICE: &str = "SELECT p.position, d.device_id, d.serial, d.capacity_mah, d.status, \
         d.station_id, d.slot, d.rental_id, d.battery_percent, d.since
     FROM read_model.inventory_position p LEFT JOIN read_model.device d ON d.device_id = $1";

/// The bank of a printed serial, as far as anybody may see it.
pub(crate) const DEVICE_OF_SERIAL: &str = "SELECT p.position, d.device_id, d.serial, d.status
     FROM read_model.inventory_position p LEFT JOIN LATERAL (
        SELECT * FROM read_model.device WHERE serial = $1 LIMIT 1) d ON true";

/// Every station of the public feed, by id; of those that are not online, when what they hold last changed. A feed has
/// no pages: the limit is five times the most stations that are planned for.
pub(crate) const FEED_STATIONS: &str = concat!(
    "SELECT p.position, ",
    station!(),
    ", NULL::bigint AS distance, e.recorded_at AS changed_at
     FROM read_model.inventory_position p LEFT JOIN LATERAL (
        SELECT t.*, CASE WHEN t.status <> 'online' THEN greatest(t.position,
               (SELECT max(l.position) FROM read_model.slot l WHERE l.station_id = t.station_id)) END AS changed
        FROM read_model.station t WHERE t.status <> 'decommissioned'
        ORDER BY t.station_id LIMIT 50000) s ON true
     LEFT JOIN ledger.event e ON e.position = s.changed
     ORDER BY s.station_id"
);

/// The default tariff in force at a time: as the catalogue of the domain chooses it.
pub(crate) const DEFAULT_TARIFF: &str = "SELECT p.position, t.tariff_id, t.name, t.version, t.terms
     FROM read_model.rentals_position p LEFT JOIN LATERAL (
        SELECT * FROM (
            SELECT DISTINCT ON (tariff_id) * FROM read_model.tariff WHERE effective_from <= $1
            ORDER BY tariff_id, effective_from DESC, version DESC) c
        WHERE is_default AND retired_at IS NULL
        ORDER BY effective_from DESC, position DESC LIMIT 1) t ON true";
/// What was done to a device by hand, newest first, after a place in that order; the device, if it is there.
pub(crate) const MAINTENANCE: &str = "SELECT p.position, d.device_id, m.maintenance_id, m.action, m.what, m.cost, \
         m.battery_percent, m.done_at, m.recorded_at, m.actor
     FROM read_model.inventory_position p LEFT JOIN read_model.device d ON d.device_id = $1 LEFT JOIN LATERAL (
        SELECT * FROM cabinet.maintenance
        WHERE device_id = $1 AND ($2::timestamptz IS NULL OR (done_at, maintenance_id) < ($2, $3::uuid))
        ORDER BY done_at DESC, maintenance_id DESC LIMIT $4) m ON true
     ORDER BY m.done_at DESC, m.maintenance_id DESC";

/// How full a device was in a stretch of time, ascending, after a place in that order; the device, if it is there.
pub(crate) const BATTERY: &str = "SELECT p.position, d.device_id, r.taken_at, r.station_id, r.slot, r.battery_percent
     FROM read_model.inventory_position p LEFT JOIN read_model.device d ON d.device_id = $1 LEFT JOIN LATERAL (
        SELECT taken_at, station_id, slot, battery_percent FROM cabinet.reading
        WHERE device_id = $1 AND battery_percent IS NOT NULL
          AND ($2::timestamptz IS NULL OR taken_at >= $2) AND ($3::timestamptz IS NULL OR taken_at < $3)
          AND ($4::timestamptz IS NULL OR (taken_at, station_id, slot) > ($4, $5::uuid, $6::smallint))
        ORDER BY taken_at, station_id, slot LIMIT $7) r ON true
     ORDER BY r.taken_at, r.station_id, r.slot";

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

/// The last position that was recorded by a time: recorded times never go back, so halving finds it.
pub(crate) const RECORDED_BY: &str = "WITH RECURSIVE s(lo, hi) AS (
                SELECT 0::bigint, (SELECT max(position) FROM ledger.event)
                UNION ALL
                SELECT CASE WHEN m.at <= $1 THEN m.mid ELSE s.lo END,
                       CASE WHEN m.at <= $1 THEN s.hi ELSE m.mid - 1 END
                FROM s CROSS JOIN LATERAL (
                    SELECT (s.lo + s.hi + 1) / 2 AS mid,
                           (SELECT e.recorded_at FROM ledger.event e WHERE e.position = (s.lo + s.hi + 1) / 2) AS at
                ) m WHERE s.lo < s.hi
            ) SELECT lo FROM s WHERE lo >= hi";

/// All accounts as they stand right after a position: the totals kept before it, and the lines since.
pub(crate) const TRIAL_BALANCE: &str = "WITH kept AS (
        SELECT coalesce(max(t.position), 0) AS at FROM read_model.account_total t WHERE t.position <= $1),
    moved AS (
        SELECT t.account, t.debit, t.credit FROM read_model.account_total t JOIN kept ON t.position = kept.at
        UNION ALL
        SELECT j.debit, j.amount, 0 FROM read_model.journal j CROSS JOIN kept
        WHERE j.position > kept.at AND j.position <= $1
        UNION ALL
        SELECT j.credit, 0, j.amount FROM read_model.journal j CROSS JOIN kept
        WHERE j.position > kept.at AND j.position <= $1),
    summed AS (SELECT account, sum(debit)::bigint AS debit, sum(credit)::bigint AS credit FROM moved GROUP BY account)
    SELECT p.position, s.account, s.debit, s.credit FROM read_model.billing_position p LEFT JOIN summed s ON true";

/// All accounts as they stand now.
pub(crate) const TRIAL_BALANCE_NOW: &str = "SELECT p.position, a.account, a.debit, a.credit \
     FROM read_model.billing_position p LEFT JOIN read_model.account a ON true";

/// The journal up to a position, after a line.
pub(crate) const JOURNAL: &str = "SELECT p.position, j.position AS at, j.line, j.debit, j.credit, j.amount, \
         j.customer_id, j.provider, j.occurred_at, j.recorded_at, j.booking_day
     FROM read_model.billing_position p LEFT JOIN LATERAL (
        SELECT * FROM read_model.journal
        WHERE (position, line) > ($1::bigint, $2::smallint) AND position <= coalesce($3::bigint, p.position)
          AND ($5::timestamptz IS NULL OR occurred_at <= $5)
        ORDER BY position, line LIMIT $4) j ON true
     ORDER BY j.position, j.line";

/// Every live read model, and how far the ledger reaches.
pub(crate) const PROJECTIONS: &str = concat!(
    "SELECT p.last, l.name, l.position, l.status, l.reason FROM ",
    last!(),
    " LEFT JOIN ledger.projection l ON l.live ORDER BY l.name"
);

/// A customer's newest rental, if it is over and changed after a position.
pub(crate) const MISSED_END: &str = concat!(
    "SELECT p.position, ",
    rental!(),
    " FROM read_model.rentals_position p LEFT JOIN LATERAL (
        SELECT * FROM (
            SELECT * FROM read_model.rental WHERE customer_id = $1
            ORDER BY requested_at DESC, rental_id DESC LIMIT 1) n
        WHERE n.position > $2 AND n.status NOT IN ('releasing', 'active', 'overdue')) r ON true"
);

/// A station's open releases, oldest first, and whether there is such a station. A rental that is being released was
/// last changed by its request; a device's first event has its serial.
pub(crate) const OPEN_RELEASES: &str = "SELECT p.position, EXISTS (
        SELECT FROM ledger.stream_version v JOIN ledger.event e ON e.position = v.position
        WHERE v.stream = $1 AND v.version = 1 AND e.type = 'StationRegistered') AS known,
        r.rental_id, r.device_id, r.slot, r.requested_at, e.id AS attempt_id, e.position AS requested,
        (SELECT convert_from(d.payload, 'UTF8')::json ->> 'serial'
         FROM ledger.stream_version v JOIN ledger.event d ON d.position = v.position
         WHERE v.stream = r.device_id AND v.version = 1) AS serial
     FROM read_model.rentals_position p
     LEFT JOIN read_model.rental r ON r.station_id = $1 AND r.status = 'releasing'
     LEFT JOIN ledger.event e ON e.position = r.position AND e.type = 'RentalRequested'
     ORDER BY r.position";

/// The releases of a station that were asked for up to a position, and settled after it up to another one: of the
/// station's newest events.
pub(crate) const SETTLED_RELEASES: &str =
    "SELECT e.position, e.stream_ids[1] AS rental_id, f.id AS attempt_id
     FROM (SELECT position FROM ledger.stream_version WHERE stream = $1 ORDER BY version DESC LIMIT 500) s
     JOIN ledger.event e ON e.position = s.position
     JOIN ledger.stream_version w ON w.stream = e.stream_ids[1] AND w.version = 1
     JOIN ledger.event f ON f.position = w.position
     WHERE s.position > $2 AND s.position <= $3 AND e.type IN ('RentalStarted', 'RentalCancelled')
       AND f.type = 'RentalRequested' AND f.position <= $2
     ORDER BY e.position";

/// The first event of each stream.
pub(crate) const FIRST_EVENTS: &str = "SELECT v.stream, e.id, e.type, e.schema_version, e.payload
     FROM ledger.stream_version v JOIN ledger.event e ON e.position = v.position
     WHERE v.stream = ANY($1) AND v.version = 1";

pub(crate) mod exported;
pub(crate) mod known;
