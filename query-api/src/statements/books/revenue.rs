//! Income by what brought it.

/// The lines of income: `$1` happened by, `$2` and `$3` first and last booking day, `$4` the last position that counts.
/// A line that debits an account of income takes back what was posted before.
macro_rules! income {
    () => {
        "SELECT j.*, CASE WHEN j.debit IN (2100, 4000, 4010, 4020) THEN -j.amount ELSE j.amount END AS net_amount,
                j.debit IN (2100, 4000, 4010, 4020) AS taken_back, 2100 IN (j.debit, j.credit) AS is_vat
         FROM read_model.journal j
         WHERE (j.credit IN (2100, 4000, 4010, 4020) OR j.debit IN (2100, 4000, 4010, 4020))
           AND j.position <= $4::bigint AND ($1::timestamptz IS NULL OR j.occurred_at <= $1)
           AND j.booking_day >= coalesce($2::date, '-infinity') AND j.booking_day <= coalesce($3::date, 'infinity')"
    };
}
pub(super) use income;

/// A sum over lines of income; nothing is nothing.
macro_rules! total {
    ($which:literal) => {
        concat!("coalesce(sum(i.net_amount) FILTER (WHERE ", $which, "), 0)::bigint")
    };
}
pub(super) use total;

/// Which lines they are.
macro_rules! span {
    () => {
        "count(*) AS lines, min(i.position) AS first_position, max(i.position) AS last_position"
    };
}
pub(super) use span;

/// Groups of income by a key, at most `$8` after `$9`, of station `$5`, of tariff `$6` and its version `$7`; and before
/// them the whole of all groups.
macro_rules! revenue {
    ($key:literal) => {
        concat!(
            "WITH income AS (",
            income!(),
            " AND ($5::uuid IS NULL OR j.station_id = $5) AND ($6::uuid IS NULL OR j.tariff_id = $6)
           AND ($7::integer IS NULL OR j.tariff_version = $7)),
    keyed AS (SELECT ",
            $key,
            " AS key, * FROM income),
    grouped AS (
        SELECT i.key, grouping(i.key) AS whole, ",
            total!("i.kind = 'usage' AND NOT i.is_vat"),
            " AS usage_net, ",
            total!("i.kind = 'usage' AND i.is_vat"),
            " AS usage_vat, ",
            total!("i.kind = 'late' AND NOT i.is_vat"),
            " AS late_net, ",
            total!("i.kind = 'late' AND i.is_vat"),
            " AS late_vat, ",
            total!("i.kind = 'replacement' AND NOT i.is_vat"),
            " AS replacement_net, ",
            total!("i.kind = 'replacement' AND i.is_vat"),
            " AS replacement_vat, -",
            total!("i.taken_back AND NOT i.is_vat"),
            " AS reversed_net, -",
            total!("i.taken_back AND i.is_vat"),
            " AS reversed_vat, count(DISTINCT i.rental_id) AS rentals, ",
            span!(),
            " FROM keyed i GROUP BY GROUPING SETS ((i.key), ()))
    SELECT p.position, g.* FROM read_model.billing_position p LEFT JOIN LATERAL (
        (SELECT * FROM grouped WHERE whole = 1)
        UNION ALL
        (SELECT * FROM grouped WHERE whole = 0 AND ($9::text IS NULL OR key COLLATE \"C\" > $9)
         ORDER BY key COLLATE \"C\" LIMIT $8)) g ON true
    ORDER BY g.whole DESC, g.key COLLATE \"C\""
        )
    };
}

/// Income by booking day.
pub(crate) const REVENUE_BY_DAY: &str = revenue!("to_char(booking_day, 'YYYY-MM-DD')");
/// Income by the station where the rental started.
pub(crate) const REVENUE_BY_STATION: &str = revenue!("station_id::text");
/// Income by price list and version.
pub(crate) const REVENUE_BY_TARIFF: &str =
    revenue!("tariff_id::text || '/' || lpad(tariff_version::text, 10, '0')");
