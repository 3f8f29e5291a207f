DROP VIEW IF EXISTS read_model.rentals_position, read_model.rental, read_model.tariff;

CREATE VIEW read_model.rentals_position AS
SELECT position FROM ledger.projection WHERE name = 'rentals' AND version = {version};
COMMENT ON VIEW read_model.rentals_position IS 'Up to which position of the ledger the views rental and tariff stand.';
COMMENT ON COLUMN read_model.rentals_position.position IS 'The position of the last event that they hold.';

CREATE VIEW read_model.rental AS
SELECT rental_id, customer_id, device_id, station_id, slot, status, requested_at, started_at, due_at, ended_at,
       return_station_id, return_slot, tariff_id, tariff_version, free_minutes, extended_minutes, charge_total,
       charge_usage, charge_late, charge_replacement, charge_vat, position
FROM {schema}.rental;
COMMENT ON VIEW read_model.rental IS 'Every rental, from the request on. Amounts are whole shillings (TZS), VAT included.';
COMMENT ON COLUMN read_model.rental.rental_id IS 'The rental.';
COMMENT ON COLUMN read_model.rental.customer_id IS 'Who rents.';
COMMENT ON COLUMN read_model.rental.device_id IS 'The power bank; the one that really left, once that is known.';
COMMENT ON COLUMN read_model.rental.station_id IS 'Where it was taken.';
COMMENT ON COLUMN read_model.rental.slot IS 'The slot it was taken from, counted from 1.';
COMMENT ON COLUMN read_model.rental.status IS 'releasing, active, overdue, ended, sold, recovered or cancelled.';
COMMENT ON COLUMN read_model.rental.requested_at IS 'When it was asked for; the start where nothing was asked before.';
COMMENT ON COLUMN read_model.rental.started_at IS 'When the meter started.';
COMMENT ON COLUMN read_model.rental.due_at IS 'When the bank is due, extensions included.';
COMMENT ON COLUMN read_model.rental.ended_at IS 'The billed end; for a recovered bank, when it came back.';
COMMENT ON COLUMN read_model.rental.return_station_id IS 'Where it was given back.';
COMMENT ON COLUMN read_model.rental.return_slot IS 'The slot it was put into.';
COMMENT ON COLUMN read_model.rental.tariff_id IS 'The tariff in force at the start.';
COMMENT ON COLUMN read_model.rental.tariff_version IS 'Which version of it.';
COMMENT ON COLUMN read_model.rental.free_minutes IS 'A rental of at most this length costs nothing.';
COMMENT ON COLUMN read_model.rental.extended_minutes IS 'By how much it was extended in all.';
COMMENT ON COLUMN read_model.rental.charge_total IS 'What it costs in all, as it stands now; null while open.';
COMMENT ON COLUMN read_model.rental.charge_usage IS 'The part for using the bank.';
COMMENT ON COLUMN read_model.rental.charge_late IS 'The part for bringing it late.';
COMMENT ON COLUMN read_model.rental.charge_replacement IS 'The part for not bringing it.';
COMMENT ON COLUMN read_model.rental.charge_vat IS 'The VAT inside the total.';
COMMENT ON COLUMN read_model.rental.position IS 'The position of the last event that changed this row.';

CREATE VIEW read_model.tariff AS
SELECT t.tariff_id, t.version, t.name, t.effective_from, t.is_default, r.retired_at, r.position AS retired_position, t.terms, t.position
FROM {schema}.tariff t LEFT JOIN {schema}.tariff_retired r USING (tariff_id);
COMMENT ON VIEW read_model.tariff IS 'Every version of every tariff.';
COMMENT ON COLUMN read_model.tariff.tariff_id IS 'The tariff.';
COMMENT ON COLUMN read_model.tariff.version IS 'Its version, counted from 1.';
COMMENT ON COLUMN read_model.tariff.name IS 'Its name.';
COMMENT ON COLUMN read_model.tariff.effective_from IS 'From when on this version is in force.';
COMMENT ON COLUMN read_model.tariff.is_default IS 'Whether it was published as the default one.';
COMMENT ON COLUMN read_model.tariff.retired_at IS 'Since when the tariff takes no new starts.';
COMMENT ON COLUMN read_model.tariff.retired_position IS 'The position of the event that retired it.';
COMMENT ON COLUMN read_model.tariff.terms IS 'Its numbers, named as in the price list.';
COMMENT ON COLUMN read_model.tariff.position IS 'The position of the event that published it.';

REVOKE ALL ON read_model.rentals_position, read_model.rental, read_model.tariff FROM PUBLIC;
GRANT SELECT ON read_model.rentals_position, read_model.rental, read_model.tariff TO chajipoa_query, chajipoa_analyst;
