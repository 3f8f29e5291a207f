//! The daily report on what moved at the providers.

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
pub(super) use reconciliation;
/// The same now.
pub(crate) const RECONCILIATION: &str = reconciliation!("", "", "", "read_model.statement_break");
