//! How far each source has come, and which position a moment means.

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
