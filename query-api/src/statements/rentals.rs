//! Rentals and their charges.

/// The fields of a rental, from `r`.
macro_rules! rental {
    () => {
        "r.rental_id, r.customer_id, r.device_id, r.station_id, r.return_station_id, r.slot, r.status, \
         r.requested_at, r.started_at, r.due_at, r.ended_at, r.free_minutes, r.tariff_id, r.tariff_version, \
         r.charge_total, r.charge_usage, r.charge_late, r.charge_replacement, r.charge_vat, r.position AS row_position"
    };
}
pub(super) use rental;

/// A customer's rentals, newest first, after a place in that order.
pub(crate) const RENTALS_OF_CUSTOMER: &str = concat!(
    "SELECT p.position, ",
    rental!(),
    " FROM read_model.rentals_position p LEFT JOIN LATERAL (
        SELECT * FROM read_model.rental
        WHERE customer_id = $1 AND ($2::timestamptz IS NULL OR (requested_at, rental_id) < ($2, $3::uuid))
        ORDER BY requested_at DESC, rental_id DESC LIMIT $4) r ON true
     ORDER BY r.requested_at DESC, r.rental_id DESC"
);

/// A customer's open rental.
pub(crate) const OPEN_RENTAL: &str = concat!(
    "SELECT p.position, ",
    rental!(),
    ", r.terms FROM read_model.rentals_position p LEFT JOIN LATERAL (
        SELECT o.*, t.terms FROM read_model.rental o
        LEFT JOIN read_model.tariff t ON t.tariff_id = o.tariff_id AND t.version = o.tariff_version
        WHERE o.customer_id = $1 AND o.status IN ('releasing', 'active', 'overdue')
        ORDER BY o.requested_at DESC LIMIT 1) r ON true"
);

/// One rental.
pub(crate) const RENTAL: &str = concat!(
    "SELECT p.position, ",
    rental!(),
    ", r.terms FROM read_model.rentals_position p LEFT JOIN LATERAL (
        SELECT o.*, t.terms FROM read_model.rental o
        LEFT JOIN read_model.tariff t ON t.tariff_id = o.tariff_id AND t.version = o.tariff_version
        WHERE o.rental_id = $1) r ON true"
);

/// One rental and its charge: of two read models.
pub(crate) const CHARGE: &str = concat!(
    "SELECT p.position, b.position AS billing_position, ",
    rental!(),
    ", r.terms, c.rental_id AS charged, c.total, c.usage, c.late, c.replacement, c.vat, c.lines, c.charged_at,
       c.position AS charge_position
     FROM read_model.rentals_position p CROSS JOIN read_model.billing_position b
     LEFT JOIN LATERAL (
        SELECT o.*, t.terms FROM read_model.rental o
        LEFT JOIN read_model.tariff t ON t.tariff_id = o.tariff_id AND t.version = o.tariff_version
        WHERE o.rental_id = $1) r ON true
     LEFT JOIN LATERAL (SELECT * FROM read_model.charge WHERE rental_id = $1) c ON true"
);

/// A customer's newest rental, if it is over and changed after a position.
pub(crate) const MISSED_END: &str = concat!(
    "SELECT p.position, ",
    rental!(),
    " FROM read_model.rentals_position p LEFT JOIN LATERAL (
        SELECT * FROM (
            SELECT * FROM read_model.rental WHERE customer_id = $1
            ORDER BY requested_at DESC, rental_id DESC LIMIT 1) n
        WHERE n.position > $2 AND n.status NOT IN ('releasing', 'active', 'overdue')) r ON true"
);
