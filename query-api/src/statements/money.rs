//! Customers' money: balances, statements, payments, refunds, receipts, and what waits for staff.

/// A customer's balance.
pub(crate) const BALANCE: &str = "SELECT p.position, b.customer_id, b.balance, b.debt \
     FROM read_model.billing_position p LEFT JOIN read_model.balance b ON b.customer_id = $1";

/// A customer's statement between two times, after a position.
pub(crate) const STATEMENT: &str =
    "SELECT p.position, s.position AS at, s.kind, s.amount, s.balance, s.debt, \
         s.subject_kind, s.subject_id, s.occurred_at, s.recorded_at
     FROM read_model.billing_position p LEFT JOIN LATERAL (
        SELECT * FROM read_model.statement
        WHERE customer_id = $1 AND position > $2
          AND ($3::timestamptz IS NULL OR occurred_at >= $3) AND ($4::timestamptz IS NULL OR occurred_at < $4)
        ORDER BY position LIMIT $5) s ON true
     ORDER BY s.position";

/// The fields of a payment, from `y`.
macro_rules! payment {
    () => {
        "y.payment_id, y.customer_id, y.status, y.purpose, y.amount, y.provider, y.initiated_at, y.settled_at"
    };
}

/// One payment.
pub(crate) const PAYMENT: &str = concat!(
    "SELECT p.position, ",
    payment!(),
    ", f.external_id FROM read_model.billing_position p \
     LEFT JOIN read_model.payment y ON y.payment_id = $1 \
     LEFT JOIN read_model.payment_reference f ON f.payment_id = y.payment_id"
);

/// A customer's payments, newest first, after a place in that order.
pub(crate) const PAYMENTS_OF_CUSTOMER: &str = concat!(
    "SELECT p.position, ",
    payment!(),
    ", f.external_id FROM read_model.billing_position p LEFT JOIN LATERAL (
        SELECT * FROM read_model.payment
        WHERE customer_id = $1 AND ($2::timestamptz IS NULL OR (initiated_at, payment_id) < ($2, $3::uuid))
        ORDER BY initiated_at DESC, payment_id DESC LIMIT $4) y ON true
     LEFT JOIN read_model.payment_reference f ON f.payment_id = y.payment_id
     ORDER BY y.initiated_at DESC, y.payment_id DESC"
);

/// The fields of a refund, from `r`.
macro_rules! refund {
    () => {
        concat!(
            "r.refund_id, r.customer_id, r.receipt_id, r.payment_id, r.amount, r.provider, r.status, \
             r.requested_by, r.requested_at, r.approved_by, r.approved_at, r.reference, r.submitted_at, \
             r.provider_reference, r.paid_at, r.cause, r.reason, r.review, r.provider IN ",
            crate::refund::by_hand!(),
            " AS by_hand"
        )
    };
}
pub(super) use refund;

/// One refund.
pub(crate) const REFUND: &str = concat!(
    "SELECT p.position, ",
    refund!(),
    " FROM read_model.billing_position p LEFT JOIN read_model.refund r ON r.refund_id = $1"
);

/// Refunds of a status, or all, newest first, after a place in that order.
macro_rules! refunds {
    ($from:expr) => {
        concat!(
            "SELECT p.position, ",
            refund!(),
            " FROM read_model.billing_position p LEFT JOIN LATERAL (
        SELECT * FROM ",
            $from,
            " k
        WHERE ($1::text IS NULL OR status = $1)
          AND ($2::timestamptz IS NULL OR (requested_at, refund_id) < ($2, $3::uuid))
        ORDER BY requested_at DESC, refund_id DESC LIMIT $4) r ON true
     ORDER BY r.requested_at DESC, r.refund_id DESC"
        )
    };
}
pub(super) use refunds;
/// The same now.
pub(crate) const REFUNDS: &str = refunds!("read_model.refund");

/// Approved refunds that staff pay out, newest first, after a place in that order.
macro_rules! manual_refunds {
    ($from:expr) => {
        concat!(
            "SELECT p.position, ",
            refund!(),
            " FROM read_model.billing_position p LEFT JOIN LATERAL (
        SELECT * FROM ",
            $from,
            " k
        WHERE status = 'approved' AND provider IN ",
            crate::refund::by_hand!(),
            "     AND ($1::timestamptz IS NULL OR (requested_at, refund_id) < ($1, $2::uuid))
        ORDER BY requested_at DESC, refund_id DESC LIMIT $3) r ON true
     ORDER BY r.requested_at DESC, r.refund_id DESC"
        )
    };
}
pub(super) use manual_refunds;
/// The same now.
pub(crate) const MANUAL_REFUNDS: &str = manual_refunds!("read_model.refund");

/// The approved refunds that staff pay out, oldest first.
macro_rules! refunds_to_export {
    ($from:expr) => {
        concat!(
    "SELECT p.position, r.refund_id, r.customer_id, r.receipt_id, r.payment_id, r.amount, r.provider, r.requested_at,
        r.approved_at
     FROM read_model.billing_position p LEFT JOIN LATERAL (
        SELECT * FROM ", $from, " k WHERE status = 'approved' AND provider IN ",
    crate::refund::by_hand!(),
    "   ORDER BY requested_at, refund_id LIMIT $1) r ON true
     ORDER BY r.requested_at, r.refund_id"
        )
    };
}
pub(super) use refunds_to_export;
/// The same now.
pub(crate) const REFUNDS_TO_EXPORT: &str = refunds_to_export!("read_model.refund");

/// Receipts of a status, or all, newest first, after a place in that order.
macro_rules! receipts {
    ($from:expr) => {
        concat!(
            "SELECT p.position, r.receipt_id, r.provider, r.provider_reference, r.amount, r.paid_at, \
        r.payment_id, r.review, r.recorded_at, r.status, r.assigned_to, r.refund_id, r.reason, \
        coalesce(r.customer_id, y.customer_id) AS likely_customer_id
     FROM read_model.billing_position p LEFT JOIN LATERAL (
        SELECT * FROM ",
            $from,
            " k
        WHERE ($1::text IS NULL OR status = $1)
          AND ($2::timestamptz IS NULL OR (recorded_at, receipt_id) < ($2, $3::uuid))
        ORDER BY recorded_at DESC, receipt_id DESC LIMIT $4) r ON true
     LEFT JOIN read_model.payment y ON y.payment_id = r.payment_id
     ORDER BY r.recorded_at DESC, r.receipt_id DESC"
        )
    };
}
pub(super) use receipts;
/// The same now.
pub(crate) const RECEIPTS: &str = receipts!("read_model.receipt");

/// Approvals of a status, or all, newest first, after a place in that order.
macro_rules! approvals {
    ($from:expr) => {
        concat!(
            "SELECT p.position, a.approval_id, a.kind, a.status, a.receipt_id, a.refund_id, \
        a.customer_id, a.rental_id, a.amount, a.direction, a.started_at, a.ended_at, a.projection, \
        a.event_position, a.requested_by, a.requested_at, a.decided_by, a.decided_at
     FROM read_model.billing_position p LEFT JOIN LATERAL (
        SELECT * FROM ",
            $from,
            " k
        WHERE ($1::text IS NULL OR status = $1)
          AND ($2::timestamptz IS NULL OR (requested_at, approval_id) < ($2, $3::uuid))
        ORDER BY requested_at DESC, approval_id DESC LIMIT $4) a ON true
     ORDER BY a.requested_at DESC, a.approval_id DESC"
        )
    };
}
pub(super) use approvals;
/// The same now.
pub(crate) const APPROVALS: &str = approvals!("read_model.approval");

/// Breaks of a status, or all, newest first, after a place in that order.
macro_rules! breaks {
    ($from:expr) => {
        concat!(
    "SELECT p.position, b.break_id, b.status, b.cause, b.provider, b.provider_reference, \
        b.payment_id, b.refund_id, b.receipt_id, b.ledger_amount, b.statement_amount, b.statement_id, b.reason, \
        b.opened_at, b.explanation, b.explained_by, b.explained_at, b.closed_by, b.closed_at, b.close_reason
     FROM read_model.billing_position p LEFT JOIN LATERAL (
        SELECT * FROM ", $from, " k
        WHERE ($1::text IS NULL OR status = $1)
          AND ($2::timestamptz IS NULL OR (opened_at, break_id) < ($2, $3::uuid))
        ORDER BY opened_at DESC, break_id DESC LIMIT $4) b ON true
     ORDER BY b.opened_at DESC, b.break_id DESC"
        )
    };
}
pub(super) use breaks;
/// The same now.
pub(crate) const BREAKS: &str = breaks!("read_model.statement_break");
