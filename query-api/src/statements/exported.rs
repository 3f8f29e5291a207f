//! The rows of views, as they were known at the position `$1`, for exports: where a view is more than a table.
//!
//! Each gives the columns of its view by the same rules as the view; a test exports each and compares the two row by
//! row, now and at a position in the past.

/// The rows of a table as they were known at `$1`.
macro_rules! at {
    ($table:literal) => {
        concat!(
            "(SELECT * FROM read_model.",
            $table,
            "_version WHERE position <= $1 AND (until IS NULL OR until > $1))"
        )
    };
}

/// The live version of a read model, and where it stands.
pub(crate) const LIVE: &str = "SELECT version, position FROM ledger.projection WHERE name = $1 AND live";

/// Rentals that were given back.
pub(crate) const JOURNEY: &str = concat!(
    "SELECT rental_id, device_id, station_id AS from_station_id, return_station_id AS to_station_id, started_at, ended_at,
        (extract(epoch FROM ended_at - started_at) / 60)::bigint AS minutes,
        (started_at AT TIME ZONE 'Africa/Dar_es_Salaam')::date AS day, charge_total, position
     FROM ",
    at!("rental"),
    " r WHERE started_at IS NOT NULL AND ended_at IS NOT NULL AND return_station_id IS NOT NULL"
);

/// What stations did on business days.
pub(crate) const DAILY_STATION: &str = concat!(
    "WITH r AS NOT MATERIALIZED (SELECT * FROM ",
    at!("rental"),
    " k) SELECT station_id, day, sum(starts)::bigint AS starts, sum(returns)::bigint AS returns, sum(sold)::bigint AS sold,
        sum(charged)::bigint AS charged, sum(vat)::bigint AS vat, max(position) AS position
     FROM (
        SELECT station_id, (started_at AT TIME ZONE 'Africa/Dar_es_Salaam')::date AS day, 1 AS starts, 0 AS returns,
               CASE status WHEN 'sold' THEN 1 ELSE 0 END AS sold, coalesce(charge_total, 0) AS charged,
               coalesce(charge_vat, 0) AS vat, position
        FROM r WHERE started_at IS NOT NULL
        UNION ALL
        SELECT return_station_id, (ended_at AT TIME ZONE 'Africa/Dar_es_Salaam')::date, 0, 1, 0, 0, 0, position
        FROM r WHERE return_station_id IS NOT NULL AND ended_at IS NOT NULL) both_ends
     GROUP BY station_id, day"
);

/// Versions of tariffs; what was retired later was not yet.
pub(crate) const TARIFF: &str =
    "SELECT tariff_id, version, name, effective_from, is_default, terms, position,
        CASE WHEN retired_position <= $1 THEN retired_at END AS retired_at,
        CASE WHEN retired_position <= $1 THEN retired_position END AS retired_position
     FROM read_model.tariff WHERE position <= $1";

/// Balances: the last line of each customer's statement, nothing before the first.
pub(crate) const BALANCE: &str =
    "SELECT b.customer_id, coalesce(s.balance, 0) AS balance, coalesce(s.debt, 0) AS debt,
        b.opened_position, b.opened_at, coalesce(s.position, b.opened_position) AS position
     FROM read_model.balance b LEFT JOIN LATERAL (
        SELECT l.balance, l.debt, l.position FROM read_model.statement l
        WHERE l.customer_id = b.customer_id AND l.position <= $1 ORDER BY l.position DESC LIMIT 1) s ON true
     WHERE b.opened_position <= $1";

/// References of payments; the provider's comes with its proof.
pub(crate) const PAYMENT_REFERENCE: &str = concat!(
    "SELECT p.payment_id, r.external_id, CASE WHEN p.settled_at IS NOT NULL THEN r.provider_reference END AS provider_reference
     FROM ",
    at!("payment"),
    " p JOIN read_model.payment_reference r USING (payment_id)"
);

/// Accounts: the totals that were kept last, and the lines since.
pub(crate) const ACCOUNT: &str = "WITH kept AS (
        SELECT coalesce(max(t.position), 0) AS at FROM read_model.account_total t WHERE t.position <= $1),
     moved AS (
        SELECT t.account, t.debit, t.credit, t.lines, t.last_position AS position
        FROM read_model.account_total t JOIN kept ON t.position = kept.at
        UNION ALL
        SELECT j.debit, j.amount, 0, 1, j.position FROM read_model.journal j CROSS JOIN kept
        WHERE j.position > kept.at AND j.position <= $1
        UNION ALL
        SELECT j.credit, 0, j.amount, 1, j.position FROM read_model.journal j CROSS JOIN kept
        WHERE j.position > kept.at AND j.position <= $1),
     summed AS (
        SELECT account, sum(debit)::bigint AS debit, sum(credit)::bigint AS credit, sum(lines)::bigint AS lines,
               max(position) AS position
        FROM moved GROUP BY account)
     SELECT a.account, a.name, s.debit, s.credit, s.lines, a.first_position, s.position
     FROM read_model.account a JOIN summed s USING (account)";

/// Accounts by booking day.
pub(crate) const ACCOUNT_DAY: &str = "SELECT account, booking_day, sum(debit)::bigint AS debit,
        sum(credit)::bigint AS credit, count(*) AS lines, min(position) AS first_position, max(position) AS position
     FROM (
        SELECT j.debit AS account, j.booking_day, j.amount AS debit, 0 AS credit, j.position
        FROM read_model.journal j WHERE j.position <= $1
        UNION ALL
        SELECT j.credit, j.booking_day, 0, j.amount, j.position FROM read_model.journal j WHERE j.position <= $1) sides
     GROUP BY account, booking_day";

/// Slots, and what stood in them.
pub(crate) const SLOT: &str = concat!(
    "WITH d AS MATERIALIZED (SELECT * FROM ",
    at!("device"),
    " v WHERE station_id IS NOT NULL)
     SELECT s.station_id, s.slot,
        CASE WHEN s.disabled THEN 'disabled' WHEN s.faulty THEN 'faulty' WHEN d.device_id IS NOT NULL THEN 'occupied'
             ELSE 'empty' END AS status,
        d.device_id, d.battery_percent,
        NOT s.disabled AND NOT s.faulty AND coalesce(d.status = 'docked' AND coalesce(d.battery_percent >= 20, true), false)
            AS rentable,
        greatest(s.position, d.position) AS position
     FROM ",
    at!("slot"),
    " s LEFT JOIN d ON d.station_id = s.station_id AND d.slot = s.slot"
);

/// Stations, with what was free.
pub(crate) const STATION: &str = concat!(
    "WITH d AS MATERIALIZED (SELECT * FROM ",
    at!("device"),
    " v WHERE station_id IS NOT NULL),
     f AS MATERIALIZED (
        SELECT p.station_id,
               count(*) FILTER (WHERE d.status = 'docked' AND coalesce(d.battery_percent >= 20, true)) AS banks,
               count(*) FILTER (WHERE d.device_id IS NULL) AS slots
        FROM ",
    at!("slot"),
    " p LEFT JOIN d ON d.station_id = p.station_id AND d.slot = p.slot
        WHERE NOT p.faulty AND NOT p.disabled GROUP BY p.station_id)
     SELECT s.station_id, s.code, s.name, s.latitude, s.longitude, s.slots, s.release_mode, s.tariff_id,
        CASE s.service WHEN 'in_service' THEN CASE WHEN s.online THEN 'online' ELSE 'offline' END ELSE s.service END AS status,
        s.rents_out, s.takes_back, coalesce(f.banks, 0) AS free_banks, coalesce(f.slots, 0) AS free_slots, s.position
     FROM ",
    at!("station"),
    " s LEFT JOIN f USING (station_id)"
);
