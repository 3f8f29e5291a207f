//! The second person's word.

use serde::Serialize;
use uuid::Uuid;

use super::{Approval, Verdict};
use crate::{
    Actor, Rejection, View,
    command::{ApproveAction, ApproveRefund, RejectAction, RejectRefund},
    decide::{Decision, Order, Stop, fact},
    event::{self, Action},
    ids::{ApprovalId, CustomerId, ReceiptId, RefundId},
    receipt, refund, timing,
};

#[derive(Serialize)]
struct Answer {
    approval_id: ApprovalId,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt_id: Option<ReceiptId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<CustomerId>,
}

impl Answer {
    fn of(approval: &Approval, status: &'static str) -> Answer {
        let Action::AssignReceipt { receipt_id, customer_id, .. } = approval.action;
        Answer {
            approval_id: approval.id,
            status,
            receipt_id: Some(receipt_id),
            customer_id: Some(customer_id),
        }
    }
}

/// Somebody else than who asked, and not the customer it is about. An admin is no exception.
///
/// # Errors
/// `second_person_required`.
pub(crate) fn second_person(
    actor: Actor,
    requested_by: Uuid,
    customer: Option<CustomerId>,
) -> Result<(), Rejection> {
    let own = actor.subject == requested_by || customer.is_some_and(|customer| customer.0 == actor.subject);
    if own { Err(Rejection::SecondPersonRequired) } else { Ok(()) }
}

fn known<'a>(id: ApprovalId, view: &View<'a>) -> Result<&'a Approval, Stop> {
    view.approval(id)?.here().ok_or_else(|| Rejection::ApprovalUnknown { approval_id: id.0 }.into())
}

fn decided(approval: &Approval) -> Rejection {
    Rejection::ApprovalDecided { approval_id: approval.id.0, approval_status: approval.verdict.as_str() }
}

fn customer_of(action: &Action) -> CustomerId {
    let Action::AssignReceipt { customer_id, .. } = action;
    *customer_id
}

/// ApproveAction, in order: a refund of a receipt: as ApproveRefund · approval unknown · approved already: already done
/// · refused before · asked for by the same person · then what the action itself refuses on the present state.
///
/// # Errors
/// The first of these refusals.
pub fn approve(command: &ApproveAction, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let refund_id = RefundId(command.approval_id.0);
    if view.refund(refund_id)?.here().is_some() {
        return refund::approve(&ApproveRefund { refund_id, reason: command.reason.clone() }, order, view);
    }
    let approval = known(command.approval_id, view)?;
    let answer = Answer::of(approval, "approved");
    match approval.verdict {
        Verdict::Approved => return Ok(Decision::already_done(&answer)),
        Verdict::Rejected => return Err(decided(approval).into()),
        Verdict::Requested => {}
    }
    second_person(order.actor, approval.requested_by, Some(customer_of(&approval.action)))?;
    let Action::AssignReceipt { receipt_id, customer_id, .. } = approval.action;
    let assigned = receipt::assigned((receipt_id, customer_id), approval.id, order, view)?;
    Ok(Decision::recorded(vec![assigned], &answer))
}

/// RejectAction, in order: a refund of a receipt: as RejectRefund, by a second person too · approval unknown · refused
/// already: already done · approved before · asked for by the same person · the sender's time.
///
/// # Errors
/// The first of these refusals.
pub fn reject(command: &RejectAction, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let refund_id = RefundId(command.approval_id.0);
    if let Some(refund) = view.refund(refund_id)?.here() {
        second_person(order.actor, refund.requested_by, refund.customer_id)?;
        return refund::reject(&RejectRefund { refund_id, reason: command.reason.clone() }, order, view);
    }
    let approval = known(command.approval_id, view)?;
    let answer = Answer::of(approval, "rejected");
    match approval.verdict {
        Verdict::Rejected => return Ok(Decision::already_done(&answer)),
        Verdict::Approved => return Err(decided(approval).into()),
        Verdict::Requested => {}
    }
    second_person(order.actor, approval.requested_by, Some(customer_of(&approval.action)))?;
    let occurred_at = timing::occurred(order)?;
    let rejected = event::ActionRejected {
        approval_id: approval.id,
        rejected_by: order.actor.subject,
        reason: command.reason.clone(),
    };
    Ok(Decision::recorded(vec![fact(rejected, occurred_at)], &answer))
}
