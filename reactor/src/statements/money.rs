//! The statements about money.

/// Payments that were asked for; one that is known stays as it is.
pub(crate) const PAYMENTS_OPENED: &str = "INSERT INTO reactor.payment \
     (payment_id, customer_id, provider, amount, phone, external_id, occurred_at, recorded_at, stage) \
     SELECT u.payment, u.customer, u.provider, u.amount, u.phone, u.external_id, u.occurred_at, u.recorded_at, 'initiated' \
     FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::timestamptz[], \
         $8::timestamptz[]) AS u (payment, customer, provider, amount, phone, external_id, occurred_at, recorded_at) \
     ON CONFLICT ON CONSTRAINT payment_pk DO NOTHING";

/// Where payments stand now. A prompt that is not on its way is no more to be sent; one that is, its caller ends.
pub(crate) const PAYMENTS_MOVED: &str = "UPDATE reactor.payment p SET stage = u.stage, \
     transaction_id = coalesce(p.transaction_id, u.transaction_id), \
     prompt = CASE p.prompt WHEN 'due' THEN 'done' ELSE p.prompt END \
     FROM unnest($1::uuid[], $2::text[], $3::text[]) AS u (payment, stage, transaction_id) \
     WHERE p.payment_id = u.payment";

/// Refunds that were asked for.
pub(crate) const REFUNDS_OPENED: &str = "INSERT INTO reactor.refund \
     (refund_id, customer_id, receipt_id, provider, amount, destination, stage) \
     SELECT u.refund, u.customer, u.receipt, u.provider, u.amount, u.destination, 'requested' \
     FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::text[]) \
         AS u (refund, customer, receipt, provider, amount, destination) \
     ON CONFLICT ON CONSTRAINT refund_pk DO NOTHING";

/// Where refunds stand now: a submitted one is to be paid out; with the end the destination goes.
pub(crate) const REFUNDS_MOVED: &str = "UPDATE reactor.refund r SET stage = u.stage, \
     provider = coalesce(u.provider, r.provider), reference = coalesce(u.reference, r.reference), \
     call = CASE WHEN u.stage = 'submitted' AND r.call = 'none' THEN 'due' \
         WHEN u.stage IN ('rejected', 'failed', 'paid') AND r.call <> 'claimed' THEN 'done' ELSE r.call END, \
     next_try_at = CASE WHEN u.stage IN ('approved', 'submitted') AND r.call = 'none' THEN NULL ELSE r.next_try_at END, \
     destination = CASE WHEN u.stage IN ('rejected', 'failed', 'paid') THEN NULL ELSE r.destination END \
     FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS u (refund, stage, provider, reference) \
     WHERE r.refund_id = u.refund";

/// Takes the phones of erased customers away.
pub(crate) const PHONES_FORGOTTEN: &str =
    "UPDATE reactor.payment SET phone = NULL WHERE customer_id = ANY ($1::uuid[]) AND phone IS NOT NULL";

/// Says which reactor this is, for as long as the connection lasts. False if another one has the number.
pub(crate) const TAKE_NUMBER: &str = "SELECT pg_try_advisory_lock(7221202, $1)";

/// Lets go of a number that was taken to see whether its reactor is gone.
pub(crate) const GIVE_NUMBER: &str = "SELECT pg_advisory_unlock(7221202, $1)";

/// The other reactors whose calls are on their way.
pub(crate) const CALLERS: &str = "SELECT claimed_by FROM reactor.payment WHERE claimed_by IS NOT NULL AND claimed_by <> $1 \
     UNION SELECT claimed_by FROM reactor.refund WHERE claimed_by IS NOT NULL AND claimed_by <> $1";

/// The prompts that were on their way when their reactor ended.
pub(crate) const PROMPTS_LOST: &str = "SELECT payment_id FROM reactor.payment WHERE claimed_by = $1";

/// The pay-outs that were on their way when their reactor ended: they are asked for again under the same reference.
pub(crate) const PAY_OUTS_LOST: &str = "UPDATE reactor.refund SET call = 'due', claimed_by = NULL, lost = true, \
     next_try_at = $2 WHERE claimed_by = $1";

/// Claims prompts whose time has come, the oldest first. Times of recording are the database's, so its clock counts.
pub(crate) const PROMPTS_CLAIMED: &str = "WITH due AS ( \
         SELECT w.payment_id FROM reactor.payment w WHERE w.prompt = 'due' AND w.stage = 'initiated' \
             AND w.recorded_at <= clock_timestamp() - $2 * interval '1 millisecond' \
             AND w.recorded_at > clock_timestamp() - interval '10 minutes' \
             AND w.occurred_at > $3 AND (w.next_try_at IS NULL OR w.next_try_at <= $4) \
         ORDER BY w.recorded_at LIMIT $5 FOR UPDATE SKIP LOCKED), \
     claimed AS (UPDATE reactor.payment p SET prompt = 'claimed', claimed_by = $1 FROM due \
         WHERE p.payment_id = due.payment_id \
         RETURNING p.payment_id, p.customer_id, p.provider, p.amount, p.phone, p.external_id, p.attempts) \
     SELECT c.payment_id, c.customer_id, c.provider, c.amount, coalesce(c.phone, k.phone), c.external_id, c.attempts \
     FROM claimed c LEFT JOIN reactor.customer k ON k.customer_id = c.customer_id";

/// Prompts that could not be sent in their time.
pub(crate) const PROMPTS_LATE: &str = "SELECT payment_id FROM reactor.payment WHERE prompt = 'due' AND stage = 'initiated' \
     AND recorded_at <= clock_timestamp() - interval '10 minutes' ORDER BY recorded_at LIMIT $1";

/// A prompt has its outcome, and what is to be reported of it. That may come later than somebody else's word that it is lost.
pub(crate) const PROMPT_DONE: &str = "WITH done AS ( \
         UPDATE reactor.payment SET prompt = 'done', claimed_by = NULL, attempts = 0, \
             transaction_id = coalesce(transaction_id, $6), next_try_at = $7 WHERE payment_id = $2) \
     INSERT INTO reactor.report (command_id, entity, type, occurred_at, data, next_try_at) \
     VALUES ($1, $2, $3, $4, $5, $4) ON CONFLICT ON CONSTRAINT report_pk DO NOTHING";

/// A prompt that was surely not sent is due again, if it is still ours.
pub(crate) const PROMPT_AGAIN: &str = "UPDATE reactor.payment SET prompt = 'due', claimed_by = NULL, \
     attempts = attempts + 1, next_try_at = $3 WHERE payment_id = $1 AND claimed_by = $2";

/// Claims payments to be asked about, by putting the next time off at once.
pub(crate) const INQUIRIES_CLAIMED: &str = "WITH due AS ( \
         SELECT w.payment_id FROM reactor.payment w \
         WHERE w.stage IN ('prompted', 'unknown') AND w.transaction_id IS NOT NULL \
             AND (w.next_try_at IS NULL OR w.next_try_at <= $1) \
         ORDER BY w.next_try_at NULLS FIRST LIMIT $3 FOR UPDATE SKIP LOCKED) \
     UPDATE reactor.payment p SET attempts = attempts + 1, \
         next_try_at = $1 + least(30 * power(2, least(p.attempts, 10)), $2) * interval '1 second' FROM due \
     WHERE p.payment_id = due.payment_id \
     RETURNING p.payment_id, p.provider, p.amount, p.transaction_id";

/// A callback named a transaction that nobody can judge yet: it is asked about soon.
pub(crate) const INQUIRE_SOON: &str = "UPDATE reactor.payment SET transaction_id = coalesce(transaction_id, $2), \
     attempts = 0, next_try_at = $3 WHERE payment_id = $1 AND stage NOT IN ('settled', 'declined', 'expired')";

/// The payments that these references name.
pub(crate) const PAYMENTS_NAMED: &str = "SELECT p.payment_id, p.customer_id, p.provider, p.amount, \
         coalesce(p.phone, k.phone), p.external_id, p.transaction_id \
     FROM reactor.payment p LEFT JOIN reactor.customer k ON k.customer_id = p.customer_id \
     WHERE p.external_id = ANY ($1::text[])";

/// Claims approved refunds that a call can pay, by putting the next time off at once.
pub(crate) const REFUNDS_APPROVED: &str = "WITH due AS ( \
         SELECT w.refund_id FROM reactor.refund w WHERE w.stage = 'approved' AND w.provider = ANY ($2::text[]) \
             AND (w.next_try_at IS NULL OR w.next_try_at <= $1) \
         ORDER BY w.next_try_at NULLS FIRST LIMIT $3 FOR UPDATE SKIP LOCKED) \
     UPDATE reactor.refund r SET attempts = attempts + 1, \
         next_try_at = $1 + least(power(2, least(r.attempts, 6)), 60) * interval '1 second' FROM due \
     WHERE r.refund_id = due.refund_id RETURNING r.refund_id, r.provider";

/// Claims pay-outs, the longest waiting first.
pub(crate) const PAY_OUTS_CLAIMED: &str = "WITH due AS ( \
         SELECT w.refund_id FROM reactor.refund w \
         WHERE w.stage IN ('submitted', 'unknown') AND w.call = 'due' AND w.provider = ANY ($2::text[]) \
             AND (w.next_try_at IS NULL OR w.next_try_at <= $3) \
         ORDER BY w.next_try_at NULLS FIRST LIMIT $4 FOR UPDATE SKIP LOCKED) \
     UPDATE reactor.refund r SET call = 'claimed', claimed_by = $1 FROM due WHERE r.refund_id = due.refund_id \
     RETURNING r.refund_id, r.customer_id, r.receipt_id, r.provider, r.amount, r.destination, r.reference, r.lost, \
         r.attempts";

/// A pay-out has an outcome: what is left to do, when, under which id the provider has it.
pub(crate) const PAY_OUT_ANSWERED: &str = "UPDATE reactor.refund SET \
         call = CASE WHEN stage IN ('rejected', 'failed', 'paid') THEN 'done' ELSE $2 END, claimed_by = NULL, \
         lost = lost OR $3, provider_reference = coalesce(provider_reference, $4), attempts = attempts + 1, \
         next_try_at = $5 \
     WHERE refund_id = $1 AND claimed_by = $6";

/// The same, with what is to be reported of it.
pub(crate) const PAY_OUT_REPORTED: &str = "WITH done AS ( \
         UPDATE reactor.refund SET \
             call = CASE WHEN stage IN ('rejected', 'failed', 'paid') THEN 'done' ELSE $6 END, claimed_by = NULL, \
             lost = lost OR $7, attempts = attempts + 1, next_try_at = $8 \
         WHERE refund_id = $2 AND claimed_by = $9 RETURNING 1) \
     INSERT INTO reactor.report (command_id, entity, type, occurred_at, data, next_try_at) \
     SELECT $1, $2, $3, $4, $5, $4 FROM done ON CONFLICT ON CONSTRAINT report_pk DO NOTHING";

/// Claims pay-outs that were taken in and of which nothing was heard since, by putting the next time off at once.
pub(crate) const PAY_OUTS_SILENT: &str = "WITH due AS ( \
         SELECT w.refund_id FROM reactor.refund w \
         WHERE w.stage IN ('submitted', 'unknown') AND w.call = 'accepted' AND w.next_try_at <= $1 \
         ORDER BY w.next_try_at LIMIT $3 FOR UPDATE SKIP LOCKED) \
     UPDATE reactor.refund r SET attempts = attempts + 1, \
         next_try_at = $1 + least(30 * power(2, least(r.attempts, 10)), $2) * interval '1 second' FROM due \
     WHERE r.refund_id = due.refund_id \
     RETURNING r.refund_id, r.provider, r.reference, r.provider_reference, r.attempts";

/// Nobody is left to ask about a pay-out: a person looks, or a callback comes.
pub(crate) const PAY_OUT_LEFT: &str =
    "UPDATE reactor.refund SET call = 'done', claimed_by = NULL WHERE refund_id = $1";

/// A callback says of a pay-out what nobody can judge: it is asked about soon.
pub(crate) const PAY_OUT_SOON: &str = "UPDATE reactor.refund SET provider_reference = coalesce(provider_reference, $2), \
     next_try_at = $3 WHERE refund_id = $1 AND call = 'accepted'";

/// The refunds that these references name, ours before the provider's.
pub(crate) const REFUNDS_NAMED: &str = "SELECT refund_id, amount, provider, reference, provider_reference FROM ( \
         SELECT 1 AS rank, r.* FROM reactor.refund r WHERE r.reference = ANY ($1::text[]) \
         UNION ALL SELECT 2, r.* FROM reactor.refund r WHERE r.provider_reference = $2) named ORDER BY rank LIMIT 1";

/// Keeps what is to be sent to the ledger.
pub(crate) const REPORT: &str = "INSERT INTO reactor.report (command_id, entity, type, occurred_at, data, next_try_at) \
     VALUES ($1, $2, $3, $4, $5, $4) ON CONFLICT ON CONSTRAINT report_pk DO NOTHING";

/// What is to be sent now. Several reactors may send the same: it has one effect.
pub(crate) const REPORTS_DUE: &str = "SELECT command_id, entity, type, occurred_at, data, attempts FROM reactor.report \
     WHERE next_try_at <= $1 ORDER BY next_try_at LIMIT $2";

/// A report has its final answer.
pub(crate) const REPORTED: &str = "DELETE FROM reactor.report WHERE command_id = $1";

/// A report is sent again later.
pub(crate) const REPORT_AGAIN: &str =
    "UPDATE reactor.report SET attempts = attempts + 1, next_try_at = $2 WHERE command_id = $1";

/// How many payments and refunds nobody knows the outcome of.
pub(crate) const UNKNOWN_OPEN: &str = "SELECT \
     (SELECT count(*) FROM reactor.payment WHERE stage = 'unknown'), \
     (SELECT count(*) FROM reactor.refund WHERE stage = 'unknown')";
