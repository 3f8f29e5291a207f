-- What providers send us unasked: a payment's outcome, a message's. The bytes are kept before the answer, sealed under a
-- key of their own, and judged by the reactor afterwards. The same bytes again are counted and change nothing.

CREATE SCHEMA inbox AUTHORIZATION chajipoa_owner;

SET LOCAL ROLE chajipoa_owner;

COMMENT ON SCHEMA inbox IS 'What providers send us unasked, kept before it is judged.';
REVOKE ALL ON SCHEMA inbox FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA inbox REVOKE ALL ON TABLES FROM PUBLIC;

CREATE TABLE inbox.letter (
    id bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    digest bytea NOT NULL,
    key_id uuid NOT NULL,
    key_generation integer NOT NULL,
    key_wrapped bytea,
    body bytea,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    times integer NOT NULL DEFAULT 1,
    last_received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    state text NOT NULL DEFAULT 'new',
    verdict text,
    judged_at timestamptz,
    CONSTRAINT letter_pk PRIMARY KEY (id),
    CONSTRAINT letter_digest_unique UNIQUE (kind, digest),
    CONSTRAINT letter_key_unique UNIQUE (key_id),
    CONSTRAINT letter_kind_known CHECK (kind IN ('azampay', 'sms_delivery')),
    CONSTRAINT letter_digest_length CHECK (octet_length(digest) = 32),
    CONSTRAINT letter_times_positive CHECK (times > 0),
    CONSTRAINT letter_state_known CHECK (state IN ('new', 'judged', 'failed')),
    CONSTRAINT letter_judged_whole CHECK ((state = 'new') = (judged_at IS NULL)),
    CONSTRAINT letter_body_whole CHECK ((body IS NULL) = (key_wrapped IS NULL)),
    CONSTRAINT letter_new_has_body CHECK (state <> 'new' OR body IS NOT NULL)
);
CREATE INDEX letter_new ON inbox.letter (id) WHERE state = 'new';
CREATE INDEX letter_judged ON inbox.letter (judged_at) WHERE body IS NOT NULL AND judged_at IS NOT NULL;
COMMENT ON TABLE inbox.letter IS 'A body that a provider sent, once, however often it came.';
COMMENT ON COLUMN inbox.letter.kind IS 'By which path it came: azampay or sms_delivery.';
COMMENT ON COLUMN inbox.letter.digest IS 'A keyed hash of kind and body: the same bytes again are the same letter.';
COMMENT ON COLUMN inbox.letter.key_id IS 'What the key of the body is bound to.';
COMMENT ON COLUMN inbox.letter.body IS 'Sealed under the key of the row; gone 30 days after it was judged.';
COMMENT ON COLUMN inbox.letter.times IS 'How often the same bytes came.';
COMMENT ON COLUMN inbox.letter.verdict IS 'What the reactor made of it, in a word; it names nobody.';

-- Keeps letters and says how many of them were new. CJ006 for a process that does not know the present generation of keys:
-- the look comes after the insert, which waits for a renewal that is at work.
CREATE FUNCTION inbox.receive(
    p_generation integer, p_kinds text[], p_digests bytea[], p_key_ids uuid[], p_keys bytea[], p_bodies bytea[],
    p_times integer[]
) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = inbox, pg_temp
AS $$
DECLARE
    v_new bigint;
    v_present integer;
BEGIN
    WITH received AS (
        INSERT INTO inbox.letter AS l (kind, digest, key_id, key_generation, key_wrapped, body, times)
        SELECT u.kind, u.digest, u.key_id, p_generation, u.key, u.body, u.times
        FROM unnest(p_kinds, p_digests, p_key_ids, p_keys, p_bodies, p_times)
            AS u (kind, digest, key_id, key, body, times)
        ORDER BY u.kind, u.digest
        ON CONFLICT ON CONSTRAINT letter_digest_unique DO UPDATE SET
            times = least(l.times::bigint + excluded.times, 2147483647)::integer, last_received_at = clock_timestamp()
        RETURNING (l.xmax = 0) AS is_new)
    SELECT count(*) FILTER (WHERE is_new) INTO v_new FROM received;
    SELECT max(g.generation) INTO v_present FROM ledger.key_generation g;
    IF p_generation <> v_present THEN
        RAISE EXCEPTION 'the present generation of keys is %, not %', v_present, p_generation USING ERRCODE = 'CJ006';
    END IF;
    RETURN v_new;
END
$$;

-- Drops the bodies of letters that were judged before a moment, and says how many.
CREATE FUNCTION inbox.forget(p_before timestamptz) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = inbox, pg_temp
AS $$
    WITH forgotten AS (
        UPDATE inbox.letter SET body = NULL, key_wrapped = NULL
        WHERE body IS NOT NULL AND judged_at < p_before RETURNING 1)
    SELECT count(*) FROM forgotten
$$;

REVOKE ALL ON inbox.letter FROM PUBLIC;
REVOKE ALL ON FUNCTION inbox.receive, inbox.forget FROM PUBLIC;
GRANT USAGE ON SCHEMA inbox TO chajipoa_command, chajipoa_reactor;
GRANT EXECUTE ON FUNCTION inbox.receive, inbox.forget TO chajipoa_command;
GRANT SELECT, UPDATE ON inbox.letter TO chajipoa_reactor;

RESET ROLE;
