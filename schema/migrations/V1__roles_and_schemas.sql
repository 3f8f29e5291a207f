-- The owner, one login role per service, and the two schemas.
--
-- Roles belong to the whole cluster while databases are migrated one by one, also at the same time: a role
-- that somebody else has just made is as good as our own. Passwords are set by the migrating program.

DO $$
DECLARE
    v_role text;
BEGIN
    FOREACH v_role IN ARRAY ARRAY['chajipoa_owner', 'chajipoa_command', 'chajipoa_relay', 'chajipoa_projector',
                                  'chajipoa_query', 'chajipoa_reactor', 'chajipoa_analyst']
    LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = v_role) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I %s NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS',
                               v_role, CASE v_role WHEN 'chajipoa_owner' THEN 'NOLOGIN' ELSE 'LOGIN' END);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL; -- made by a migration of another database at this moment
            END;
        END IF;
    END LOOP;
    -- A migrating login that is no superuser must be able to act for the owners of the schemas.
    FOREACH v_role IN ARRAY ARRAY['chajipoa_owner', 'chajipoa_projector'] LOOP
        IF NOT pg_has_role(current_user, v_role, 'MEMBER') THEN
            EXECUTE format('GRANT %I TO %I', v_role, current_user);
        END IF;
    END LOOP;
END
$$;

CREATE SCHEMA ledger AUTHORIZATION chajipoa_owner;
COMMENT ON SCHEMA ledger IS 'The only truth: events, written once and never changed.';

CREATE SCHEMA read_model AUTHORIZATION chajipoa_projector;
COMMENT ON SCHEMA read_model IS 'Views of everything that is computed from the ledger.';

REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON SCHEMA ledger FROM PUBLIC;
REVOKE ALL ON SCHEMA read_model FROM PUBLIC;
