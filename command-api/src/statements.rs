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

/// The last position of the ledger that was recorded by a time: recorded times never go back, so halving finds it.
pub(crate) const RECORDED_BEFORE: &str = "WITH RECURSIVE s(lo, hi) AS ( \
         SELECT 0::bigint, (SELECT coalesce(max(e.position), 0) FROM ledger.event e) \
         UNION ALL \
         SELECT CASE WHEN m.at <= $1 THEN m.mid ELSE s.lo END, CASE WHEN m.at <= $1 THEN s.hi ELSE m.mid - 1 END \
         FROM s CROSS JOIN LATERAL ( \
             SELECT (s.lo + s.hi + 1) / 2 AS mid, \
                    (SELECT e.recorded_at FROM ledger.event e WHERE e.position = (s.lo + s.hi + 1) / 2) AS at \
         ) m WHERE s.lo < s.hi \
     ) SELECT lo FROM s WHERE lo >= hi";

/// Events of some types in a stretch of the ledger.
pub(crate) const EVENTS_OF_TYPES: &str = "SELECT e.type, e.schema_version, e.payload, e.occurred_at FROM ledger.event e \
     WHERE e.position > $1 AND e.position <= $2 AND e.type = ANY($3) ORDER BY e.position";

/// Which things stand in some statement.
pub(crate) const IN_STATEMENTS: &str =
    "SELECT DISTINCT l.matched_id FROM finance.statement_line l WHERE l.matched_id = ANY($1)";

/// What was answered to a file.
pub(crate) const STATEMENT_ANSWER: &str = "SELECT s.answer FROM finance.statement s WHERE s.digest = $1";

/// Keeps a statement, once.
pub(crate) const KEEP_STATEMENT: &str = "INSERT INTO finance.statement \
     (statement_id, digest, uploaded_by, period_from, period_until, lines, matched, answer) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT ON CONSTRAINT statement_digest_unique DO NOTHING";

/// Keeps lines of a statement.
pub(crate) const KEEP_STATEMENT_LINES: &str = "INSERT INTO finance.statement_line \
     (statement_id, line, kind, provider, transaction_id, external_reference, amount, succeeded, completed_at, \
      matched_kind, matched_id, cause, break_id) \
     SELECT $1, u.* FROM unnest($2::integer[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], \
         $8::boolean[], $9::timestamptz[], $10::text[], $11::uuid[], $12::text[], $13::uuid[]) AS u";
