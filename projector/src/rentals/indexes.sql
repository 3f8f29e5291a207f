-- A customer's history, newest first, page by page.
CREATE INDEX rental_of_customer ON {schema}.rental (customer_id, requested_at DESC, rental_id DESC);
-- The open rental of a customer.
CREATE INDEX rental_open ON {schema}.rental (customer_id) WHERE status IN ('releasing', 'active', 'overdue');
-- What the cabinet of a station has to release.
CREATE INDEX rental_releasing ON {schema}.rental (station_id) WHERE status = 'releasing';
