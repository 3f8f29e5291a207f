-- Nothing that was recorded is ever changed: triggers that fire always, on each parent and each partition.
--
-- Row triggers are passed on to partitions, statement triggers (the only kind TRUNCATE has) are not, so each
-- partition gets its own. SQLSTATE CJ003: an attempt to change what is append-only.

SET LOCAL ROLE chajipoa_owner;

CREATE FUNCTION ledger.refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = ledger, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION '%.% is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'CJ003', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
END
$$;

-- Puts the statement trigger on one table, and the row trigger unless it will come from the parent.
CREATE FUNCTION ledger.guard_table(p_table regclass, p_row boolean) RETURNS void
LANGUAGE plpgsql SET search_path = ledger, pg_temp
AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER append_only_statement BEFORE UPDATE OR DELETE OR TRUNCATE ON %s
                    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()', p_table);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER append_only_statement', p_table);
    IF p_row THEN
        EXECUTE format('CREATE TRIGGER append_only_row BEFORE UPDATE OR DELETE ON %s
                        FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change()', p_table);
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER append_only_row', p_table);
    END IF;
END
$$;

-- How many positions one partition of event holds. At ten million, a thousand million events are a hundred
-- partitions: few enough for every plan to lock them all.
CREATE FUNCTION ledger.partition_size() RETURNS bigint
LANGUAGE sql IMMUTABLE SET search_path = ledger, pg_temp
AS $$ SELECT 10000000::bigint $$;

-- Makes the partition that the next event goes to and the two after it, and says how many it made.
-- The table is made apart and attached: that takes no lock that a reader or an append would wait for.
CREATE FUNCTION ledger.ensure_partitions() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ledger, pg_temp
AS $$
DECLARE
    v_size CONSTANT bigint := ledger.partition_size();
    v_next bigint;
    v_from bigint;
    v_name text;
    v_made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(7221001);
    SELECT e.position INTO v_next FROM ledger.event e ORDER BY e.position DESC LIMIT 1;
    v_next := coalesce(v_next, 0) + 1;
    FOR k IN (v_next - 1) / v_size .. (v_next - 1) / v_size + 2 LOOP
        v_from := k * v_size + 1;
        v_name := format('event_%s', k);
        CONTINUE WHEN to_regclass(format('ledger.%I', v_name)) IS NOT NULL;
        EXECUTE format('CREATE TABLE ledger.%I (LIKE ledger.event INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)', v_name);
        EXECUTE format('ALTER TABLE ledger.%I ADD CONSTRAINT %I PRIMARY KEY (position),
                        ADD CONSTRAINT %I CHECK (position >= %s AND position < %s)',
                       v_name, v_name || '_pk', v_name || '_range', v_from, v_from + v_size);
        PERFORM ledger.guard_table(format('ledger.%I', v_name)::regclass, false);
        EXECUTE format('ALTER TABLE ledger.event ATTACH PARTITION ledger.%I FOR VALUES FROM (%s) TO (%s)',
                       v_name, v_from, v_from + v_size);
        v_made := v_made + 1;
    END LOOP;
    RETURN v_made;
END
$$;

DO $$
DECLARE
    v_table record;
BEGIN
    FOR v_table IN SELECT c.oid::regclass AS name, NOT c.relispartition AS parent
                   FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                   WHERE n.nspname = 'ledger' AND c.relkind IN ('r', 'p')
                     AND c.relname ~ '^(event|stream_version|command)(_[0-9]+)?$'
    LOOP
        PERFORM ledger.guard_table(v_table.name, v_table.parent);
    END LOOP;
END
$$;

SELECT ledger.ensure_partitions();

RESET ROLE;
