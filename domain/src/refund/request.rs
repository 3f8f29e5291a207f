//! Asking for money back.

use chrono::TimeDelta;
use serde::Serialize;

use super::{Refund, RefundStatus};
use crate::{
    Money, Rejection, Time, View,
    command::{RequestDepositRefund, RequestPaymentRefund},
    customer::{self, Customer, Status},
    decide::{Decision, Order, Stop, fact},
    event,
    event::Provider,
    ids::{PaymentId, RefundId},
    payment::{Payment, PaymentStatus},
    personal::Sealed,
    timing,
    view::Found,
};

/// Refunds to one customer within a day that come to no more than this need no second person: a rental deposit, and a
/// second one.
pub const APPROVAL_LIMIT: Money = Money::tzs(20_000);
/// The length of that day.
const LIMIT_WINDOW: TimeDelta = TimeDelta::hours(24);

#[derive(Serialize)]
struct Requested {
    refund_id: RefundId,
    status: &'static str,
    balance: Money,
    currency: &'static str,
}

/// What is asked for, once it is clear of whom.
struct Ask<'a> {
    refund_id: RefundId,
    customer: &'a Customer,
    payment_id: Option<PaymentId>,
    amount: Money,
    provider: Provider,
    reason: Option<Sealed>,
}

/// RequestDepositRefund, in order: customer unknown · the same again: already done · the sender's time · not active ·
/// a rental is open · debt · another refund under way · more than the deposit balance · id taken.
///
/// # Errors
/// The first of these refusals.
pub fn request_of_deposit(
    command: &RequestDepositRefund,
    order: &Order,
    view: &View<'_>,
) -> Result<Decision, Stop> {
    let refund_id = command.refund_id.unwrap_or(RefundId(order.seeds.minted));
    let customer = customer::known(command.customer_id, order.actor, view)?;
    let (amount, provider) = (command.amount.money(), command.provider);
    let found = view.refund(refund_id)?;
    if let Found::Here(refund) = &found
        && (refund.customer_id, refund.payment_id) == (Some(customer.id), None)
        && (refund.amount, refund.provider) == (amount, provider)
    {
        return Ok(Decision::already_done(&first_answer(refund, customer)));
    }
    let occurred_at = timing::occurred(order)?;
    if customer.status != Status::Active {
        let customer_status = customer.status.as_str();
        let customer_id = customer.id.0;
        return Err(Rejection::CustomerNotActive { customer_id, customer_status }.into());
    }
    let ask = Ask { refund_id, customer, payment_id: None, amount, provider, reason: None };
    free_to_go(&ask)?;
    free(refund_id, &found)?;
    Ok(requested(ask, order, occurred_at))
}

/// RequestPaymentRefund, in order: payment unknown · the same again: already done · the sender's time · not settled ·
/// account closed · a rental is open · debt · another refund under way · more than is left of the payment · more than
/// the deposit balance · id taken.
///
/// # Errors
/// The first of these refusals.
pub fn request_of_payment(
    command: &RequestPaymentRefund,
    order: &Order,
    view: &View<'_>,
) -> Result<Decision, Stop> {
    let refund_id = command.refund_id.unwrap_or(RefundId(order.seeds.minted));
    let payment_id = command.payment_id;
    let unknown = Rejection::PaymentUnknown { payment_id: payment_id.0 };
    let payment = view.payment(payment_id)?.here().ok_or(unknown)?;
    let customer = customer::known(payment.customer_id, order.actor, view)?;
    let amount = command.amount.money();
    let found = view.refund(refund_id)?;
    if let Found::Here(refund) = &found
        && (refund.payment_id, refund.amount) == (Some(payment_id), amount)
    {
        return Ok(Decision::already_done(&first_answer(refund, customer)));
    }
    let occurred_at = timing::occurred(order)?;
    refundable(payment, customer)?;
    let ask = Ask {
        refund_id,
        customer,
        payment_id: Some(payment_id),
        amount,
        provider: payment.provider,
        reason: Some(command.reason.clone()),
    };
    nothing_open(customer)?;
    if amount > payment.refundable() {
        let refundable = payment.refundable();
        return Err(Rejection::RefundExceedsPayment { payment_id: payment_id.0, amount, refundable }.into());
    }
    free_to_go(&ask)?;
    free(refund_id, &found)?;
    Ok(requested(ask, order, occurred_at))
}

fn refundable(payment: &Payment, customer: &Customer) -> Result<(), Rejection> {
    if !matches!(payment.status, PaymentStatus::Settled { .. }) {
        let payment_status = payment.status_name();
        return Err(Rejection::PaymentNotSettled { payment_id: payment.id.0, payment_status });
    }
    if customer.status == Status::Closed {
        return Err(Rejection::CustomerClosed { customer_id: customer.id.0 });
    }
    Ok(())
}

/// No rental, no debt, no other refund.
fn nothing_open(customer: &Customer) -> Result<(), Rejection> {
    let customer_id = customer.id.0;
    if let Some(rental) = customer.open {
        return Err(Rejection::RentalStillOpen { customer_id, rental_id: rental.0 });
    }
    if !customer.purse.debt.is_zero() {
        return Err(Rejection::CustomerHasDebt { customer_id, debt: customer.purse.debt });
    }
    if let Some(refund) = customer.refund {
        return Err(Rejection::RefundOpen { customer_id, refund_id: refund.0 });
    }
    Ok(())
}

fn free_to_go(ask: &Ask<'_>) -> Result<(), Rejection> {
    nothing_open(ask.customer)?;
    let balance = ask.customer.purse.balance;
    if ask.amount > balance {
        return Err(Rejection::RefundExceedsBalance { amount: ask.amount, balance });
    }
    Ok(())
}

fn free(refund_id: RefundId, found: &Found<'_, Refund>) -> Result<(), Rejection> {
    match found {
        Found::Absent => Ok(()),
        Found::Here(_) | Found::OtherKind => Err(Rejection::IdTaken { id: refund_id.0 }),
    }
}

/// The answer that was given when it was asked for.
fn first_answer(refund: &Refund, customer: &Customer) -> Requested {
    let status = match (&refund.status, refund.approved_by) {
        (RefundStatus::Requested, _) | (_, Some(_)) => "requested",
        (_, None) => "approved",
    };
    Requested { refund_id: refund.id, status, balance: customer.purse.balance, currency: "TZS" }
}

fn requested(ask: Ask<'_>, order: &Order, occurred_at: Time) -> Decision {
    let Ask { refund_id, customer, payment_id, amount, provider, reason } = ask;
    let customer_id = customer.id;
    let since = timing::plus(occurred_at, -LIMIT_WINDOW);
    let within_limit = customer.refunded_since(since).plus(amount) <= APPROVAL_LIMIT;
    let requested = event::RefundRequested {
        refund_id,
        customer_id,
        payment_id,
        amount,
        provider,
        destination: customer.phone.clone(),
        requested_by: order.actor.subject,
        requested_at: occurred_at,
        reason,
    };
    let mut facts = vec![fact(requested, occurred_at)];
    if within_limit {
        let approved = event::RefundApproved {
            refund_id,
            customer_id: Some(customer_id),
            receipt_id: None,
            payment_id,
            amount,
            approved_by: None,
        };
        facts.push(fact(approved, occurred_at));
    }
    let status = if within_limit { "approved" } else { "requested" };
    let balance = customer.purse.balance.less(amount);
    Decision::recorded(facts, &Requested { refund_id, status, balance, currency: "TZS" })
}
