//! Statements on notices and the reports of them.

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
