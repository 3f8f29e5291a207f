//! Price lists.

/// The default tariff in force at a time: as the catalogue of the domain chooses it.
pub(crate) const DEFAULT_TARIFF: &str = "SELECT p.position, t.tariff_id, t.name, t.version, t.terms
     FROM read_model.rentals_position p LEFT JOIN LATERAL (
        SELECT * FROM (
            SELECT DISTINCT ON (tariff_id) * FROM read_model.tariff WHERE effective_from <= $1
            ORDER BY tariff_id, effective_from DESC, version DESC) c
        WHERE is_default AND retired_at IS NULL
        ORDER BY effective_from DESC, position DESC LIMIT 1) t ON true";
