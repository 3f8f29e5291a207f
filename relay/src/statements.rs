//! The relay's own statements. What reads the ledger is the ledger's.

/// The name of the relay's row among the checkpoints.
pub const CHECKPOINT_NAME: &str = "relay";

/// Takes the relay's lock if nobody has it.
pub(crate) const TRY_LOCK: &str = "SELECT pg_try_advisory_lock($1)";

/// Lets the server notice within about ten seconds that we are gone, so that another relay can take over.
pub(crate) const NOTICE_DEATH: &str = "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3; \
     SET tcp_user_timeout = 10000";

/// Moves the checkpoint to a position, with the id of the event there.
pub(crate) const SAVE_CHECKPOINT: &str = "INSERT INTO ledger.checkpoint (name, ledger_id, epoch, position, event_id) \
     VALUES ($1, $2, $3, $4, (SELECT e.id FROM ledger.event e WHERE e.position = $4)) \
     ON CONFLICT ON CONSTRAINT checkpoint_pk DO UPDATE SET ledger_id = excluded.ledger_id, \
     epoch = excluded.epoch, position = excluded.position, event_id = excluded.event_id";
