-- Who gets in: one-time codes, sessions, staff, station secrets. None of it belongs into a ledger: it has to be
-- forgotten again, and some of it is a secret. And the destruction of a person's key, in the ledger's own transaction.

SET LOCAL ROLE chajipoa_owner;

-- ---- erasure

CREATE TABLE ledger.erased_person (
    person uuid NOT NULL,
    erased_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT erased_person_pk PRIMARY KEY (person)
);
COMMENT ON TABLE ledger.erased_person IS 'Persons whose key was destroyed: no key is kept for them again.';

CREATE INDEX claim_phone_entity ON ledger.claim (entity) WHERE kind = 'phone';

-- Destroys a person's key and frees their phone. Called under the lock of append, in the transaction that records
-- CustomerErased, and again by whoever applies the list of erased persons after a restore.
CREATE FUNCTION ledger.destroy_person(p_person uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = ledger, pg_temp
SET enable_seqscan = off
AS $$
DECLARE
    v_found boolean;
BEGIN
    INSERT INTO ledger.erased_person (person) VALUES (p_person) ON CONFLICT ON CONSTRAINT erased_person_pk DO NOTHING;
    DELETE FROM ledger.claim WHERE kind = 'phone' AND entity = p_person;
    DELETE FROM ledger.person_key WHERE person = p_person;
    v_found := FOUND;
    -- A snapshot of the person holds nothing in clear, and is a hint that can be made again.
    DELETE FROM ledger.snapshot WHERE stream = p_person;
    RETURN v_found;
END
$$;

-- As before, and also what a late command of somebody erased had a key made for.
CREATE OR REPLACE FUNCTION ledger.sweep_person_keys() RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = ledger, pg_temp
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
    WITH swept AS (
        DELETE FROM ledger.person_key k
        WHERE k.minted_at > clock_timestamp() - interval '7 days'
            AND k.minted_at < clock_timestamp() - interval '10 minutes'
            AND (NOT EXISTS (SELECT 1 FROM ledger.stream_version v WHERE v.stream = k.person AND v.version = 1)
                OR EXISTS (SELECT 1 FROM ledger.erased_person e WHERE e.person = k.person))
        RETURNING 1)
    SELECT count(*) FROM swept
$$;

REVOKE ALL ON ledger.erased_person FROM PUBLIC;
GRANT SELECT ON ledger.erased_person TO chajipoa_command;
GRANT EXECUTE ON FUNCTION ledger.destroy_person TO chajipoa_command;

-- ---- access

RESET ROLE;
CREATE SCHEMA access AUTHORIZATION chajipoa_owner;
SET LOCAL ROLE chajipoa_owner;
COMMENT ON SCHEMA access IS 'Who gets in. Nothing here is a fact of the business, and all of it is forgotten in time.';

-- A code is also the request it answers: phone and name lie here sealed under a key of the code, until it was used.
CREATE TABLE access.code (
    code_id uuid NOT NULL,
    phone_index text NOT NULL,
    code_hash bytea NOT NULL,
    key_generation integer NOT NULL,
    key_wrapped bytea NOT NULL,
    name_sealed text,
    made_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    tries smallint NOT NULL DEFAULT 0,
    ended_at timestamptz,
    CONSTRAINT code_pk PRIMARY KEY (code_id),
    CONSTRAINT code_hash_length CHECK (octet_length(code_hash) = 32),
    CONSTRAINT code_tries_range CHECK (tries BETWEEN 0 AND 3)
);
COMMENT ON TABLE access.code IS 'One-time codes, as keyed hashes. The blind index says nothing without its key.';
CREATE INDEX code_live ON access.code (phone_index, made_at DESC) WHERE ended_at IS NULL;
CREATE INDEX code_made ON access.code (made_at);

-- How often something happened in a span of time: codes of a number, a prefix, an address, and all messages of a day.
CREATE TABLE access.tally (
    kind text NOT NULL,
    subject text NOT NULL,
    span timestamptz NOT NULL,
    count integer NOT NULL,
    CONSTRAINT tally_pk PRIMARY KEY (kind, subject, span),
    CONSTRAINT tally_count_positive CHECK (count > 0)
);
CREATE INDEX tally_span ON access.tally (span);

-- The outbox of messages without an event. The texts go once they were sent or are no use any more.
CREATE TABLE access.message (
    message_id uuid NOT NULL,
    request_id uuid NOT NULL,
    kind text NOT NULL,
    wrapped_generation integer,
    wrapped_key bytea,
    to_sealed text,
    text_sealed text,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'waiting',
    provider_id text,
    settled_at timestamptz,
    CONSTRAINT message_pk PRIMARY KEY (message_id),
    CONSTRAINT message_kind_known CHECK (kind IN ('code')),
    CONSTRAINT message_state_known
        CHECK (state IN ('waiting', 'claimed', 'sent', 'refused', 'unknown', 'expired')),
    CONSTRAINT message_text_gone CHECK (state IN ('waiting', 'claimed')
        OR to_sealed IS NULL AND text_sealed IS NULL)
);
CREATE INDEX message_open ON access.message (created_at) WHERE state IN ('waiting', 'claimed');
CREATE INDEX message_created ON access.message (created_at);

-- A session is a family of refresh tokens that follow each other.
CREATE TABLE access.session (
    session_id uuid NOT NULL,
    role text NOT NULL,
    subject uuid NOT NULL,
    started_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_because text,
    -- The database's own clock: how other processes find what has ended.
    noted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT session_pk PRIMARY KEY (session_id),
    CONSTRAINT session_end_whole CHECK ((ended_at IS NULL) = (ended_because IS NULL))
);
CREATE INDEX session_subject ON access.session (subject) WHERE ended_at IS NULL;
CREATE INDEX session_noted ON access.session (noted_at) WHERE ended_at IS NOT NULL;
CREATE INDEX session_expires ON access.session (expires_at);

CREATE TABLE access.refresh_token (
    token_hash bytea NOT NULL,
    session_id uuid NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT refresh_token_pk PRIMARY KEY (token_hash),
    CONSTRAINT refresh_token_session_fk FOREIGN KEY (session_id)
        REFERENCES access.session (session_id) ON DELETE CASCADE,
    CONSTRAINT refresh_token_hash_length CHECK (octet_length(token_hash) = 32)
);
CREATE INDEX refresh_token_session ON access.refresh_token (session_id);

CREATE TABLE access.staff (
    username text NOT NULL,
    subject uuid NOT NULL,
    role text NOT NULL,
    password_hash text NOT NULL,
    made_at timestamptz NOT NULL,
    disabled_at timestamptz,
    CONSTRAINT staff_pk PRIMARY KEY (username),
    CONSTRAINT staff_subject_unique UNIQUE (subject),
    CONSTRAINT staff_role_known
        CHECK (role IN ('agent', 'support', 'finance', 'analyst', 'admin', 'payments'))
);

-- Failed log-ins, of names that nobody has as well: so a lock-out does not tell which names there are.
CREATE TABLE access.login_failure (
    username text NOT NULL,
    failures integer NOT NULL,
    failed_at timestamptz NOT NULL,
    locked_until timestamptz NOT NULL,
    CONSTRAINT login_failure_pk PRIMARY KEY (username)
);

-- The present secret of a station, and the one before it until the present one is used for the first time.
CREATE TABLE access.station_secret (
    secret_hash bytea NOT NULL,
    station_id uuid NOT NULL,
    made_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT station_secret_pk PRIMARY KEY (secret_hash),
    CONSTRAINT station_secret_hash_length CHECK (octet_length(secret_hash) = 32)
);
CREATE INDEX station_secret_station ON access.station_secret (station_id, made_at);

REVOKE ALL ON ALL TABLES IN SCHEMA access FROM PUBLIC;
REVOKE ALL ON SCHEMA access FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA access REVOKE ALL ON TABLES FROM PUBLIC;

GRANT USAGE ON SCHEMA access TO chajipoa_command, chajipoa_query, chajipoa_reactor;
GRANT SELECT, INSERT, UPDATE, DELETE ON access.code, access.tally, access.message, access.session,
    access.refresh_token, access.staff, access.login_failure, access.station_secret TO chajipoa_command;
GRANT SELECT ON access.session TO chajipoa_query, chajipoa_reactor;
GRANT UPDATE ON access.session TO chajipoa_reactor;
GRANT SELECT, UPDATE ON access.message TO chajipoa_reactor;

RESET ROLE;
