//! What becomes of a payment between asking and proof, and what the provider takes back afterwards.
//!
//! None of it is proof: a payment that is declined, unknown or expired settles all the same once proof comes. A
//! chargeback is taken from the customer as a charge is, deposit first; what an erased customer was paid is lost.

use serde::Serialize;

use super::{Payment, PaymentStatus};
use crate::{
    Rejection, View,
    command::{MarkPaymentUnknown, PaymentDeclined, RecordChargeback, RecordPrompt},
    customer::{self, Status},
    decide::{Decision, Order, Stop, fact},
    event,
    ids::PaymentId,
    timing,
    view::Claim,
};

#[derive(Serialize)]
struct Answer {
    payment_id: PaymentId,
    status: &'static str,
}

fn known<'a>(id: PaymentId, view: &View<'a>) -> Result<&'a Payment, Stop> {
    view.payment(id)?.here().ok_or_else(|| Rejection::PaymentUnknown { payment_id: id.0 }.into())
}

fn settled(payment: &Payment) -> Rejection {
    Rejection::PaymentSettled { payment_id: payment.id.0 }
}

fn not_open(payment: &Payment) -> Rejection {
    Rejection::PaymentNotOpen { payment_id: payment.id.0, payment_status: payment.status_name() }
}

/// RecordPrompt, in order: payment unknown · prompted already, or nobody knew whether it was: already done · settled ·
/// declined or expired · the sender's time.
///
/// # Errors
/// The first of these refusals.
pub fn record_prompt(command: &RecordPrompt, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let payment = known(command.payment_id, view)?;
    let (payment_id, customer_id) = (payment.id, payment.customer_id);
    match payment.status {
        PaymentStatus::Prompted | PaymentStatus::Unknown => {
            return Ok(Decision::already_done(&Answer { payment_id, status: payment.status_name() }));
        }
        PaymentStatus::Settled { .. } => return Err(settled(payment).into()),
        PaymentStatus::Declined | PaymentStatus::Expired => return Err(not_open(payment).into()),
        PaymentStatus::Initiated => {}
    }
    let occurred_at = timing::occurred(order)?;
    let provider_reference = command.provider_reference.clone();
    let prompted = event::PaymentPrompted { payment_id, customer_id, provider_reference };
    Ok(Decision::recorded(vec![fact(prompted, occurred_at)], &Answer { payment_id, status: "prompted" }))
}

/// PaymentDeclined, in order: payment unknown · declined already: already done · settled · expired · the sender's
/// time.
///
/// # Errors
/// The first of these refusals.
pub fn decline(command: &PaymentDeclined, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let payment = known(command.payment_id, view)?;
    let (payment_id, customer_id) = (payment.id, payment.customer_id);
    let answer = Answer { payment_id, status: "declined" };
    match payment.status {
        PaymentStatus::Declined => return Ok(Decision::already_done(&answer)),
        PaymentStatus::Settled { .. } => return Err(settled(payment).into()),
        PaymentStatus::Expired => return Err(not_open(payment).into()),
        PaymentStatus::Initiated | PaymentStatus::Prompted | PaymentStatus::Unknown => {}
    }
    let occurred_at = timing::occurred(order)?;
    let declined = event::PaymentWasDeclined {
        payment_id,
        customer_id,
        provider_reference: command.provider_reference.clone(),
        reason: command.reason.clone(),
    };
    Ok(Decision::recorded(vec![fact(declined, occurred_at)], &answer))
}

/// MarkPaymentUnknown, in order: payment unknown · marked already: already done · settled · declined or expired · the
/// sender's time.
///
/// # Errors
/// The first of these refusals.
pub fn mark_unknown(command: &MarkPaymentUnknown, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let payment = known(command.payment_id, view)?;
    let (payment_id, customer_id) = (payment.id, payment.customer_id);
    let answer = Answer { payment_id, status: "unknown" };
    match payment.status {
        PaymentStatus::Unknown => return Ok(Decision::already_done(&answer)),
        PaymentStatus::Settled { .. } => return Err(settled(payment).into()),
        PaymentStatus::Declined | PaymentStatus::Expired => return Err(not_open(payment).into()),
        PaymentStatus::Initiated | PaymentStatus::Prompted => {}
    }
    let occurred_at = timing::occurred(order)?;
    let reason = command.reason.clone();
    let unknown = event::PaymentOutcomeUnknown { payment_id, customer_id, reason };
    Ok(Decision::recorded(vec![fact(unknown, occurred_at)], &answer))
}

/// RecordChargeback, in order: payment unknown · this very chargeback again: already done · its reference names
/// another one · not settled · more than is left of the payment · the sender's time.
///
/// # Errors
/// The first of these refusals.
pub fn charge_back(command: &RecordChargeback, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let payment = known(command.payment_id, view)?;
    let (payment_id, customer_id) = (payment.id, payment.customer_id);
    let answer = Answer { payment_id, status: "charged_back" };
    let value = format!("{}/{}", payment.provider.as_str(), command.provider_reference.as_str());
    let claim = Claim { kind: Claim::CHARGEBACK, value };
    match view.holder(claim.clone())? {
        Some(holder) if holder == payment_id.0 => return Ok(Decision::already_done(&answer)),
        Some(held_by) => return Err(Rejection::ProviderReferenceTaken { held_by }.into()),
        None => {}
    }
    if !matches!(payment.status, PaymentStatus::Settled { .. }) {
        let payment_status = payment.status_name();
        return Err(Rejection::PaymentNotSettled { payment_id: payment_id.0, payment_status }.into());
    }
    let (amount, limit) = (command.amount.money(), payment.amount.less(payment.charged_back));
    if amount > limit {
        return Err(Rejection::ChargebackTooLarge { payment_id: payment_id.0, amount, limit }.into());
    }
    let occurred_at = timing::occurred(order)?;
    let customer = customer::of(customer_id, view)?;
    let mut purse = customer.purse;
    let charged_back = event::PaymentChargedBack {
        payment_id,
        customer_id,
        amount,
        provider: payment.provider,
        provider_reference: command.provider_reference.clone(),
        debited: (customer.status != Status::Closed).then(|| purse.charge(amount)),
    };
    let facts = vec![fact(charged_back, occurred_at)];
    Ok(Decision::recorded_with(facts, vec![(claim, payment_id.0)], &answer))
}
