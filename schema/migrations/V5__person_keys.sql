-- Keys of persons: the first writer wins, and keys that nobody came to use are swept.

SET LOCAL ROLE chajipoa_owner;

-- Stores a new key unless there is one, and returns the one that counts. The time is moved in both cases: a key
-- that a command has just been given must outlive that command, also if the row is old.
CREATE FUNCTION ledger.mint_person_key(p_person uuid, p_generation integer, p_wrapped bytea)
RETURNS TABLE (generation integer, wrapped bytea)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = ledger, pg_temp
AS $$
    INSERT INTO ledger.person_key AS k (person, generation, wrapped, minted_at)
    VALUES (p_person, p_generation, p_wrapped, clock_timestamp())
    ON CONFLICT ON CONSTRAINT person_key_pk DO UPDATE SET minted_at = clock_timestamp()
    RETURNING k.generation, k.wrapped
$$;

-- Removes keys whose command was refused: minted within the last week, not in the last ten minutes (a command
-- is decided within seconds), and of a person without a stream.
CREATE FUNCTION ledger.sweep_person_keys() RETURNS bigint
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
            AND NOT EXISTS (SELECT 1 FROM ledger.stream_version v WHERE v.stream = k.person AND v.version = 1)
        RETURNING 1)
    SELECT count(*) FROM swept
$$;

RESET ROLE;
