//! The books: accounts and journal.

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
