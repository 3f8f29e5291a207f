//! What the provider says became of a refund.

use super::{Answer, Refund, RefundStatus, approve::by_hand, known};
use crate::{
    View,
    command::{MarkRefundUnknown, RefundConfirmed, RefundDeclined},
    customer::{self, Status},
    decide::{Decision, Order, Stop, fact},
    event::{self, PaidFrom, Review},
    ids::CustomerId,
    purse::Credited,
    receipt::Holding,
    timing,
};

/// RefundConfirmed, in order: refund unknown · paid already by this transaction: already done, by another one: past that
/// · no provider was told · not for staff, or by the approver · the sender's time. After a failure or a refusal the money
/// has gone back, and is taken from there again.
///
/// # Errors
/// The first of these refusals.
pub fn confirm(command: &RefundConfirmed, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let refund = known(command.refund_id, view)?;
    let from = match &refund.status {
        RefundStatus::Paid { provider_reference } => {
            let other =
                matches!((provider_reference, &command.provider_reference), (Some(a), Some(b)) if a != b);
            if other {
                return Err(refund.decided().into());
            }
            return Ok(Decision::already_done(&Answer::of(refund, "paid")));
        }
        RefundStatus::Requested | RefundStatus::Approved => return Err(refund.not_submitted().into()),
        RefundStatus::Submitted | RefundStatus::Unknown => Source::transit(refund),
        RefundStatus::Failed | RefundStatus::Rejected { .. } => source_after_failure(refund, view)?,
    };
    by_hand(refund, refund.payer(), order)?;
    let occurred_at = timing::occurred(order)?;
    let paid = event::RefundPaid {
        refund_id: refund.id,
        customer_id: from.customer_id,
        receipt_id: refund.receipt_id,
        payment_id: refund.payment_id,
        amount: refund.amount,
        provider: refund.payer(),
        provider_reference: command.provider_reference.clone(),
        paid_from: from.paid_from,
        named: named(refund, view)?.filter(|_| from.customer_id.is_none()),
        review: from.review,
    };
    Ok(Decision::recorded(vec![fact(paid, occurred_at)], &Answer::of(refund, "paid")))
}

/// Where the money comes from, and whose purse that concerns.
struct Source {
    paid_from: PaidFrom,
    customer_id: Option<CustomerId>,
    review: Vec<Review>,
}

impl Source {
    const fn transit(refund: &Refund) -> Source {
        Source { paid_from: PaidFrom::Transit, customer_id: refund.customer_id, review: Vec::new() }
    }
}

/// The customer whose phone paid the receipt.
fn named(refund: &Refund, view: &View<'_>) -> Result<Option<CustomerId>, Stop> {
    let Some(receipt_id) = refund.receipt_id else { return Ok(None) };
    Ok(view.receipt(receipt_id)?.here().and_then(|receipt| receipt.named))
}

/// The money had gone back; it is taken from where it is now.
fn source_after_failure(refund: &Refund, view: &View<'_>) -> Result<Source, Stop> {
    if let Some(customer_id) = refund.customer_id {
        return from_customer(customer_id, refund, view);
    }
    let receipt = match refund.receipt_id {
        Some(receipt_id) => view.receipt(receipt_id)?.here(),
        None => None,
    };
    match receipt.map(|receipt| receipt.holding) {
        Some(Holding::Assigned { customer_id }) => from_customer(customer_id, refund, view),
        Some(Holding::Returning { .. } | Holding::PaidBack { .. }) => {
            let review = vec![Review::PaidTwice];
            Ok(Source { paid_from: PaidFrom::BadDebt, customer_id: None, review })
        }
        Some(Holding::Unmatched) | None => {
            Ok(Source { paid_from: PaidFrom::Receipt, customer_id: None, review: Vec::new() })
        }
    }
}

fn from_customer(customer_id: CustomerId, refund: &Refund, view: &View<'_>) -> Result<Source, Stop> {
    let customer = customer::of(customer_id, view)?;
    let mut purse = customer.purse;
    let paid_from = match customer.status {
        Status::Closed => PaidFrom::BadDebt,
        Status::Unverified | Status::Active | Status::Suspended => {
            PaidFrom::Customer { debited: purse.charge(refund.amount) }
        }
    };
    Ok(Source { paid_from, customer_id: Some(customer_id), review: Vec::new() })
}

/// What goes back to the customer's purse; nothing for a receipt's refund, whose money goes back to the receipt.
pub(super) fn given_back(refund: &Refund, view: &View<'_>) -> Result<Option<Credited>, Stop> {
    let Some(customer_id) = refund.customer_id else { return Ok(None) };
    let customer = customer::of(customer_id, view)?;
    let mut purse = customer.purse;
    Ok(Some(purse.pay(refund.amount)))
}

/// RefundDeclined, in order: refund unknown · failed already: already done · paid or refused · no provider was told ·
/// not for staff, or by the approver · the sender's time.
///
/// # Errors
/// The first of these refusals.
pub fn decline(command: &RefundDeclined, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let refund = known(command.refund_id, view)?;
    match refund.status {
        RefundStatus::Failed => return Ok(Decision::already_done(&Answer::of(refund, "failed"))),
        RefundStatus::Paid { .. } | RefundStatus::Rejected { .. } => return Err(refund.decided().into()),
        RefundStatus::Requested | RefundStatus::Approved => return Err(refund.not_submitted().into()),
        RefundStatus::Submitted | RefundStatus::Unknown => {}
    }
    by_hand(refund, refund.payer(), order)?;
    let occurred_at = timing::occurred(order)?;
    let failed = event::RefundFailed {
        refund_id: refund.id,
        customer_id: refund.customer_id,
        receipt_id: refund.receipt_id,
        payment_id: refund.payment_id,
        amount: refund.amount,
        credited: given_back(refund, view)?,
        reason: command.reason.clone(),
    };
    Ok(Decision::recorded(vec![fact(failed, occurred_at)], &Answer::of(refund, "failed")))
}

/// MarkRefundUnknown, in order: refund unknown · marked already: already done · failed, paid or refused · no provider
/// was told · the sender's time.
///
/// # Errors
/// The first of these refusals.
pub fn mark_unknown(command: &MarkRefundUnknown, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let refund = known(command.refund_id, view)?;
    match refund.status {
        RefundStatus::Unknown => return Ok(Decision::already_done(&Answer::of(refund, "unknown"))),
        RefundStatus::Failed | RefundStatus::Paid { .. } | RefundStatus::Rejected { .. } => {
            return Err(refund.decided().into());
        }
        RefundStatus::Requested | RefundStatus::Approved => return Err(refund.not_submitted().into()),
        RefundStatus::Submitted => {}
    }
    let occurred_at = timing::occurred(order)?;
    let unknown = event::RefundOutcomeUnknown {
        refund_id: refund.id,
        customer_id: refund.customer_id,
        receipt_id: refund.receipt_id,
        reason: command.reason.clone(),
    };
    Ok(Decision::recorded(vec![fact(unknown, occurred_at)], &Answer::of(refund, "unknown")))
}
