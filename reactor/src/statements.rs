//! Every statement of the reactor, in one place.

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

/// Queues notices of customers who can be reached; what is known of an event already stays as it is.
pub(crate) const NOTICES_QUEUED: &str = "INSERT INTO reactor.notice \
     (position, kind, customer_id, entity, facts, created_at, send_at, expires_at) \
     SELECT u.position, u.kind, u.customer, u.entity, u.facts, u.created, u.send, u.expire \
     FROM unnest($1::bigint[], $2::text[], $3::uuid[], $4::uuid[], $5::jsonb[], $6::timestamptz[], $7::timestamptz[], \
         $8::timestamptz[]) AS u (position, kind, customer, entity, facts, created, send, expire) \
     WHERE EXISTS (SELECT 1 FROM reactor.customer c WHERE c.customer_id = u.customer) \
     ON CONFLICT ON CONSTRAINT notice_pk DO NOTHING";

/// Takes back reminders that have not gone out, of events up to a position.
pub(crate) const REMINDERS_SETTLED: &str = "DELETE FROM reactor.notice \
     WHERE state = 'queued' AND entity = ANY ($1::uuid[]) AND kind = ANY ($2::text[]) AND position <= $3";

/// Forgets all notices of customers who were erased, of events up to a position.
pub(crate) const NOTICES_GONE: &str =
    "DELETE FROM reactor.notice WHERE customer_id = ANY ($1::uuid[]) AND position <= $2";

/// How far the reactor has read, and where the ledger ends.
pub(crate) const READ_SO_FAR: &str =
    "SELECT (SELECT position FROM reactor.progress), (SELECT max(position) FROM ledger.event)";

/// What was on its way when a sender ended: nobody knows, and nobody sends it again.
pub(crate) const NOTICES_LOST: &str =
    "UPDATE reactor.notice SET state = 'unknown', settled_at = $1 WHERE state = 'claimed' RETURNING kind";

/// Notices that are no news any more.
pub(crate) const NOTICES_EXPIRED: &str = "UPDATE reactor.notice n SET state = 'expired', settled_at = $1 \
     FROM (SELECT position, kind FROM reactor.notice \
         WHERE state = 'queued' AND send_at <= $1 AND expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED) AS w \
     WHERE n.position = w.position AND n.kind = w.kind RETURNING n.kind";

/// Notices that are due, locked, the longest waiting first: how their customer is reached, and how many went there today.
pub(crate) const NOTICES_DUE: &str = "SELECT n.position, n.kind, n.customer_id, n.facts, n.expires_at, n.attempts, c.phone, c.language, \
         (SELECT count(*) FROM reactor.notice o WHERE o.customer_id = n.customer_id AND o.went_at >= $3) \
     FROM reactor.notice n LEFT JOIN reactor.customer c ON c.customer_id = n.customer_id \
     WHERE n.state = 'queued' AND n.send_at <= $1 AND n.expires_at > $2 \
     ORDER BY n.send_at LIMIT $4 FOR UPDATE OF n SKIP LOCKED";

/// How many messages went out, or may have, since a moment: notices and codes.
pub(crate) const WENT_TODAY: &str = "SELECT (SELECT count(*) FROM reactor.notice WHERE went_at >= $1) \
     + (SELECT count(*) FROM access.message WHERE created_at >= $1 AND state IN ('claimed', 'sent', 'unknown'))";

/// Claims a notice before it is sent.
pub(crate) const NOTICE_CLAIMED: &str = "UPDATE reactor.notice SET state = 'claimed', went_at = $3 \
     WHERE position = $1 AND kind = $2 AND state = 'queued'";

/// Lets a notice wait.
pub(crate) const NOTICE_PUT_OFF: &str =
    "UPDATE reactor.notice SET send_at = $3 WHERE position = $1 AND kind = $2 AND state = 'queued'";

/// Forgets a notice whose customer is not known any more.
pub(crate) const NOTICE_GONE: &str = "DELETE FROM reactor.notice WHERE position = $1 AND kind = $2";

/// Lets a claimed notice that was surely refused be tried again.
pub(crate) const NOTICE_REFUSED_FOR_NOW: &str = "UPDATE reactor.notice \
     SET state = 'queued', send_at = $3, provider = $4, reason = $5, attempts = attempts + 1, went_at = NULL \
     WHERE position = $1 AND kind = $2 AND state = 'claimed'";

/// Says what became of a claimed notice; what failed did not go out.
pub(crate) const NOTICE_SETTLED: &str = "UPDATE reactor.notice \
     SET state = $3::text, provider = $4, provider_id = $5, reason = $6, settled_at = $7, \
         went_at = CASE WHEN $3::text = 'failed' THEN NULL ELSE went_at END \
     WHERE position = $1 AND kind = $2 AND state = 'claimed'";

/// How many notices wait.
pub(crate) const NOTICES_WAITING: &str = "SELECT count(*) FROM reactor.notice WHERE state = 'queued'";

/// Forgets notices of long ago.
pub(crate) const NOTICES_FORGOTTEN: &str =
    "DELETE FROM reactor.notice WHERE created_at < $1 AND state NOT IN ('queued', 'claimed')";

/// The notice that a provider has under this id.
pub(crate) const NOTICE_OF_PROVIDER: &str =
    "SELECT position, kind, state FROM reactor.notice WHERE provider = $1 AND provider_id = $2";

/// Moves a notice onward, if it still stands where it was.
pub(crate) const NOTICE_REPORTED: &str = "UPDATE reactor.notice SET state = $4, settled_at = $5 \
     WHERE position = $1 AND kind = $2 AND state = $3";

/// Whether a provider has a code's message under this id.
pub(crate) const CODE_OF_PROVIDER: &str =
    "SELECT EXISTS (SELECT 1 FROM access.message WHERE provider_id = $1)";
