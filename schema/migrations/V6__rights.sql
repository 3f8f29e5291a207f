-- Who may do what: exactly this, and nothing through PUBLIC. A test compares the catalogue with this list.

SET LOCAL ROLE chajipoa_owner;

REVOKE ALL ON ALL TABLES IN SCHEMA ledger FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA ledger REVOKE ALL ON TABLES FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON FUNCTIONS FROM PUBLIC;

GRANT USAGE ON SCHEMA ledger
    TO chajipoa_command, chajipoa_relay, chajipoa_projector, chajipoa_query, chajipoa_reactor;
GRANT SELECT ON ledger.event, ledger.ledger_head
    TO chajipoa_command, chajipoa_relay, chajipoa_projector, chajipoa_query, chajipoa_reactor;

GRANT SELECT ON ledger.stream_version, ledger.command, ledger.claim, ledger.person_key TO chajipoa_command, chajipoa_query;
GRANT SELECT ON ledger.person_key TO chajipoa_reactor;
GRANT SELECT ON ledger.stream_version TO chajipoa_reactor;

GRANT SELECT, INSERT, UPDATE ON ledger.snapshot TO chajipoa_command;
GRANT EXECUTE ON FUNCTION ledger.append, ledger.lock_head, ledger.ensure_partitions, ledger.mint_person_key,
    ledger.sweep_person_keys TO chajipoa_command;

GRANT SELECT, INSERT, UPDATE ON ledger.checkpoint TO chajipoa_relay, chajipoa_reactor;
GRANT SELECT ON ledger.checkpoint TO chajipoa_query;

GRANT SELECT, INSERT, UPDATE, DELETE ON ledger.projection TO chajipoa_projector;
GRANT SELECT ON ledger.projection TO chajipoa_command, chajipoa_relay, chajipoa_query;

RESET ROLE;

SET LOCAL ROLE chajipoa_projector;
GRANT USAGE ON SCHEMA read_model TO chajipoa_query, chajipoa_analyst;
ALTER DEFAULT PRIVILEGES IN SCHEMA read_model GRANT SELECT ON TABLES TO chajipoa_query, chajipoa_analyst;
RESET ROLE;
