//! Every statement of this crate, named. A test prepares each one on a freshly migrated database and checks the
//! plans of the hot ones.

/// Settings of every connection: a plan that is cached while a table is empty must not read that table whole once
/// it is full, and compiling a statement takes longer than any of these runs.
pub const SESSION: &str = "-c enable_seqscan=off -c jit=off";

/// The columns of an event, in the order in which `rows` reads them.
macro_rules! event_columns {
    () => {
        "e.position, e.id, e.type, e.schema_version, e.stream_kinds, e.stream_ids, e.stream_versions, \
         e.occurred_at, e.recorded_at, e.command_id, e.actor, e.causation_id, e.correlation_id, \
         e.traceparent, e.payload"
    };
}

/// One call for a whole batch; the answer's columns are read by `append`.
pub const APPEND: &str = "SELECT command, fate, position, first_position, recorded_at, event_count, outcome, \
     answer_version, actor, hash, result, claim_kind, claim_value, claim_entity \
     FROM ledger.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, \
     $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33)";

/// Locks the head until the transaction ends, and says where the ledger stands.
pub const LOCK_HEAD: &str = "SELECT ledger.lock_head()";

/// Opens a transaction under the lock. A process that goes silent in it loses the lock after a second.
pub const BEGIN_LOCKED: &str =
    "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = '1s'";

/// The last position; no row when the ledger is empty.
pub const LAST_POSITION: &str = "SELECT position, id FROM ledger.event ORDER BY position DESC LIMIT 1";

/// Which ledger this is.
pub const IDENTITY: &str = "SELECT ledger_id, epoch FROM ledger.ledger_head";

/// The id of the event at one position.
pub const EVENT_ID_AT: &str = "SELECT id FROM ledger.event WHERE position = $1";

/// Events after a position, in order.
pub const READ_AFTER: &str = concat!(
    "SELECT ",
    event_columns!(),
    " FROM ledger.event e WHERE e.position > $1 AND e.position <= $1 + $2 ORDER BY e.position"
);

/// Events after a position, in order, as far as a fold needs them: a rebuild reads millions, and the arrays of streams
/// are the costliest columns to send.
pub const READ_ESSENCE: &str = "SELECT e.position, e.id, e.type, e.schema_version, e.occurred_at, e.recorded_at, e.payload \
     FROM ledger.event e WHERE e.position > $1 AND e.position <= $1 + $2 ORDER BY e.position";

/// Events of streams after a version each, in the order of the streams asked for and of their versions.
pub const READ_STREAMS: &str = concat!(
    "SELECT ",
    event_columns!(),
    ", u.n FROM unnest($1::uuid[], $2::bigint[]) WITH ORDINALITY AS u (stream, after, n), ",
    "LATERAL (SELECT v.version, v.position FROM ledger.stream_version v ",
    "WHERE v.stream = u.stream AND v.version > u.after ORDER BY v.version OFFSET 0) v, ",
    "LATERAL (SELECT * FROM ledger.event i WHERE i.position = v.position OFFSET 0) e ",
    "ORDER BY u.n, v.version"
);

/// Streams with their snapshots and later events: one row per stream and later event, at least one per stream.
pub const LOAD: &str = concat!(
    "SELECT ",
    event_columns!(),
    ", u.n, s.version, CASE WHEN v.version IS NULL OR v.version = coalesce(s.version, 0) + 1 THEN s.state END ",
    "FROM unnest($1::uuid[], $2::smallint[]) WITH ORDINALITY AS u (stream, fold_version, n) ",
    "LEFT JOIN LATERAL (SELECT k.version, k.state FROM ledger.snapshot k ",
    "WHERE k.stream = u.stream AND k.fold_version = u.fold_version OFFSET 0) s ON true ",
    "LEFT JOIN LATERAL (SELECT v.version, v.position FROM ledger.stream_version v ",
    "WHERE v.stream = u.stream AND v.version > coalesce(s.version, 0) ORDER BY v.version OFFSET 0) v ON true ",
    "LEFT JOIN LATERAL (SELECT * FROM ledger.event i WHERE i.position = v.position OFFSET 0) e ON true ",
    "ORDER BY u.n, v.version"
);

/// Who holds these names.
pub const CLAIMS: &str = "SELECT u.n, c.entity, c.position \
     FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS u (kind, value, n), \
     LATERAL (SELECT i.entity, i.position FROM ledger.claim i \
              WHERE i.kind = u.kind AND i.value = u.value OFFSET 0) c ORDER BY u.n";

/// A stored command, together with the last position of the same moment: one row in any case.
pub const COMMAND: &str = "SELECT coalesce(last.position, 0), c.id, c.actor, c.hash, c.outcome, c.first_position, \
     c.event_count, c.result, c.answer_version \
     FROM (SELECT max(position) AS position FROM ledger.event) last \
     LEFT JOIN ledger.command c ON c.id = $1";

/// Keeps snapshots; an older one never replaces a newer one.
pub const SAVE_SNAPSHOTS: &str = "INSERT INTO ledger.snapshot AS k (stream, fold_version, version, state) \
     SELECT * FROM unnest($1::uuid[], $2::smallint[], $3::bigint[], $4::bytea[]) \
     ON CONFLICT ON CONSTRAINT snapshot_pk DO UPDATE SET version = excluded.version, state = excluded.state \
     WHERE k.version < excluded.version";

/// Makes partitions ahead.
pub const ENSURE_PARTITIONS: &str = "SELECT ledger.ensure_partitions()";

/// A person's wrapped key.
pub const PERSON_KEY: &str = "SELECT generation, wrapped FROM ledger.person_key WHERE person = $1";

/// Stores a new key unless there is one; returns the one that counts.
pub const MINT_PERSON_KEY: &str = "SELECT generation, wrapped FROM ledger.mint_person_key($1, $2, $3)";

/// Removes keys that nobody came to use.
pub const SWEEP_PERSON_KEYS: &str = "SELECT ledger.sweep_person_keys()";

/// Destroys the keys of receipts that were settled before a moment; how many events were looked through.
pub const FORGET_RECEIPTS: &str = "SELECT ledger.forget_receipts($1)";

/// Destroys a person's key and frees their phone; says whether there was a key.
pub const DESTROY_PERSON: &str = "SELECT ledger.destroy_person($1)";

/// The same of many; how many keys there were.
pub const DESTROY_PERSONS: &str = "SELECT count(*) FILTER (WHERE d.found) \
     FROM (SELECT ledger.destroy_person(u.person) AS found FROM unnest($1::uuid[]) AS u (person) OFFSET 0) d";

/// Which of these customers an event has erased.
pub const ERASED_IN_LEDGER: &str = "SELECT DISTINCT u.person FROM unnest($1::uuid[]) AS u (person), \
     LATERAL (SELECT v.position FROM ledger.stream_version v WHERE v.stream = u.person \
              ORDER BY v.version DESC LIMIT 50) v, \
     LATERAL (SELECT i.type FROM ledger.event i WHERE i.position = v.position OFFSET 0) e \
     WHERE e.type = 'CustomerErased'";

/// The generation of master keys that counts.
pub const PRESENT_GENERATION: &str = "SELECT max(generation) FROM ledger.key_generation";

/// Nobody makes a key, and nobody appends, until the keys are renewed.
pub const BEGIN_RENEWAL: &str = "LOCK TABLE ledger.person_key, inbox.letter IN SHARE ROW EXCLUSIVE MODE; SELECT 1 FROM ledger.ledger_head FOR UPDATE";

/// Every person's key.
pub const ALL_PERSON_KEYS: &str = "SELECT person, generation, wrapped FROM ledger.person_key";

/// Wraps keys anew.
pub const REWRAP: &str = "UPDATE ledger.person_key k SET wrapped = u.wrapped, generation = $3 \
     FROM unnest($1::uuid[], $2::bytea[]) AS u (person, wrapped) WHERE k.person = u.person";

/// Every key of a letter whose body is still there.
pub const ALL_LETTER_KEYS: &str =
    "SELECT key_id, key_generation, key_wrapped FROM inbox.letter WHERE key_wrapped IS NOT NULL";

/// Wraps keys of letters anew.
pub const REWRAP_LETTERS: &str = "UPDATE inbox.letter l SET key_wrapped = u.wrapped, key_generation = $3 \
     FROM unnest($1::uuid[], $2::bytea[]) AS u (key_id, wrapped) WHERE l.key_id = u.key_id";

/// Every claimed number with its holder's key and first event.
pub const PHONE_CLAIMS: &str = "SELECT c.value, c.entity, k.generation, k.wrapped, e.payload \
     FROM ledger.claim c JOIN ledger.person_key k ON k.person = c.entity \
         JOIN ledger.stream_version v ON v.stream = c.entity AND v.version = 1 \
         JOIN ledger.event e ON e.position = v.position \
     WHERE c.kind = 'phone' ORDER BY c.position";

/// Gives numbers another index.
pub const REINDEX: &str = "UPDATE ledger.claim c SET value = u.new FROM unnest($1::text[], $2::text[]) AS u (old, new) \
     WHERE c.kind = 'phone' AND c.value = u.old";

/// The next generation counts.
pub const NEXT_GENERATION: &str = "INSERT INTO ledger.key_generation (generation) VALUES ($1)";

/// Codes on their way are sealed under the old generation: whoever waits for one asks for another.
pub const FORGET_CODES: &[&str] = &[
    "UPDATE access.message SET state = 'expired', to_sealed = NULL, text_sealed = NULL, wrapped_key = NULL, \
         settled_at = clock_timestamp() WHERE state = 'waiting'",
    "DELETE FROM access.code",
];

/// Keeps letters; how many had not come before.
pub const RECEIVE_LETTERS: &str = "SELECT inbox.receive($1, $2, $3, $4, $5, $6, $7)";

/// Letters that wait to be judged, after one.
pub const WAITING_LETTERS: &str = "SELECT id, kind, received_at, times, key_id, key_generation, key_wrapped, body \
     FROM inbox.letter WHERE state = 'new' AND id > $1 ORDER BY id LIMIT $2";

/// What became of a letter, once.
pub const MARK_LETTER: &str = "UPDATE inbox.letter SET state = $2, verdict = $3, judged_at = clock_timestamp() \
     WHERE id = $1 AND state = 'new'";

/// Drops bodies that were judged before a moment.
pub const FORGET_LETTERS: &str = "SELECT inbox.forget($1)";

/// A named checkpoint.
pub const CHECKPOINT: &str =
    "SELECT ledger_id, epoch, position, event_id FROM ledger.checkpoint WHERE name = $1";

/// Stores a named checkpoint.
pub const SAVE_CHECKPOINT: &str = "INSERT INTO ledger.checkpoint (name, ledger_id, epoch, position, event_id) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT ON CONSTRAINT checkpoint_pk DO UPDATE SET \
     ledger_id = excluded.ledger_id, epoch = excluded.epoch, position = excluded.position, \
     event_id = excluded.event_id";

/// What this login may do to what is append-only: superuser, owner's member, and any right to change a row.
pub const GUARD: &str = "SELECT current_user::text, \
     (SELECT rolsuper FROM pg_roles WHERE rolname = current_user), \
     pg_has_role(current_user, 'chajipoa_owner', 'MEMBER'), \
     (SELECT string_agg(DISTINCT format('%s on %s.%s', p.privilege, n.nspname, c.relname), ', ') \
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, \
           unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) AS p (privilege) \
      WHERE n.nspname = 'ledger' AND c.relkind IN ('r', 'p') \
        AND c.relname ~ '^(event|stream_version|command|tile|signed_checkpoint)(_[0-9]+)?$' \
        AND (has_table_privilege(c.oid, p.privilege) \
             OR p.privilege = 'UPDATE' AND has_any_column_privilege(c.oid, 'UPDATE')))";

/// Notes what a provider said when it called us, once.
pub const NOTE_CALLBACK: &str = "INSERT INTO finance.callback (heard_by, heard_key, kind, provider, provider_reference, \
         external_reference, amount, status, verdict, heard_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT ON CONSTRAINT callback_pk DO NOTHING";

/// The last signed checkpoint of an epoch.
pub const LAST_SIGNED: &str = "SELECT epoch, size, root, note, signed_at FROM ledger.signed_checkpoint \
     WHERE epoch = $1 ORDER BY size DESC LIMIT 1";

/// The last signed checkpoint of at most so many events.
pub const LAST_SIGNED_UP_TO: &str = "SELECT epoch, size, root, note, signed_at FROM ledger.signed_checkpoint \
     WHERE size <= $1 ORDER BY epoch DESC, size DESC LIMIT 1";

/// The first signed checkpoint of an epoch from a size on.
pub const FIRST_SIGNED_FROM: &str = "SELECT epoch, size, root, note, signed_at FROM ledger.signed_checkpoint \
     WHERE epoch = $1 AND size >= $2 ORDER BY size LIMIT 1";

/// Tiles of the tree.
pub const TILES: &str = "SELECT t.level, t.index, t.hashes \
     FROM unnest($2::smallint[], $3::bigint[]) AS u (level, index), \
     LATERAL (SELECT * FROM ledger.tile i WHERE i.epoch = $1 AND i.level = u.level AND i.index = u.index OFFSET 0) t";

/// How many tiles of each level there are, and one more than the highest index.
pub const COUNT_TILES: &str =
    "SELECT level, count(*), max(index) + 1 FROM ledger.tile WHERE epoch = $1 GROUP BY level ORDER BY level";

/// Adds tiles.
pub const SAVE_TILES: &str = "INSERT INTO ledger.tile (epoch, level, index, hashes) \
     SELECT $1, u.level, u.index, u.hashes FROM unnest($2::smallint[], $3::bigint[], $4::bytea[]) AS u (level, index, hashes)";

/// Stores a signed checkpoint.
pub const SAVE_SIGNED: &str =
    "INSERT INTO ledger.signed_checkpoint (epoch, size, root, note) VALUES ($1, $2, $3, $4)";

/// The logins of this database that are connected: `login (program)`.
pub const CONNECTED_SERVICES: &str = "SELECT coalesce(string_agg(DISTINCT format('%s (%s)', usename, application_name), ', '), '') \
     FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
     AND usename IN ('chajipoa_command', 'chajipoa_relay', 'chajipoa_projector', 'chajipoa_query', 'chajipoa_reactor')";

/// The epoch begins.
pub const BEGIN_EPOCH: &str = "UPDATE ledger.ledger_head SET epoch = $1 WHERE epoch < $1";

/// The relay begins again, on an empty topic.
pub const FORGET_CHECKPOINTS: &str = "DELETE FROM ledger.checkpoint WHERE epoch < $1";

/// Read models whose place is in this ledger go on from it.
pub const CARRY_PROJECTIONS: &str = "UPDATE ledger.projection p SET epoch = $1 WHERE p.ledger_id = $2 AND p.epoch < $1 \
     AND (p.position = 0 OR EXISTS (SELECT 1 FROM ledger.event e WHERE e.position = p.position AND e.id = p.event_id))";

/// So does the reactor.
pub const CARRY_REACTOR: &str = "UPDATE reactor.progress p SET epoch = $1 WHERE p.ledger_id = $2 AND p.epoch < $1 \
     AND (p.position = 0 OR EXISTS (SELECT 1 FROM ledger.event e WHERE e.position = p.position AND e.id = p.event_id))";

/// Read models that must be built anew.
pub const LEFT_BEHIND: &str = "SELECT coalesce(string_agg(name, ', ' ORDER BY name), '') FROM ledger.projection WHERE live AND epoch < $1";

/// Every statement that a service prepares, with its name.
pub const ALL: &[(&str, &str)] = &[
    ("APPEND", APPEND),
    ("LOCK_HEAD", LOCK_HEAD),
    ("LAST_POSITION", LAST_POSITION),
    ("IDENTITY", IDENTITY),
    ("EVENT_ID_AT", EVENT_ID_AT),
    ("READ_AFTER", READ_AFTER),
    ("READ_ESSENCE", READ_ESSENCE),
    ("READ_STREAMS", READ_STREAMS),
    ("LOAD", LOAD),
    ("CLAIMS", CLAIMS),
    ("COMMAND", COMMAND),
    ("SAVE_SNAPSHOTS", SAVE_SNAPSHOTS),
    ("ENSURE_PARTITIONS", ENSURE_PARTITIONS),
    ("PERSON_KEY", PERSON_KEY),
    ("MINT_PERSON_KEY", MINT_PERSON_KEY),
    ("SWEEP_PERSON_KEYS", SWEEP_PERSON_KEYS),
    ("FORGET_RECEIPTS", FORGET_RECEIPTS),
    ("DESTROY_PERSON", DESTROY_PERSON),
    ("DESTROY_PERSONS", DESTROY_PERSONS),
    ("ERASED_IN_LEDGER", ERASED_IN_LEDGER),
    ("RECEIVE_LETTERS", RECEIVE_LETTERS),
    ("WAITING_LETTERS", WAITING_LETTERS),
    ("MARK_LETTER", MARK_LETTER),
    ("FORGET_LETTERS", FORGET_LETTERS),
    ("CHECKPOINT", CHECKPOINT),
    ("SAVE_CHECKPOINT", SAVE_CHECKPOINT),
    ("NOTE_CALLBACK", NOTE_CALLBACK),
    ("LAST_SIGNED", LAST_SIGNED),
    ("LAST_SIGNED_UP_TO", LAST_SIGNED_UP_TO),
    ("FIRST_SIGNED_FROM", FIRST_SIGNED_FROM),
    ("TILES", TILES),
    ("COUNT_TILES", COUNT_TILES),
    ("SAVE_TILES", SAVE_TILES),
    ("SAVE_SIGNED", SAVE_SIGNED),
    ("CONNECTED_SERVICES", CONNECTED_SERVICES),
    ("BEGIN_EPOCH", BEGIN_EPOCH),
    ("FORGET_CHECKPOINTS", FORGET_CHECKPOINTS),
    ("CARRY_PROJECTIONS", CARRY_PROJECTIONS),
    ("CARRY_REACTOR", CARRY_REACTOR),
    ("LEFT_BEHIND", LEFT_BEHIND),
    ("GUARD", GUARD),
];
