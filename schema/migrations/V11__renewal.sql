-- The renewal of keys: the generation that counts, and keys of persons that nobody makes under an older one.

SET LOCAL ROLE chajipoa_owner;

CREATE TABLE ledger.key_generation (
    generation integer NOT NULL,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT key_generation_pk PRIMARY KEY (generation),
    CONSTRAINT key_generation_positive CHECK (generation > 0)
);
COMMENT ON TABLE ledger.key_generation IS 'Every generation of master keys; the highest wraps the keys of persons.';
INSERT INTO ledger.key_generation (generation) VALUES (1);

-- As before, but CJ006 for a process that does not know the present generation yet: its keys are to be read again. The
-- look comes after the insert, which waits for a renewal that is at work.
CREATE OR REPLACE FUNCTION ledger.mint_person_key(p_person uuid, p_generation integer, p_wrapped bytea)
RETURNS TABLE (generation integer, wrapped bytea)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ledger, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_generation integer;
    v_wrapped bytea;
    v_present integer;
BEGIN
    INSERT INTO ledger.person_key AS k (person, generation, wrapped, minted_at)
    VALUES (p_person, p_generation, p_wrapped, clock_timestamp())
    ON CONFLICT ON CONSTRAINT person_key_pk DO UPDATE SET minted_at = clock_timestamp()
    RETURNING k.generation, k.wrapped INTO v_generation, v_wrapped;
    SELECT max(g.generation) INTO v_present FROM ledger.key_generation g;
    IF p_generation <> v_present THEN
        RAISE EXCEPTION 'the present generation of keys is %, not %', v_present, p_generation USING ERRCODE = 'CJ006';
    END IF;
    generation := v_generation;
    wrapped := v_wrapped;
    RETURN NEXT;
END
$$;

REVOKE ALL ON ledger.key_generation FROM PUBLIC;
GRANT SELECT ON ledger.key_generation TO chajipoa_command;

RESET ROLE;
