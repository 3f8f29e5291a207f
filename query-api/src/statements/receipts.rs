//! What receipts are made of, beside the rental's own stream.

/// The language that a customer chose last.
pub(crate) const LANGUAGE: &str = "SELECT p.last, l.language FROM
     (SELECT coalesce((SELECT e.position FROM ledger.event e ORDER BY e.position DESC LIMIT 1), 0) AS last) p
     LEFT JOIN LATERAL (
        SELECT convert_from(e.payload, 'UTF8')::json ->> 'language' AS language
        FROM ledger.stream_version v JOIN ledger.event e ON e.position = v.position
        WHERE v.stream = $1 AND e.type = 'ProfileUpdated'
          AND convert_from(e.payload, 'UTF8')::json ->> 'language' IS NOT NULL
        ORDER BY v.version DESC LIMIT 1) l ON true";
