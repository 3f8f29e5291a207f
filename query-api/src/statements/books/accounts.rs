//! All accounts at once.

/// All accounts as they stand right after a position: the totals kept before it, and the lines since.
pub(crate) const TRIAL_BALANCE: &str = "WITH kept AS (
        SELECT coalesce(max(t.position), 0) AS at FROM read_model.account_total t WHERE t.position <= $1),
    moved AS (
        SELECT t.account, t.debit, t.credit, t.lines, t.last_position
        FROM read_model.account_total t JOIN kept ON t.position = kept.at
        UNION ALL
        SELECT j.debit, j.amount, 0, 1, j.position FROM read_model.journal j CROSS JOIN kept
        WHERE j.position > kept.at AND j.position <= $1
        UNION ALL
        SELECT j.credit, 0, j.amount, 1, j.position FROM read_model.journal j CROSS JOIN kept
        WHERE j.position > kept.at AND j.position <= $1),
    summed AS (
        SELECT account, sum(debit)::bigint AS debit, sum(credit)::bigint AS credit, sum(lines)::bigint AS lines,
               max(last_position) AS last_position FROM moved GROUP BY account)
    SELECT p.position, s.account, s.debit, s.credit, s.lines, a.first_position, s.last_position
    FROM read_model.billing_position p LEFT JOIN summed s ON true LEFT JOIN read_model.account a USING (account)";

/// All accounts as they stand now.
pub(crate) const TRIAL_BALANCE_NOW: &str =
    "SELECT p.position, a.account, a.debit, a.credit, a.lines, a.first_position, \
        a.position AS last_position
     FROM read_model.billing_position p LEFT JOIN read_model.account a ON true";

/// What lies between two booking days, both included; either may be open.
macro_rules! within {
    ($day:literal) => {
        concat!($day, " >= coalesce($2::date, '-infinity') AND ", $day, " <= coalesce($3::date, 'infinity')")
    };
}

/// The sums of the parts of each account that are in `moved`: before the first day, and from it on.
macro_rules! summed {
    () => {
        concat!(
            "summed AS (
        SELECT account, coalesce(sum(debit) FILTER (WHERE booking_day < $2), 0)::bigint AS opening_debit,
               coalesce(sum(credit) FILTER (WHERE booking_day < $2), 0)::bigint AS opening_credit,
               coalesce(sum(debit) FILTER (WHERE ",
            within!("booking_day"),
            "), 0)::bigint AS debit,
               coalesce(sum(credit) FILTER (WHERE ",
            within!("booking_day"),
            "), 0)::bigint AS credit,
               coalesce(sum(lines) FILTER (WHERE ",
            within!("booking_day"),
            "), 0)::bigint AS lines
        FROM moved GROUP BY account)"
        )
    };
}

/// What each account held before a booking day and what moved on it until another one, right after position `$1`: the
/// totals of the days less the lines since, or, where that is shorter, the lines until then.
pub(crate) const CHART: &str = concat!(
    "WITH m AS (
        SELECT p.position AS holds, least($1::bigint, p.position) AS until FROM read_model.billing_position p),
    way AS (
        SELECT until, until * 2 < holds AS early, CASE WHEN until * 2 < holds THEN 0 ELSE until END AS low,
               CASE WHEN until * 2 < holds THEN until ELSE holds END AS high,
               CASE WHEN until * 2 < holds THEN 1 ELSE -1 END AS sign FROM m),
    moved AS (
        SELECT d.account, d.booking_day, d.debit, d.credit, d.lines
        FROM way CROSS JOIN read_model.account_day d WHERE NOT way.early
        UNION ALL
        SELECT x.account, j.booking_day, way.sign * x.debit, way.sign * x.credit, way.sign
        FROM way JOIN read_model.journal j ON j.position > way.low AND j.position <= way.high
        CROSS JOIN LATERAL (VALUES (j.debit, j.amount, 0::bigint), (j.credit, 0::bigint, j.amount))
            x(account, debit, credit)),
    ",
    summed!(),
    ",
    days AS (
        SELECT d.account, d.first_position, CASE WHEN d.position <= m.until THEN d.position ELSE (
                   SELECT max(j.position) FROM read_model.journal j
                   WHERE (j.debit = d.account OR j.credit = d.account) AND j.booking_day = d.booking_day
                     AND j.position <= m.until) END AS last_position
        FROM m JOIN read_model.account_day d ON d.first_position <= m.until WHERE ",
    within!("d.booking_day"),
    "),
    spans AS (
        SELECT account, min(first_position) AS first_position, max(last_position) AS last_position
        FROM days GROUP BY account)
    SELECT m.holds AS position, s.account, s.opening_debit, s.opening_credit, s.debit, s.credit, s.lines,
           t.first_position, t.last_position
    FROM m LEFT JOIN summed s ON true LEFT JOIN spans t USING (account)"
);

/// The same of what had happened by time `$4`: the totals of the days say nothing of that, so every line is looked at.
pub(crate) const CHART_OF_HAPPENED: &str = concat!(
    "WITH moved AS (
        SELECT x.account, j.booking_day, x.debit, x.credit, 1 AS lines, j.position
        FROM read_model.journal j
        CROSS JOIN LATERAL (VALUES (j.debit, j.amount, 0::bigint), (j.credit, 0::bigint, j.amount))
            x(account, debit, credit)
        WHERE j.position <= $1 AND j.occurred_at <= $4),
    ",
    summed!(),
    ",
    spans AS (
        SELECT account, min(position) AS first_position, max(position) AS last_position
        FROM moved WHERE ",
    within!("booking_day"),
    " GROUP BY account)
    SELECT p.position, s.account, s.opening_debit, s.opening_credit, s.debit, s.credit, s.lines,
           t.first_position, t.last_position
    FROM read_model.billing_position p LEFT JOIN summed s ON true LEFT JOIN spans t USING (account)"
);
