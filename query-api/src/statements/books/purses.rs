//! What customers have on deposit and what they owe.

/// Who had something on deposit right after position `$1`, by customer: at most `$3` after `$2`. What a customer had is in
/// the last line of their statement until then.
pub(crate) const DEPOSITS: &str = "SELECT p.position, d.customer_id, d.balance, e.lines, e.first_position, e.last_position
     FROM read_model.billing_position p LEFT JOIN LATERAL (
        SELECT b.customer_id, s.balance FROM read_model.balance b
        CROSS JOIN LATERAL (
            SELECT l.balance FROM read_model.statement l
            WHERE l.customer_id = b.customer_id AND l.position <= $1 ORDER BY l.position DESC LIMIT 1) s
        WHERE s.balance > 0 AND ($2::uuid IS NULL OR b.customer_id > $2)
        ORDER BY b.customer_id LIMIT $3) d ON true
     LEFT JOIN LATERAL (
        SELECT count(*) AS lines, min(j.position) AS first_position, max(j.position) AS last_position
        FROM read_model.journal j
        WHERE j.customer_id = d.customer_id AND (j.debit = 2000 OR j.credit = 2000) AND j.position <= $1) e ON true
     ORDER BY d.customer_id";

/// The debts of all debtors right after position `$1`, by age on day `$2`; at most `$4` debtors after `$3`, of those who owe
/// something of age `$5`. Payments pay the oldest debt first, so what is owed is the newest of what was ever raised.
/// Before the debtors the whole of all of them.
macro_rules! debts {
    ($debtors:literal) => {
        concat!(
            "WITH debtors AS (",
            $debtors,
            "),
    raised AS (
        SELECT d.customer_id, d.debt, j.position, j.line, j.amount, j.event_type, j.rental_id, j.occurred_at,
               j.booking_day, sum(j.amount) OVER (PARTITION BY d.customer_id
                   ORDER BY j.occurred_at DESC, j.position DESC, j.line DESC)::bigint AS newer
        FROM debtors d JOIN read_model.journal j
          ON j.customer_id = d.customer_id AND j.debit = 1100 AND j.position <= $1),
    owed AS (
        SELECT r.*, least(r.amount, r.debt - (r.newer - r.amount)) AS outstanding,
               greatest(0, $2::date - (r.occurred_at AT TIME ZONE 'Africa/Dar_es_Salaam')::date) AS days
        FROM raised r WHERE r.newer - r.amount < r.debt),
    aged AS (
        SELECT o.*, CASE WHEN o.days <= 30 THEN 'days_0_30' WHEN o.days <= 60 THEN 'days_31_60'
                         WHEN o.days <= 90 THEN 'days_61_90' ELSE 'over_90_days' END AS age
        FROM owed o),
    summed AS (
        SELECT a.customer_id, grouping(a.customer_id) AS whole, coalesce(sum(a.outstanding), 0)::bigint AS debt,
               coalesce(sum(a.outstanding) FILTER (WHERE a.age = 'days_0_30'), 0)::bigint AS days_0_30,
               coalesce(sum(a.outstanding) FILTER (WHERE a.age = 'days_31_60'), 0)::bigint AS days_31_60,
               coalesce(sum(a.outstanding) FILTER (WHERE a.age = 'days_61_90'), 0)::bigint AS days_61_90,
               coalesce(sum(a.outstanding) FILTER (WHERE a.age = 'over_90_days'), 0)::bigint AS over_90_days,
               count(DISTINCT a.customer_id) AS customers, count(*) AS lines, min(a.position) AS first_position,
               max(a.position) AS last_position,
               CASE WHEN grouping(a.customer_id) = 0 THEN jsonb_agg(jsonb_build_object(
                   'position', a.position, 'line', a.line, 'event_type', a.event_type, 'rental_id', a.rental_id,
                   'occurred_at', a.occurred_at, 'booking_day', a.booking_day, 'amount', a.amount,
                   'outstanding', a.outstanding, 'days', a.days)
                   ORDER BY a.occurred_at, a.position, a.line) END AS debts
        FROM aged a GROUP BY GROUPING SETS ((a.customer_id), ()))
    SELECT p.position, s.* FROM read_model.billing_position p LEFT JOIN LATERAL (
        (SELECT * FROM summed WHERE whole = 1)
        UNION ALL
        (SELECT * FROM summed WHERE whole = 0 AND ($3::uuid IS NULL OR customer_id > $3)
           AND ($5::text IS NULL OR customer_id IN (SELECT customer_id FROM aged WHERE age = $5))
         ORDER BY customer_id LIMIT $4)) s ON true
    ORDER BY s.whole DESC, s.customer_id"
        )
    };
}

/// Those of the present.
pub(crate) const DEBTS_NOW: &str = debts!("SELECT customer_id, debt FROM read_model.balance WHERE debt > 0");
/// Those of any position.
pub(crate) const DEBTS: &str = debts!(
    "SELECT b.customer_id, s.debt FROM read_model.balance b CROSS JOIN LATERAL (
            SELECT l.debt FROM read_model.statement l
            WHERE l.customer_id = b.customer_id AND l.position <= $1 ORDER BY l.position DESC LIMIT 1) s
        WHERE s.debt > 0"
);
