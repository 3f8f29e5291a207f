//! Every statement of the reactor, in one place.

pub(crate) mod money;
pub(crate) mod notices;

/// Plans cached while a table is empty must be good when it is full.
pub(crate) const SESSION: &str = "SET jit = off; SET enable_seqscan = off";

/// Takes the lock of this number if nobody has it; it goes with the connection.
pub(crate) const TRY_LOCK: &str = "SELECT pg_try_advisory_lock($1)";

/// Lets the server notice within about ten seconds that we are gone, so that another reactor can take over.
pub(crate) const NOTICE_DEATH: &str = "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3; \
     SET tcp_user_timeout = 10000";

/// Stands before the first event, unless a reactor has been here.
pub(crate) const BEGIN: &str = "INSERT INTO reactor.progress (ledger_id, epoch, position, event_id) VALUES ($1, $2, 0, NULL) \
     ON CONFLICT ON CONSTRAINT progress_pk DO NOTHING";

/// How far the reactor came.
pub(crate) const PROGRESS: &str = "SELECT ledger_id, epoch, position, event_id FROM reactor.progress";

/// The fence: moves the position from where it must stand. One row, or roll back.
pub(crate) const MOVE: &str = "UPDATE reactor.progress SET position = $4, event_id = $5 \
     WHERE ledger_id = $1 AND epoch = $2 AND position = $3";

/// Sets deadlines, in place of earlier ones of their kind and thing.
pub(crate) const SET: &str = "INSERT INTO reactor.deadline (kind, entity, due_at, margin_minutes, attempts, next_try_at) \
     SELECT u.kind, u.entity, u.due_at, u.margin, 0, u.due_at \
     FROM unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::bigint[]) AS u (kind, entity, due_at, margin) \
     ON CONFLICT ON CONSTRAINT deadline_pk DO UPDATE SET due_at = excluded.due_at, \
     margin_minutes = excluded.margin_minutes, attempts = 0, next_try_at = excluded.next_try_at";

/// Moves deadlines that wait along with the due time of their rental.
pub(crate) const SHIFT: &str = "UPDATE reactor.deadline d SET due_at = u.base + d.margin_minutes * interval '1 minute', \
     next_try_at = u.base + d.margin_minutes * interval '1 minute', attempts = 0 \
     FROM unnest($1::text[], $2::uuid[], $3::timestamptz[]) AS u (kind, entity, base) \
     WHERE d.kind = u.kind AND d.entity = u.entity";

/// Removes deadlines that events have settled.
pub(crate) const CLEAR: &str = "DELETE FROM reactor.deadline d USING unnest($1::text[], $2::uuid[]) AS u (kind, entity) \
     WHERE d.kind = u.kind AND d.entity = u.entity";

/// Ends the sessions that somebody had when they were suspended or erased.
pub(crate) const END_SESSIONS: &str = "UPDATE access.session s \
     SET ended_at = clock_timestamp(), ended_because = u.because, noted_at = clock_timestamp() \
     FROM unnest($1::uuid[], $2::timestamptz[], $3::text[]) AS u (subject, until, because) \
     WHERE s.subject = u.subject AND s.started_at <= u.until AND s.ended_at IS NULL";

/// Deadlines whose time has come, the longest waiting first; none of a thing of which one came before a moment. The
/// kinds are all kinds: with them the key finds the others of a thing.
pub(crate) const DUE: &str = "SELECT d.kind, d.entity, d.due_at, d.attempts FROM reactor.deadline d \
     WHERE d.next_try_at <= $1 AND NOT EXISTS (SELECT 1 FROM reactor.deadline o \
         WHERE o.kind = ANY ($4::text[]) AND o.entity = d.entity AND o.due_at < $2) \
     ORDER BY d.next_try_at LIMIT $3";

/// Removes a deadline whose command has its answer, unless it was moved meanwhile.
pub(crate) const ANSWERED: &str =
    "DELETE FROM reactor.deadline WHERE kind = $1 AND entity = $2 AND due_at = $3";

/// Puts a deadline off, unless it was moved meanwhile.
pub(crate) const PUT_OFF: &str = "UPDATE reactor.deadline SET attempts = attempts + 1, next_try_at = $4 \
     WHERE kind = $1 AND entity = $2 AND due_at = $3";

/// How many deadlines wait, and the earliest that has come without a final answer.
pub(crate) const WAITING: &str =
    "SELECT count(*), min(due_at) FILTER (WHERE due_at <= $1) FROM reactor.deadline";

/// What was on its way when a sender ended: nobody knows, and nobody sends it again.
pub(crate) const MESSAGES_LOST: &str = "UPDATE access.message SET state = 'unknown', to_sealed = NULL, text_sealed = NULL, wrapped_key = NULL, settled_at = $1 \
     WHERE state = 'claimed'";

/// Messages that came too late to be sent.
pub(crate) const MESSAGES_EXPIRED: &str = "UPDATE access.message SET state = 'expired', to_sealed = NULL, text_sealed = NULL, wrapped_key = NULL, settled_at = $1 \
     WHERE state = 'waiting' AND expires_at <= $1";

/// Claims messages, the oldest first, before they are sent.
pub(crate) const MESSAGES_CLAIMED: &str = "UPDATE access.message m SET state = 'claimed' \
     WHERE m.message_id IN (SELECT w.message_id FROM access.message w \
         WHERE w.state = 'waiting' AND w.expires_at > $1 ORDER BY w.created_at LIMIT $2 FOR UPDATE SKIP LOCKED) \
         AND m.state = 'waiting' \
     RETURNING m.message_id, m.request_id, m.wrapped_generation, m.wrapped_key, m.to_sealed, m.text_sealed";

/// Says what became of a claimed message, and takes its text away.
pub(crate) const MESSAGE_SETTLED: &str = "UPDATE access.message SET state = $2, provider_id = $3, settled_at = $4, to_sealed = NULL, text_sealed = NULL, wrapped_key = NULL \
     WHERE message_id = $1 AND state = 'claimed'";

/// Who can be reached.
pub(crate) const CUSTOMERS_KNOWN: &str = "INSERT INTO reactor.customer (customer_id, phone, language) \
     SELECT u.customer, u.phone, u.language FROM unnest($1::uuid[], $2::text[], $3::text[]) AS u (customer, phone, language) \
     ON CONFLICT ON CONSTRAINT customer_pk DO UPDATE SET phone = excluded.phone, language = excluded.language";

/// How customers are spoken to from now on.
pub(crate) const CUSTOMERS_SPEAK: &str = "UPDATE reactor.customer c SET language = u.language \
     FROM unnest($1::uuid[], $2::text[]) AS u (customer, language) WHERE c.customer_id = u.customer";

/// Forgets customers who were erased.
pub(crate) const CUSTOMERS_GONE: &str = "DELETE FROM reactor.customer WHERE customer_id = ANY ($1::uuid[])";
