DROP VIEW IF EXISTS read_model.inventory_position, read_model.slot, read_model.station, read_model.device;

CREATE VIEW read_model.inventory_position AS
SELECT position
FROM ledger.projection WHERE name = 'inventory' AND version = {version};
COMMENT ON VIEW read_model.inventory_position IS 'Up to which position of the ledger the views of stations, slots and devices stand.';
COMMENT ON COLUMN read_model.inventory_position.position IS 'The position of the last event that they hold.';

CREATE VIEW read_model.slot AS
SELECT s.station_id AS station_id, s.slot AS slot,
       CASE WHEN s.disabled THEN 'disabled' WHEN s.faulty THEN 'faulty' WHEN d.device_id IS NOT NULL THEN 'occupied' ELSE 'empty' END AS status,
       d.device_id AS device_id, d.battery_percent AS battery_percent,
       NOT s.disabled AND NOT s.faulty AND coalesce(d.status = 'docked' AND coalesce(d.battery_percent >= 20, true), false) AS rentable,
       greatest(s.position, d.position) AS position
FROM {schema}.slot s LEFT JOIN {schema}.device d ON d.station_id = s.station_id AND d.slot = s.slot;
COMMENT ON VIEW read_model.slot IS 'Every slot of every station and the bank in it.';
COMMENT ON COLUMN read_model.slot.station_id IS 'The station.';
COMMENT ON COLUMN read_model.slot.slot IS 'Its number, counted from 1.';
COMMENT ON COLUMN read_model.slot.status IS 'empty, occupied, faulty or disabled.';
COMMENT ON COLUMN read_model.slot.device_id IS 'The bank that stands in it.';
COMMENT ON COLUMN read_model.slot.battery_percent IS 'How full that bank was when last read.';
COMMENT ON COLUMN read_model.slot.rentable IS 'Whether that bank can be rented.';
COMMENT ON COLUMN read_model.slot.position IS 'The position of the last event that changed this row.';

-- A left join: who does not ask what is free does not pay for the counting.
CREATE VIEW read_model.station AS
SELECT s.station_id AS station_id, s.code AS code, s.name AS name, s.latitude AS latitude,
       s.longitude AS longitude, s.slots AS slots, s.release_mode AS release_mode,
       s.tariff_id AS tariff_id,
       CASE s.service WHEN 'in_service' THEN CASE WHEN s.online THEN 'online' ELSE 'offline' END ELSE s.service END AS status,
       s.rents_out AS rents_out, s.takes_back AS takes_back, f.banks AS free_banks, f.slots AS free_slots,
       s.position AS position
FROM {schema}.station s LEFT JOIN LATERAL (
    SELECT count(*) FILTER (WHERE d.status = 'docked' AND coalesce(d.battery_percent >= 20, true)) AS banks,
           count(*) FILTER (WHERE d.device_id IS NULL) AS slots
    FROM {schema}.slot p LEFT JOIN {schema}.device d ON d.station_id = p.station_id AND d.slot = p.slot
    WHERE p.station_id = s.station_id AND NOT p.faulty AND NOT p.disabled
) f ON true;
COMMENT ON VIEW read_model.station IS 'Every station, with what is free at this position.';
COMMENT ON COLUMN read_model.station.station_id IS 'The station.';
COMMENT ON COLUMN read_model.station.code IS 'Its short code.';
COMMENT ON COLUMN read_model.station.name IS 'Its name.';
COMMENT ON COLUMN read_model.station.latitude IS 'Degrees north of the equator.';
COMMENT ON COLUMN read_model.station.longitude IS 'Degrees east of Greenwich.';
COMMENT ON COLUMN read_model.station.slots IS 'How many slots it has.';
COMMENT ON COLUMN read_model.station.release_mode IS 'instant or confirmed.';
COMMENT ON COLUMN read_model.station.tariff_id IS 'The tariff of rentals that start here, if not the default one.';
COMMENT ON COLUMN read_model.station.status IS 'online, offline, maintenance or decommissioned.';
COMMENT ON COLUMN read_model.station.rents_out IS 'Whether it rents out.';
COMMENT ON COLUMN read_model.station.takes_back IS 'Whether it takes back.';
COMMENT ON COLUMN read_model.station.free_banks IS 'Banks that can be rented: docked, charged, in a slot that works.';
COMMENT ON COLUMN read_model.station.free_slots IS 'Slots that can take a bank.';
COMMENT ON COLUMN read_model.station.position IS 'The position of the last event that changed the station itself.';

CREATE VIEW read_model.device AS
SELECT device_id, serial, capacity_mah, status, station_id, slot, rental_id, battery_percent, since,
       registered_at, gone_at, position
FROM {schema}.device;
COMMENT ON VIEW read_model.device IS 'Every power bank and where it is.';
COMMENT ON COLUMN read_model.device.device_id IS 'The device.';
COMMENT ON COLUMN read_model.device.serial IS 'The serial printed on it.';
COMMENT ON COLUMN read_model.device.capacity_mah IS 'What its battery holds.';
COMMENT ON COLUMN read_model.device.status IS 'provisioned, docked, releasing, rented, maintenance, lost, sold or retired.';
COMMENT ON COLUMN read_model.device.station_id IS 'The station it stands at.';
COMMENT ON COLUMN read_model.device.slot IS 'The slot it stands in.';
COMMENT ON COLUMN read_model.device.rental_id IS 'The rental that it is on or was sold on.';
COMMENT ON COLUMN read_model.device.battery_percent IS 'How full it was when last read.';
COMMENT ON COLUMN read_model.device.since IS 'Since when it is so.';
COMMENT ON COLUMN read_model.device.registered_at IS 'When it joined the fleet.';
COMMENT ON COLUMN read_model.device.gone_at IS 'Since when it is lost, sold or retired; null while it is in the fleet.';
COMMENT ON COLUMN read_model.device.position IS 'The position of the last event that changed this row.';

REVOKE ALL ON read_model.inventory_position, read_model.slot, read_model.station, read_model.device
    FROM PUBLIC, chajipoa_query, chajipoa_analyst;
GRANT SELECT ON read_model.inventory_position, read_model.slot, read_model.station, read_model.device
    TO chajipoa_query, chajipoa_analyst;
