-- What cabinets say beside the facts of the ledger: that they are there, what they hold, how full each bank is; and what
-- was done to banks by hand. None of it is truth: what follows from it reaches the ledger as commands.
--
-- Telemetry is range-partitioned by the day (UTC) of its arrival. Days are made ahead and dropped by functions of the
-- owner, so that no service may make or drop a table; never a default partition, which every new day would have to scan.

CREATE SCHEMA cabinet AUTHORIZATION chajipoa_owner;
COMMENT ON SCHEMA cabinet IS 'What cabinets report beside the facts of the ledger, and what was done to banks by hand.';
REVOKE ALL ON SCHEMA cabinet FROM PUBLIC;

SET LOCAL ROLE chajipoa_owner;
ALTER DEFAULT PRIVILEGES IN SCHEMA cabinet REVOKE ALL ON TABLES FROM PUBLIC;

CREATE TABLE cabinet.reading (
    station_id uuid NOT NULL,
    slot smallint NOT NULL,
    device_id uuid,
    serial text,
    battery_percent smallint,
    fault text,
    taken_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT reading_pk PRIMARY KEY (station_id, slot, received_at),
    CONSTRAINT reading_slot_range CHECK (slot BETWEEN 1 AND 200),
    CONSTRAINT reading_battery_range CHECK (battery_percent BETWEEN 0 AND 100)
) PARTITION BY RANGE (received_at);
CREATE INDEX reading_of_device ON cabinet.reading (device_id, taken_at, station_id, slot) WHERE device_id IS NOT NULL;
COMMENT ON TABLE cabinet.reading IS 'What a cabinet read in a slot, by each inventory; kept for some days.';

CREATE TABLE cabinet.heard (
    station_id uuid NOT NULL,
    heard_at timestamptz NOT NULL,
    firmware text,
    CONSTRAINT heard_pk PRIMARY KEY (station_id)
);
CREATE INDEX heard_at_index ON cabinet.heard (heard_at);
COMMENT ON TABLE cabinet.heard IS 'When each station last sent a heartbeat.';

CREATE TABLE cabinet.inventory (
    station_id uuid NOT NULL,
    taken_at timestamptz NOT NULL,
    stated_at timestamptz NOT NULL,
    slots jsonb NOT NULL,
    answer jsonb NOT NULL,
    CONSTRAINT inventory_pk PRIMARY KEY (station_id)
);
COMMENT ON TABLE cabinet.inventory IS 'The last inventory that was accepted of each station, slot by slot, and its answer.';

CREATE TABLE cabinet.maintenance (
    maintenance_id uuid NOT NULL,
    device_id uuid NOT NULL,
    done_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    action text NOT NULL,
    what text NOT NULL,
    cost bigint,
    battery_percent smallint,
    actor text NOT NULL,
    CONSTRAINT maintenance_pk PRIMARY KEY (maintenance_id),
    CONSTRAINT maintenance_action_known CHECK (action IN ('start', 'complete', 'note')),
    CONSTRAINT maintenance_cost_not_negative CHECK (cost >= 0),
    CONSTRAINT maintenance_battery_range CHECK (battery_percent BETWEEN 0 AND 100)
);
CREATE INDEX maintenance_of_device ON cabinet.maintenance (device_id, done_at, maintenance_id);
COMMENT ON TABLE cabinet.maintenance IS 'What was done to a bank by hand, by whom, and what it cost in whole shillings (TZS).';

-- Makes the partition of one day; false if it is there.
CREATE FUNCTION cabinet.make_day(p_day date) RETURNS boolean
LANGUAGE plpgsql SET search_path = cabinet, pg_temp
AS $$
DECLARE
    v_name CONSTANT text := 'reading_' || to_char(p_day, 'YYYYMMDD');
    v_from CONSTANT timestamptz := p_day::timestamp AT TIME ZONE 'UTC';
    v_to CONSTANT timestamptz := (p_day + 1)::timestamp AT TIME ZONE 'UTC';
BEGIN
    IF to_regclass(format('cabinet.%I', v_name)) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE cabinet.%I (LIKE cabinet.reading INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)', v_name);
    EXECUTE format('ALTER TABLE cabinet.%I ADD CONSTRAINT %I PRIMARY KEY (station_id, slot, received_at),
                    ADD CONSTRAINT %I CHECK (received_at >= %L AND received_at < %L)',
                   v_name, v_name || '_pk', v_name || '_range', v_from, v_to);
    EXECUTE format('ALTER TABLE cabinet.reading ATTACH PARTITION cabinet.%I FOR VALUES FROM (%L) TO (%L)', v_name, v_from, v_to);
    RETURN true;
END
$$;

-- Makes the partitions of today and the two days after it, and says how many it made.
CREATE FUNCTION cabinet.ensure_days() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = cabinet, pg_temp
AS $$
DECLARE
    v_today CONSTANT date := (now() AT TIME ZONE 'UTC')::date;
    v_made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(7221010);
    FOR n IN 0..2 LOOP
        v_made := v_made + cabinet.make_day(v_today + n)::integer;
    END LOOP;
    RETURN v_made;
END
$$;

-- Drops the days that ended more than so many days ago, and says how many it dropped. It waits for no reader: a table
-- that is in use stays until the next call.
CREATE FUNCTION cabinet.drop_days(p_keep integer) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = cabinet, pg_temp SET lock_timeout = '1s'
AS $$
DECLARE
    v_last CONSTANT date := (now() AT TIME ZONE 'UTC')::date - p_keep;
    v_name text;
    v_dropped integer := 0;
BEGIN
    IF p_keep IS NULL OR p_keep < 1 THEN
        RAISE EXCEPTION 'readings are kept for one day at least' USING ERRCODE = 'CJ006';
    END IF;
    PERFORM pg_advisory_xact_lock(7221010);
    FOR v_name IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'cabinet.reading'::regclass AND c.relname ~ '^reading_[0-9]{8}$'
          AND to_date(right(c.relname, 8), 'YYYYMMDD') < v_last
        ORDER BY 1
    LOOP
        EXECUTE format('DROP TABLE cabinet.%I', v_name);
        v_dropped := v_dropped + 1;
    END LOOP;
    RETURN v_dropped;
END
$$;

SELECT cabinet.ensure_days();

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA cabinet FROM PUBLIC;
GRANT USAGE ON SCHEMA cabinet TO chajipoa_command, chajipoa_query, chajipoa_reactor;
GRANT INSERT ON cabinet.reading TO chajipoa_command;
GRANT SELECT, INSERT, UPDATE ON cabinet.heard, cabinet.inventory TO chajipoa_command;
GRANT SELECT, INSERT ON cabinet.maintenance TO chajipoa_command;
GRANT EXECUTE ON FUNCTION cabinet.ensure_days, cabinet.drop_days TO chajipoa_command;
GRANT SELECT ON cabinet.reading, cabinet.maintenance TO chajipoa_query;
GRANT SELECT ON cabinet.heard TO chajipoa_reactor;

RESET ROLE;
