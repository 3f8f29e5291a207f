//! Every statement of this service outside the ledger's own: what cabinets say beside the facts, in the schema
//! `cabinet`. The tests of cabinets run each one against a freshly migrated database.

/// A station was heard. An older report replaces nothing.
pub(crate) const HEARD: &str = "INSERT INTO cabinet.heard AS h (station_id, heard_at, firmware) VALUES ($1, $2, $3) \
     ON CONFLICT ON CONSTRAINT heard_pk DO UPDATE SET heard_at = greatest(h.heard_at, excluded.heard_at), \
     firmware = coalesce(excluded.firmware, h.firmware)";

/// The stations that were last heard before a moment.
pub(crate) const SILENT: &str =
    "SELECT station_id, heard_at FROM cabinet.heard WHERE heard_at < $1 ORDER BY heard_at LIMIT $2";

/// The last inventory of a station.
pub(crate) const INVENTORY: &str =
    "SELECT taken_at, stated_at, slots, answer FROM cabinet.inventory WHERE station_id = $1";

/// Keeps an inventory with its readings, unless a later one was kept: then neither, and 0.
pub(crate) const KEEP_INVENTORY: &str = "WITH kept AS ( \
         INSERT INTO cabinet.inventory AS i (station_id, taken_at, stated_at, slots, answer) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT ON CONSTRAINT inventory_pk DO UPDATE SET \
         taken_at = excluded.taken_at, stated_at = excluded.stated_at, slots = excluded.slots, \
         answer = excluded.answer WHERE i.taken_at < excluded.taken_at RETURNING i.station_id), \
     readings AS ( \
         INSERT INTO cabinet.reading (station_id, slot, device_id, serial, battery_percent, fault, taken_at) \
         SELECT kept.station_id, r.slot, r.device_id, r.serial, r.battery_percent, r.fault, $2 FROM kept, \
         unnest($6::smallint[], $7::uuid[], $8::text[], $9::smallint[], $10::text[]) \
             AS r (slot, device_id, serial, battery_percent, fault)) \
     SELECT count(*) FROM kept";

/// A line of the maintenance log.
pub(crate) const MAINTENANCE: &str = "SELECT device_id, done_at, recorded_at, action, what, cost, battery_percent, actor \
     FROM cabinet.maintenance WHERE maintenance_id = $1";

/// Adds a line to the maintenance log, once.
pub(crate) const ADD_MAINTENANCE: &str = "INSERT INTO cabinet.maintenance \
     (maintenance_id, device_id, done_at, recorded_at, action, what, cost, battery_percent, actor) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT ON CONSTRAINT maintenance_pk DO NOTHING";

/// Makes the days of telemetry ahead.
pub(crate) const ENSURE_DAYS: &str = "SELECT cabinet.ensure_days()";

/// Drops the days of telemetry that are past their keep.
pub(crate) const DROP_DAYS: &str = "SELECT cabinet.drop_days($1)";
