//! The second person's word.

use serde::Serialize;
use uuid::Uuid;

use super::{Approval, Verdict};
use crate::{
    Actor, Money, Rejection, View,
    adjustment::{self, Adjustment},
    command::{ApproveAction, ApproveRefund, RejectAction, RejectRefund},
    decide::{Decision, Fact, Order, Stop, fact},
    event::{self, Action, Projection},
    ids::{ApprovalId, CustomerId, ReceiptId, RefundId, RentalId},
    projection,
    purse::Purse,
    rating::Charge,
    receipt, refund,
    rental::{self, AskedCorrection},
    timing,
};

#[derive(Default, Serialize)]
struct Answer {
    approval_id: Option<ApprovalId>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt_id: Option<ReceiptId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<CustomerId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rental_id: Option<RentalId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    projection: Option<Projection>,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    balance: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    debt: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    charge: Option<Charge>,
}

impl Answer {
    fn of((id, action): (ApprovalId, &Action), status: &'static str) -> Answer {
        let about = Answer { approval_id: Some(id), status, ..Answer::default() };
        match action {
            Action::AssignReceipt { receipt_id, customer_id, .. } => {
                Answer { receipt_id: Some(*receipt_id), customer_id: Some(*customer_id), ..about }
            }
            Action::AdjustBalance { customer_id, .. } | Action::WriteOffDebt { customer_id, .. } => {
                Answer { customer_id: Some(*customer_id), ..about }
            }
            Action::CorrectRental { rental_id, customer_id, .. } => {
                Answer { rental_id: Some(*rental_id), customer_id: Some(*customer_id), ..about }
            }
            Action::SkipProjectionEvent { projection, position, .. } => {
                Answer { projection: Some(*projection), position: Some(*position), ..about }
            }
        }
    }

    fn with(self, Performed { purse, charge, .. }: Performed) -> Answer {
        let (balance, debt) = (purse.map(|purse| purse.balance), purse.map(|purse| purse.debt));
        Answer { balance, debt, charge, ..self }
    }
}

/// That two people agreed to something.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Agreement {
    /// The approval.
    pub(crate) approval_id: ApprovalId,
    /// Who asked.
    pub(crate) requested_by: Uuid,
    /// Who agreed.
    pub(crate) approved_by: Uuid,
}

/// Writes down that somebody asks for an action; the id of the approval is new.
///
/// # Errors
/// The sender's time.
pub(crate) fn request(action: Action, order: &Order) -> Result<Decision, Stop> {
    let occurred_at = timing::occurred(order)?;
    let approval_id = ApprovalId(order.seeds.minted);
    let answer = Answer::of((approval_id, &action), "requested");
    let requested = event::ApprovalRequested { approval_id, action, requested_by: order.actor.subject };
    Ok(Decision::recorded(vec![fact(requested, occurred_at)], &answer))
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

/// The customer whom an action is about.
const fn customer_of(action: &Action) -> Option<CustomerId> {
    match action {
        Action::AssignReceipt { customer_id, .. }
        | Action::AdjustBalance { customer_id, .. }
        | Action::WriteOffDebt { customer_id, .. }
        | Action::CorrectRental { customer_id, .. } => Some(*customer_id),
        Action::SkipProjectionEvent { .. } => None,
    }
}

/// What an action came to: the fact, the customer's purse after it and the rental's new charge, where it is about one.
struct Performed {
    fact: Fact,
    purse: Option<Purse>,
    charge: Option<Charge>,
}

impl From<Fact> for Performed {
    fn from(fact: Fact) -> Performed {
        Performed { fact, purse: None, charge: None }
    }
}

/// What the action comes to on the present state.
///
/// # Errors
/// What the action itself refuses.
fn perform(action: &Action, agreement: Agreement, order: &Order, view: &View<'_>) -> Result<Performed, Stop> {
    match action {
        Action::AssignReceipt { receipt_id, customer_id, .. } => {
            let assigned =
                receipt::assigned((*receipt_id, *customer_id), agreement.approval_id, order, view)?;
            Ok(assigned.into())
        }
        Action::AdjustBalance { customer_id, direction, amount, reason } => {
            let asked =
                Adjustment { customer_id: *customer_id, direction: *direction, amount: *amount, reason };
            let (fact, purse) = adjustment::adjusted(&asked, agreement, order, view)?;
            Ok(Performed { fact, purse: Some(purse), charge: None })
        }
        Action::WriteOffDebt { customer_id, amount, reason } => {
            let asked = (*customer_id, *amount, reason);
            let (fact, purse) = adjustment::written_off(asked, agreement, order, view)?;
            Ok(Performed { fact, purse: Some(purse), charge: None })
        }
        Action::CorrectRental { rental_id, started_at, ended_at, total, reason, .. } => {
            let asked = AskedCorrection {
                rental_id: *rental_id,
                started_at: *started_at,
                ended_at: *ended_at,
                total: *total,
            };
            let (fact, purse, charge) = rental::corrected((asked, reason), agreement, order, view)?;
            Ok(Performed { fact, purse: Some(purse), charge: Some(charge) })
        }
        Action::SkipProjectionEvent { projection: of, position, reason } => {
            Ok(projection::skipped((*of, *position, reason), agreement, order, view)?.into())
        }
    }
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
    let answer = Answer::of((approval.id, &approval.action), "approved");
    match approval.verdict {
        Verdict::Approved => return Ok(Decision::already_done(&answer)),
        Verdict::Rejected => return Err(decided(approval).into()),
        Verdict::Requested => {}
    }
    second_person(order.actor, approval.requested_by, customer_of(&approval.action))?;
    let agreement = Agreement {
        approval_id: approval.id,
        requested_by: approval.requested_by,
        approved_by: order.actor.subject,
    };
    let performed = perform(&approval.action, agreement, order, view)?;
    Ok(Decision::recorded(vec![performed.fact.clone()], &answer.with(performed)))
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
    let answer = Answer::of((approval.id, &approval.action), "rejected");
    match approval.verdict {
        Verdict::Rejected => return Ok(Decision::already_done(&answer)),
        Verdict::Approved => return Err(decided(approval).into()),
        Verdict::Requested => {}
    }
    second_person(order.actor, approval.requested_by, customer_of(&approval.action))?;
    let occurred_at = timing::occurred(order)?;
    let rejected = event::ActionRejected {
        approval_id: approval.id,
        rejected_by: order.actor.subject,
        reason: command.reason.clone(),
    };
    Ok(Decision::recorded(vec![fact(rejected, occurred_at)], &answer))
}
