-- The tables of the ledger. Every constraint has a name: errors are told apart by it.

SET LOCAL ROLE chajipoa_owner;

-- The one row that every append locks. It is never updated by an append.
CREATE TABLE ledger.ledger_head (
    one boolean NOT NULL DEFAULT true,
    ledger_id uuid NOT NULL,
    epoch integer NOT NULL,
    CONSTRAINT ledger_head_pk PRIMARY KEY (one),
    CONSTRAINT ledger_head_one_row CHECK (one),
    CONSTRAINT ledger_head_epoch_positive CHECK (epoch > 0)
);
COMMENT ON TABLE ledger.ledger_head IS 'Which ledger this is, and the row whose lock makes appends follow each other.';
INSERT INTO ledger.ledger_head (ledger_id, epoch) VALUES (gen_random_uuid(), 1);

-- I5: only position is unique here; ids are version 7 and have no index.
CREATE TABLE ledger.event (
    position bigint NOT NULL,
    id uuid NOT NULL,
    command_id uuid NOT NULL,
    causation_id uuid,
    correlation_id uuid,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    schema_version smallint NOT NULL,
    type text NOT NULL,
    actor text NOT NULL,
    stream_kinds smallint[] NOT NULL,
    stream_ids uuid[] NOT NULL,
    stream_versions bigint[] NOT NULL,
    traceparent text,
    payload bytea NOT NULL,
    CONSTRAINT event_pk PRIMARY KEY (position),
    CONSTRAINT event_position_positive CHECK (position > 0)
) PARTITION BY RANGE (position);
COMMENT ON TABLE ledger.event IS 'Every fact, in commit order, positions 1, 2, 3 … without a gap.';

-- I4: which event gave a stream which version.
CREATE TABLE ledger.stream_version (
    stream uuid NOT NULL,
    version bigint NOT NULL,
    position bigint NOT NULL,
    CONSTRAINT stream_version_pk PRIMARY KEY (stream, version),
    CONSTRAINT stream_version_positive CHECK (version > 0)
) PARTITION BY HASH (stream);
COMMENT ON TABLE ledger.stream_version IS 'The position of each version of each stream.';

-- I3: one id, one effect. Outcome 1 is recorded, 2 is already done; a refusal is not stored.
CREATE TABLE ledger.command (
    id uuid NOT NULL,
    first_position bigint NOT NULL,
    event_count integer NOT NULL,
    outcome smallint NOT NULL,
    answer_version smallint NOT NULL,
    actor text NOT NULL,
    hash bytea NOT NULL,
    result bytea NOT NULL,
    CONSTRAINT command_pk PRIMARY KEY (id),
    CONSTRAINT command_outcome_known CHECK (outcome IN (1, 2)),
    CONSTRAINT command_hash_length CHECK (octet_length(hash) = 32),
    CONSTRAINT command_has_events CHECK ((outcome = 1) = (event_count > 0))
) PARTITION BY HASH (id);
COMMENT ON TABLE ledger.command IS 'Every command that was recorded or already done, with its answer.';

CREATE TABLE ledger.claim (
    kind text NOT NULL,
    value text NOT NULL,
    entity uuid NOT NULL,
    position bigint NOT NULL,
    CONSTRAINT claim_pk PRIMARY KEY (kind, value)
);
COMMENT ON TABLE ledger.claim IS 'Names that one entity holds: serials, station codes, blind indexes, references.';

-- A hint: it may be lost at any time.
CREATE TABLE ledger.snapshot (
    stream uuid NOT NULL,
    fold_version smallint NOT NULL,
    version bigint NOT NULL,
    state bytea NOT NULL,
    CONSTRAINT snapshot_pk PRIMARY KEY (stream, fold_version),
    CONSTRAINT snapshot_version_positive CHECK (version > 0)
);
COMMENT ON TABLE ledger.snapshot IS 'The state of a stream at a version, by one version of the fold; may be lost.';

CREATE TABLE ledger.person_key (
    person uuid NOT NULL,
    generation integer NOT NULL,
    wrapped bytea NOT NULL,
    minted_at timestamptz NOT NULL,
    CONSTRAINT person_key_pk PRIMARY KEY (person),
    CONSTRAINT person_key_generation_positive CHECK (generation > 0)
);
CREATE INDEX person_key_minted_at ON ledger.person_key (minted_at);
COMMENT ON TABLE ledger.person_key IS 'The key that seals one person''s data, wrapped by a key outside this database.';

-- How far the relay (and other readers that own no tables) came.
CREATE TABLE ledger.checkpoint (
    name text NOT NULL,
    ledger_id uuid NOT NULL,
    epoch integer NOT NULL,
    position bigint NOT NULL,
    event_id uuid,
    CONSTRAINT checkpoint_pk PRIMARY KEY (name),
    CONSTRAINT checkpoint_event_known CHECK ((position = 0) = (event_id IS NULL)),
    CONSTRAINT checkpoint_position_not_negative CHECK (position >= 0)
);
COMMENT ON TABLE ledger.checkpoint IS 'How far a reader came, and which event it saw there.';

-- I7: one row per version of each read model; rows and position move in one transaction.
CREATE TABLE ledger.projection (
    name text NOT NULL,
    version smallint NOT NULL,
    live boolean NOT NULL,
    ledger_id uuid NOT NULL,
    epoch integer NOT NULL,
    position bigint NOT NULL,
    event_id uuid,
    status text NOT NULL,
    reason text,
    CONSTRAINT projection_pk PRIMARY KEY (name, version),
    CONSTRAINT projection_event_known CHECK ((position = 0) = (event_id IS NULL)),
    CONSTRAINT projection_position_not_negative CHECK (position >= 0),
    CONSTRAINT projection_version_positive CHECK (version > 0)
);
CREATE UNIQUE INDEX projection_one_live ON ledger.projection (name) WHERE live;
COMMENT ON TABLE ledger.projection IS 'How far each read model came, which version is live, and why one stands still.';

-- Hash partitions are made here once. Each one that a batch touches is opened by each of its statements, so four
-- of them: small enough for vacuum, few enough for a batch of ten.
DO $$
DECLARE
    v_table text;
    v_part text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY['stream_version', 'command'] LOOP
        FOR n IN 0..3 LOOP
            v_part := format('%s_%s', v_table, n);
            EXECUTE format('CREATE TABLE ledger.%I PARTITION OF ledger.%I FOR VALUES WITH (MODULUS 4, REMAINDER %s)',
                           v_part, v_table, n);
            EXECUTE format('ALTER TABLE ledger.%I RENAME CONSTRAINT %I TO %I', v_part, v_part || '_pkey', v_part || '_pk');
        END LOOP;
    END LOOP;
END
$$;

RESET ROLE;
