//! Things: stations, devices, and what a cabinet has to do.

/// The fields of a station, from `s`.
macro_rules! station {
    () => {
        "s.station_id, s.code, s.name, s.latitude, s.longitude, s.status, s.release_mode, s.rents_out, \
         s.takes_back, s.slots, s.free_banks, s.free_slots"
    };
}

/// All stations that still exist, after an id.
pub(crate) const STATIONS: &str = concat!(
    "SELECT p.position, ",
    station!(),
    ", NULL::bigint AS distance FROM read_model.inventory_position p LEFT JOIN LATERAL (
        SELECT * FROM read_model.station
        WHERE status <> 'decommissioned' AND ($1::uuid IS NULL OR station_id > $1)
        ORDER BY station_id LIMIT $2) s ON true
     ORDER BY s.station_id"
);

/// Stations within so many metres of a point, nearest first, after a place in that order. The box (a band of latitude,
/// one or two ranges of longitude) keeps the index in use; the distance is that on a sphere, in whole millimetres, so
/// that a cursor holds it exactly. What is free is counted only for the stations of the page.
pub(crate) const STATIONS_NEAR: &str = concat!(
    "SELECT p.position, ",
    station!(),
    ", n.distance FROM read_model.inventory_position p LEFT JOIN LATERAL (
        SELECT station_id, distance FROM (
            SELECT t.station_id, round(1000 * 2 * 6371008.8 * asin(sqrt(least(1.0,
                power(sin(radians(t.latitude - $1) / 2), 2)
                + cos(radians($1)) * cos(radians(t.latitude)) * power(sin(radians(t.longitude - $2) / 2), 2)
            ))))::bigint AS distance
            FROM read_model.station t
            WHERE t.status <> 'decommissioned' AND t.latitude BETWEEN $4 AND $5
              AND (t.longitude BETWEEN $6 AND $7 OR t.longitude BETWEEN $8 AND $9)
        ) d
        WHERE distance <= $3::bigint
          AND ($10::bigint IS NULL OR (distance, station_id) > ($10, $11::uuid))
        ORDER BY distance, station_id LIMIT $12) n ON true
     LEFT JOIN read_model.station s ON s.station_id = n.station_id
     ORDER BY n.distance, n.station_id"
);

/// One station and its slots.
pub(crate) const STATION: &str = concat!(
    "SELECT p.position, ",
    station!(),
    ", NULL::bigint AS distance, coalesce((
        SELECT json_agg(json_build_object('slot', l.slot, 'status', l.status, 'rentable', l.rentable,
                        'battery_percent', l.battery_percent, 'device_id', l.device_id) ORDER BY l.slot)
        FROM read_model.slot l WHERE l.station_id = s.station_id)::text, '[]') AS slot_list
     FROM read_model.inventory_position p LEFT JOIN read_model.station s ON s.station_id = $1"
);

/// One device.
pub(crate) const DEVICE: &str = "SELECT p.position, d.device_id, d.serial, d.capacity_mah, d.status, \
         d.station_id, d.slot, d.rental_id, d.battery_percent, d.since
     FROM read_model.inventory_position p LEFT JOIN read_model.device d ON d.device_id = $1";

/// The bank of a printed serial, as far as anybody may see it.
pub(crate) const DEVICE_OF_SERIAL: &str = "SELECT p.position, d.device_id, d.serial, d.status
     FROM read_model.inventory_position p LEFT JOIN LATERAL (
        SELECT * FROM read_model.device WHERE serial = $1 LIMIT 1) d ON true";

/// Every station of the public feed, by id; of those that are not online, when what they hold last changed. A feed has
/// no pages: the limit is five times the most stations that are planned for.
pub(crate) const FEED_STATIONS: &str = concat!(
    "SELECT p.position, ",
    station!(),
    ", NULL::bigint AS distance, e.recorded_at AS changed_at
     FROM read_model.inventory_position p LEFT JOIN LATERAL (
        SELECT t.*, CASE WHEN t.status <> 'online' THEN greatest(t.position,
               (SELECT max(l.position) FROM read_model.slot l WHERE l.station_id = t.station_id)) END AS changed
        FROM read_model.station t WHERE t.status <> 'decommissioned'
        ORDER BY t.station_id LIMIT 50000) s ON true
     LEFT JOIN ledger.event e ON e.position = s.changed
     ORDER BY s.station_id"
);

/// What was done to a device by hand, newest first, after a place in that order; the device, if it is there.
pub(crate) const MAINTENANCE: &str = "SELECT p.position, d.device_id, m.maintenance_id, m.action, m.what, m.cost, \
         m.battery_percent, m.done_at, m.recorded_at, m.actor
     FROM read_model.inventory_position p LEFT JOIN read_model.device d ON d.device_id = $1 LEFT JOIN LATERAL (
        SELECT * FROM cabinet.maintenance
        WHERE device_id = $1 AND ($2::timestamptz IS NULL OR (done_at, maintenance_id) < ($2, $3::uuid))
        ORDER BY done_at DESC, maintenance_id DESC LIMIT $4) m ON true
     ORDER BY m.done_at DESC, m.maintenance_id DESC";

/// How full a device was in a stretch of time, ascending, after a place in that order; the device, if it is there.
pub(crate) const BATTERY: &str = "SELECT p.position, d.device_id, r.taken_at, r.station_id, r.slot, r.battery_percent
     FROM read_model.inventory_position p LEFT JOIN read_model.device d ON d.device_id = $1 LEFT JOIN LATERAL (
        SELECT taken_at, station_id, slot, battery_percent FROM cabinet.reading
        WHERE device_id = $1 AND battery_percent IS NOT NULL
          AND ($2::timestamptz IS NULL OR taken_at >= $2) AND ($3::timestamptz IS NULL OR taken_at < $3)
          AND ($4::timestamptz IS NULL OR (taken_at, station_id, slot) > ($4, $5::uuid, $6::smallint))
        ORDER BY taken_at, station_id, slot LIMIT $7) r ON true
     ORDER BY r.taken_at, r.station_id, r.slot";

/// A station's open releases, oldest first, and whether there is such a station. A rental that is being released was
/// last changed by its request; a device's first event has its serial.
pub(crate) const OPEN_RELEASES: &str = "SELECT p.position, EXISTS (
        SELECT FROM ledger.stream_version v JOIN ledger.event e ON e.position = v.position
        WHERE v.stream = $1 AND v.version = 1 AND e.type = 'StationRegistered') AS known,
        r.rental_id, r.device_id, r.slot, r.requested_at, e.id AS attempt_id, e.position AS requested,
        (SELECT convert_from(d.payload, 'UTF8')::json ->> 'serial'
         FROM ledger.stream_version v JOIN ledger.event d ON d.position = v.position
         WHERE v.stream = r.device_id AND v.version = 1) AS serial
     FROM read_model.rentals_position p
     LEFT JOIN read_model.rental r ON r.station_id = $1 AND r.status = 'releasing'
     LEFT JOIN ledger.event e ON e.position = r.position AND e.type = 'RentalRequested'
     ORDER BY r.position";

/// The releases of a station that were asked for up to a position, and settled after it up to another one: of the
/// station's newest events.
pub(crate) const SETTLED_RELEASES: &str =
    "SELECT e.position, e.stream_ids[1] AS rental_id, f.id AS attempt_id
     FROM (SELECT position FROM ledger.stream_version WHERE stream = $1 ORDER BY version DESC LIMIT 500) s
     JOIN ledger.event e ON e.position = s.position
     JOIN ledger.stream_version w ON w.stream = e.stream_ids[1] AND w.version = 1
     JOIN ledger.event f ON f.position = w.position
     WHERE s.position > $2 AND s.position <= $3 AND e.type IN ('RentalStarted', 'RentalCancelled')
       AND f.type = 'RentalRequested' AND f.position <= $2
     ORDER BY e.position";
