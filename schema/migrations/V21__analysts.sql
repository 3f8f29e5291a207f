-- Analysts read what is granted to them view by view, within limits that keep the machine for everybody else.
--
-- A new view is nobody's until it is granted: what a model makes is for query-api, and for analysts only where the model
-- says so. The limits are defaults of the login. Settings of a role belong to the whole cluster while databases are
-- migrated one by one, also at the same time: one that is set is left alone, one that collides is tried again.

SET LOCAL ROLE chajipoa_projector;
ALTER DEFAULT PRIVILEGES IN SCHEMA read_model REVOKE SELECT ON TABLES FROM chajipoa_analyst;
-- Views that are there already are made anew with the next version of their model; these three should not wait for it:
-- they hold references of providers, members of staff and free text.
DO $$
DECLARE
    v_view text;
BEGIN
    FOREACH v_view IN ARRAY ARRAY['refund', 'approval', 'statement_break'] LOOP
        IF to_regclass('read_model.' || v_view) IS NOT NULL THEN
            EXECUTE format('REVOKE ALL ON read_model.%I FROM chajipoa_analyst', v_view);
        END IF;
    END LOOP;
END
$$;
RESET ROLE;

DO $$
DECLARE
    v_setting text[];
    v_super boolean := (SELECT rolsuper FROM pg_roles WHERE rolname = current_user);
    v_settings CONSTANT text[][] := ARRAY[
        ARRAY['search_path', 'read_model'],
        ARRAY['default_transaction_read_only', 'on'],
        ARRAY['statement_timeout', '120000'],
        ARRAY['lock_timeout', '5000'],
        -- An open transaction holds back the vacuum, and the switch to a new version of a read model.
        ARRAY['idle_in_transaction_session_timeout', '60000'],
        ARRAY['work_mem', '65536'],
        ARRAY['max_parallel_workers_per_gather', '0'],
        ARRAY['jit', 'off'],
        -- In kilobytes: 2 GB. Only a superuser may set it for a role.
        ARRAY['temp_file_limit', '2097152']];
BEGIN
    FOREACH v_setting SLICE 1 IN ARRAY v_settings LOOP
        CONTINUE WHEN v_setting[1] = 'temp_file_limit' AND NOT v_super;
        FOR v_attempt IN 1 .. 100 LOOP
            EXIT WHEN EXISTS (
                SELECT 1 FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole
                WHERE r.rolname = 'chajipoa_analyst' AND s.setdatabase = 0
                    AND v_setting[1] || '=' || v_setting[2] = ANY (s.setconfig));
            BEGIN
                EXECUTE format('ALTER ROLE chajipoa_analyst SET %I = %L', v_setting[1], v_setting[2]);
            EXCEPTION WHEN internal_error OR unique_violation THEN
                NULL; -- changed by a migration of another database at this moment
            END;
        END LOOP;
    END LOOP;
END
$$;
