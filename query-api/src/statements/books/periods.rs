//! Closed periods, and what became known of them after their close.

/// Lines, from `j`, that happened in period `c` and are booked after it, because it was closed when they were recorded.
macro_rules! late {
    () => {
        "FROM read_model.late_posting l JOIN read_model.journal j USING (position, line)
         WHERE l.booking_day > c.until AND l.occurred_day <= c.until
           AND (c.from_day IS NULL OR l.occurred_day >= c.from_day) AND l.position <= $1"
    };
}

/// Periods that were closed by position `$1`, the last one first: at most `$3` before day `$2`.
pub(crate) const PERIODS: &str = concat!(
    "SELECT p.position, c.until, c.from_day, c.closed_by, c.closed_at, c.recorded_at, c.figures_position, c.accounts,
            c.checkpoint, c.position AS at, t.lines, t.first_position, t.last_position
     FROM read_model.billing_position p LEFT JOIN LATERAL (
        SELECT * FROM read_model.period WHERE position <= $1 AND ($2::date IS NULL OR until < $2)
        ORDER BY until DESC LIMIT $3) c ON true
     LEFT JOIN LATERAL (
        SELECT count(*) AS lines, min(j.position) AS first_position, max(j.position) AS last_position ",
    late!(),
    ") t ON true
     ORDER BY c.until DESC"
);

/// The period that ends with day `$2`.
pub(crate) const PERIOD: &str = concat!(
    "SELECT p.position, c.until, c.from_day, c.closed_by, c.closed_at, c.recorded_at, c.figures_position, c.accounts,
            c.checkpoint, c.position AS at, t.lines, t.first_position, t.last_position
     FROM read_model.billing_position p
     LEFT JOIN read_model.period c ON c.until = $2::date AND c.position <= $1
     LEFT JOIN LATERAL (
        SELECT count(*) AS lines, min(j.position) AS first_position, max(j.position) AS last_position ",
    late!(),
    ") t ON true"
);

/// What became known of that period after its close: at most `$5` lines after line `$4` of position `$3`. There are few in
/// all; they are found before they are put in order.
pub(crate) const LATE_POSTINGS: &str = concat!(
    "WITH late AS MATERIALIZED (
        SELECT j.* FROM read_model.period c CROSS JOIN LATERAL (SELECT j.* ",
    late!(),
    ") j WHERE c.until = $2::date AND c.position <= $1)
     SELECT p.position, ",
    super::lines::columns!(),
    " FROM read_model.billing_position p LEFT JOIN LATERAL (
        SELECT * FROM late WHERE (position, line) > ($3::bigint, $4::smallint)
        ORDER BY position, line LIMIT $5) j ON true
     ORDER BY j.position, j.line"
);
