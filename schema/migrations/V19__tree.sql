-- The Merkle tree over the events, and the checkpoints that were signed over it.
--
-- Tiles are full or not there: 256 hashes of 32 bytes. What lies right of the last full ones follows from the events.
-- Both tables are append-only like the events. The relay's login writes them: the sealer runs in its process.

SET LOCAL ROLE chajipoa_owner;

CREATE TABLE ledger.tile (
    epoch integer NOT NULL,
    level smallint NOT NULL,
    index bigint NOT NULL,
    hashes bytea NOT NULL,
    CONSTRAINT tile_pk PRIMARY KEY (epoch, level, index),
    CONSTRAINT tile_epoch_positive CHECK (epoch > 0),
    CONSTRAINT tile_level_known CHECK (level BETWEEN 0 AND 7),
    CONSTRAINT tile_index_not_negative CHECK (index >= 0),
    CONSTRAINT tile_is_full CHECK (octet_length(hashes) = 8192)
);
-- Hashes cannot be compressed: do not try.
ALTER TABLE ledger.tile ALTER COLUMN hashes SET STORAGE EXTERNAL;
COMMENT ON TABLE ledger.tile IS 'The Merkle tree (RFC 6962) in full tiles: level 0 holds hashes of leaves, the next roots of those.';
COMMENT ON COLUMN ledger.tile.hashes IS '256 hashes of 32 bytes, from the left.';

-- I11: one checkpoint per size; a second one of that size could contradict it.
CREATE TABLE ledger.signed_checkpoint (
    epoch integer NOT NULL,
    size bigint NOT NULL,
    root bytea NOT NULL,
    note text NOT NULL,
    signed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT signed_checkpoint_pk PRIMARY KEY (epoch, size),
    CONSTRAINT signed_checkpoint_epoch_positive CHECK (epoch > 0),
    CONSTRAINT signed_checkpoint_size_positive CHECK (size > 0),
    CONSTRAINT signed_checkpoint_root_length CHECK (octet_length(root) = 32)
);
COMMENT ON TABLE ledger.signed_checkpoint IS 'Signed roots of the tree, stored before they are published.';
COMMENT ON COLUMN ledger.signed_checkpoint.size IS 'How many events the tree has: the position of its last one.';
COMMENT ON COLUMN ledger.signed_checkpoint.note IS 'The signed text (C2SP tlog-checkpoint).';

SELECT ledger.guard_table('ledger.tile', true), ledger.guard_table('ledger.signed_checkpoint', true);

-- A checkpoint is of the present epoch, larger than every one before, and of events that are there.
-- SQLSTATE CJ007: it is not.
CREATE FUNCTION ledger.checkpoint_grows() RETURNS trigger
LANGUAGE plpgsql SET search_path = ledger, pg_temp
AS $$
BEGIN
    IF NEW.epoch <> (SELECT h.epoch FROM ledger.ledger_head h)
        OR NEW.size > (SELECT coalesce(max(e.position), 0) FROM ledger.event e)
        OR EXISTS (SELECT 1 FROM ledger.signed_checkpoint c WHERE c.epoch = NEW.epoch AND c.size > NEW.size) THEN
        RAISE EXCEPTION 'a checkpoint of epoch % and size % does not follow the last one', NEW.epoch, NEW.size
            USING ERRCODE = 'CJ007';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER checkpoint_grows BEFORE INSERT ON ledger.signed_checkpoint
    FOR EACH ROW EXECUTE FUNCTION ledger.checkpoint_grows();

GRANT SELECT, INSERT ON ledger.tile, ledger.signed_checkpoint TO chajipoa_relay;
GRANT SELECT ON ledger.tile, ledger.signed_checkpoint TO chajipoa_command, chajipoa_query;

RESET ROLE;
