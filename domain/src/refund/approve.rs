//! What happens to a refund before a provider is told: the second person's word, and a last look at the customer.

use super::{Answer, Refund, RefundStatus, Submission, known};
use crate::{
    Rejection, Role, Time, View,
    approval::second_person,
    command::{ApproveRefund, RecordRefundSubmitted, RejectRefund},
    customer,
    decide::{Decision, Fact, Order, Stop, fact},
    event::{self, Provider, RefundRejection},
    personal::Sealed,
    timing,
    view::Claim,
};

/// ApproveRefund, in order: refund unknown · approved already, or refused for the customer's rental or debt: already
/// done · refused by staff, or past that · asked for by the same person · the sender's time · then approved, or refused
/// because the customer has a rental or a debt by now.
///
/// # Errors
/// The first of these refusals.
pub fn approve(command: &ApproveRefund, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let refund = known(command.refund_id, view)?;
    match refund.status {
        RefundStatus::Requested => {}
        RefundStatus::Rejected { cause: RefundRejection::RentalOpen | RefundRejection::Debt } => {
            return Ok(Decision::already_done(&Answer::of(refund, "rejected")));
        }
        RefundStatus::Rejected { cause: RefundRejection::Staff } => return Err(refund.decided().into()),
        RefundStatus::Approved
        | RefundStatus::Submitted
        | RefundStatus::Unknown
        | RefundStatus::Failed
        | RefundStatus::Paid { .. } => {
            return Ok(Decision::already_done(&Answer::of(refund, "approved")));
        }
    }
    second_person(order.actor, refund.requested_by, refund.customer_id)?;
    let occurred_at = timing::occurred(order)?;
    if let Some(cause) = in_the_way(refund, view)? {
        return refused(refund, (cause, None, None), occurred_at, view);
    }
    let approved = event::RefundApproved {
        refund_id: refund.id,
        customer_id: refund.customer_id,
        receipt_id: refund.receipt_id,
        payment_id: refund.payment_id,
        amount: refund.amount,
        approved_by: Some(order.actor.subject),
    };
    Ok(Decision::recorded(vec![fact(approved, occurred_at)], &Answer::of(refund, "approved")))
}

/// RejectRefund, in order: refund unknown · refused already: already done · a provider was told · the sender's time.
/// Whoever asked for a refund may withdraw it.
///
/// # Errors
/// The first of these refusals.
pub fn reject(command: &RejectRefund, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let refund = known(command.refund_id, view)?;
    match refund.status {
        RefundStatus::Requested | RefundStatus::Approved => {}
        RefundStatus::Rejected { .. } => {
            return Ok(Decision::already_done(&Answer::of(refund, "rejected")));
        }
        RefundStatus::Submitted
        | RefundStatus::Unknown
        | RefundStatus::Failed
        | RefundStatus::Paid { .. } => return Err(refund.decided().into()),
    }
    let occurred_at = timing::occurred(order)?;
    let why = (RefundRejection::Staff, Some(order.actor.subject), command.reason.clone());
    refused(refund, why, occurred_at, view)
}

/// RecordRefundSubmitted, in order: refund unknown · submitted already under this reference, or refused for the
/// customer's rental or debt: already done · submitted under another one · not approved · not for staff, or by the
/// approver · the reference is another refund's · the sender's time · then submitted, or refused because the customer has
/// a rental or a debt by now.
///
/// # Errors
/// The first of these refusals.
pub fn submit(command: &RecordRefundSubmitted, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let refund = known(command.refund_id, view)?;
    let (provider, reference) = (command.provider, command.reference.clone());
    let told = Submission { provider, reference: reference.clone() };
    match (&refund.status, &refund.submission) {
        (RefundStatus::Approved, _) => {}
        (RefundStatus::Rejected { cause: RefundRejection::RentalOpen | RefundRejection::Debt }, None) => {
            return Ok(Decision::already_done(&Answer::of(refund, "rejected")));
        }
        (_, Some(before)) if *before == told => {
            return Ok(Decision::already_done(&Answer::of(refund, "submitted")));
        }
        (_, Some(_)) => {
            return Err(Rejection::RefundSubmittedOtherwise { refund_id: refund.id.0 }.into());
        }
        (_, None) => {
            let refund_status = refund.status_name();
            return Err(Rejection::RefundNotApproved { refund_id: refund.id.0, refund_status }.into());
        }
    }
    by_hand(refund, provider, order)?;
    let value = format!("{}/{}", provider.as_str(), reference.as_str());
    let claim = Claim { kind: Claim::REFUND_REFERENCE, value };
    if let Some(held_by) = view.holder(claim.clone())? {
        return Err(Rejection::ProviderReferenceTaken { held_by }.into());
    }
    let occurred_at = timing::occurred(order)?;
    if let Some(cause) = in_the_way(refund, view)? {
        return refused(refund, (cause, None, None), occurred_at, view);
    }
    let submitted = event::RefundSubmitted {
        refund_id: refund.id,
        customer_id: refund.customer_id,
        receipt_id: refund.receipt_id,
        payment_id: refund.payment_id,
        amount: refund.amount,
        provider,
        reference,
    };
    let facts = vec![fact(submitted, occurred_at)];
    Ok(Decision::recorded_with(facts, vec![(claim, refund.id.0)], &Answer::of(refund, "submitted")))
}

/// Wallets that providers do not pay out to: staff do, and record it.
#[must_use]
pub const fn is_manual(provider: Provider) -> bool {
    match provider {
        Provider::Mpesa | Provider::Halopesa => true,
        Provider::Mixx | Provider::Airtel | Provider::Azampesa => false,
    }
}

/// Staff record what happened to refunds of the manual queue and to unknown ones, and not those they approved.
///
/// # Errors
/// `refund_not_manual`, `second_person_required`.
pub(super) fn by_hand(refund: &Refund, provider: Provider, order: &Order) -> Result<(), Rejection> {
    if order.actor.role != Role::Finance {
        return Ok(());
    }
    if !is_manual(provider) && refund.status != RefundStatus::Unknown {
        let refund_status = refund.status_name();
        return Err(Rejection::RefundNotManual { refund_id: refund.id.0, refund_status });
    }
    if refund.approved_by == Some(order.actor.subject) {
        return Err(Rejection::SecondPersonRequired);
    }
    Ok(())
}

/// What has come up with the customer since. A receipt's refund has no such conditions.
fn in_the_way(refund: &Refund, view: &View<'_>) -> Result<Option<RefundRejection>, Stop> {
    let Some(customer_id) = refund.customer_id else { return Ok(None) };
    let customer = customer::of(customer_id, view)?;
    Ok(if customer.open.is_some() {
        Some(RefundRejection::RentalOpen)
    } else if customer.purse.debt.is_zero() {
        None
    } else {
        Some(RefundRejection::Debt)
    })
}

/// The money goes back to where it came from.
fn refused(
    refund: &Refund,
    (cause, rejected_by, reason): (RefundRejection, Option<uuid::Uuid>, Option<Sealed>),
    occurred_at: Time,
    view: &View<'_>,
) -> Result<Decision, Stop> {
    let rejected = event::RefundRejected {
        refund_id: refund.id,
        customer_id: refund.customer_id,
        receipt_id: refund.receipt_id,
        payment_id: refund.payment_id,
        amount: refund.amount,
        credited: super::outcome::given_back(refund, view)?,
        cause,
        rejected_by,
        reason,
    };
    let facts: Vec<Fact> = vec![fact(rejected, occurred_at)];
    Ok(Decision::recorded(facts, &Answer::of(refund, "rejected")))
}
