//! What waits for a second person: actions by their approval's id, refunds by their own.

use domain::{
    Money,
    event::{Action, ApprovalRequested, ReceiptRefundRequested, RefundRequested},
    ids::{ApprovalId, ReceiptId, RefundId},
};
use uuid::Uuid;

use super::{ApprovalKind, ApprovalRow, ApprovalStatus, Billing};
use crate::{Fact, Impossible};

fn asked(fact: &Fact, (approval_id, kind): (Uuid, ApprovalKind), requested_by: Uuid) -> ApprovalRow {
    ApprovalRow {
        approval_id,
        kind,
        status: ApprovalStatus::Requested,
        receipt_id: None,
        refund_id: None,
        customer_id: None,
        rental_id: None,
        amount: None,
        direction: None,
        started_at: None,
        ended_at: None,
        projection: None,
        event_position: None,
        requested_by,
        requested_at: fact.occurred_at,
        decided_by: None,
        decided_at: None,
        position: fact.position.get(),
    }
}

/// The receipt that an action is about.
pub(super) const fn receipt_of(action: &Action) -> Option<ReceiptId> {
    match action {
        Action::AssignReceipt { receipt_id, .. } => Some(*receipt_id),
        Action::AdjustBalance { .. }
        | Action::WriteOffDebt { .. }
        | Action::CorrectRental { .. }
        | Action::SkipProjectionEvent { .. } => None,
    }
}

pub(super) fn request(rows: &mut Billing, fact: &Fact, event: &ApprovalRequested) -> Result<(), Impossible> {
    let asked = |kind| asked(fact, (event.approval_id.0, kind), event.requested_by);
    let row = match &event.action {
        Action::AssignReceipt { receipt_id, customer_id, .. } => ApprovalRow {
            receipt_id: Some(receipt_id.0),
            customer_id: Some(customer_id.0),
            amount: rows.receipt.get((receipt_id.0,))?.map(|receipt| receipt.amount),
            ..asked(ApprovalKind::AssignReceipt)
        },
        Action::AdjustBalance { customer_id, direction, amount, .. } => ApprovalRow {
            customer_id: Some(customer_id.0),
            direction: Some(direction.as_str().to_owned()),
            amount: Some(amount.shillings()),
            ..asked(ApprovalKind::AdjustBalance)
        },
        Action::WriteOffDebt { customer_id, amount, .. } => ApprovalRow {
            customer_id: Some(customer_id.0),
            amount: Some(amount.shillings()),
            ..asked(ApprovalKind::WriteOffDebt)
        },
        Action::CorrectRental { rental_id, customer_id, started_at, ended_at, total, .. } => ApprovalRow {
            customer_id: Some(customer_id.0),
            rental_id: Some(rental_id.0),
            amount: total.map(Money::shillings),
            started_at: *started_at,
            ended_at: *ended_at,
            ..asked(ApprovalKind::CorrectRental)
        },
        Action::SkipProjectionEvent { projection, position, .. } => ApprovalRow {
            projection: Some(projection.as_str().to_owned()),
            event_position: Some(*position),
            ..asked(ApprovalKind::SkipProjectionEvent)
        },
    };
    rows.approval.insert(row)
}

/// Two people agreed, where it took two.
pub(super) fn agree(
    rows: &mut Billing,
    fact: &Fact,
    (approval, by): (Option<ApprovalId>, Option<Uuid>),
) -> Result<(), Impossible> {
    let Some(approval) = approval else { return Ok(()) };
    decide(rows, fact, approval.0, (ApprovalStatus::Approved, by))
}

fn of_refund(
    fact: &Fact,
    (refund, kind): (RefundId, ApprovalKind),
    amount: Money,
    requested_by: Uuid,
) -> ApprovalRow {
    ApprovalRow {
        refund_id: Some(refund.0),
        amount: Some(amount.shillings()),
        ..asked(fact, (refund.0, kind), requested_by)
    }
}

pub(super) fn request_refund(
    rows: &mut Billing,
    fact: &Fact,
    event: &RefundRequested,
) -> Result<(), Impossible> {
    let row = of_refund(fact, (event.refund_id, ApprovalKind::Refund), event.amount, event.requested_by);
    rows.approval.insert(ApprovalRow { customer_id: Some(event.customer_id.0), ..row })
}

pub(super) fn request_receipt_refund(
    rows: &mut Billing,
    fact: &Fact,
    event: &ReceiptRefundRequested,
) -> Result<(), Impossible> {
    let kind = ApprovalKind::RefundReceipt;
    let row = of_refund(fact, (event.refund_id, kind), event.amount, event.requested_by);
    rows.approval.insert(ApprovalRow { receipt_id: Some(event.receipt_id.0), ..row })
}

/// Somebody decided; what was decided before stays so.
pub(super) fn decide(
    rows: &mut Billing,
    fact: &Fact,
    approval: Uuid,
    (status, by): (ApprovalStatus, Option<Uuid>),
) -> Result<(), Impossible> {
    let row = rows.approval.change((approval,))?;
    row.position = fact.position.get();
    if row.status == ApprovalStatus::Requested {
        row.status = status;
        row.decided_by = by;
        row.decided_at = Some(fact.occurred_at);
    }
    Ok(())
}
