//! Erasing a customer: the account closes for good.
//!
//! What has to be settled with a person cannot be settled once nobody knows who they were, so it stands in the way.
//! Whoever appends the event destroys the person's key and frees their phone in the same transaction. Open recovery
//! windows are waived: a bank that comes back later is taken in, and no money moves.

use serde::Serialize;

use super::{Customer, Status, decide::known};
use crate::{
    Rejection, Role, View,
    command::EraseCustomer,
    decide::{Decision, Order, Stop, fact},
    event::CustomerErased,
    ids::CustomerId,
    timing,
};

#[derive(Serialize)]
struct Answer {
    customer_id: CustomerId,
    status: Status,
}

/// EraseCustomer, in order: unknown · erased before: already done · the sender's time · a rental is open · a debt · a
/// deposit · a payment under way · a refund under way · money from their phone that is unmatched · suspended, unless an
/// admin asks.
///
/// # Errors
/// The first of these refusals.
pub fn erase(command: &EraseCustomer, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let customer_id = command.customer_id;
    let customer = known(customer_id, order.actor, view)?;
    let answer = Answer { customer_id, status: Status::Closed };
    if customer.status == Status::Closed {
        return Ok(Decision::already_done(&answer));
    }
    let occurred_at = timing::occurred(order)?;
    settled(customer, order.actor.role)?;
    Ok(Decision::recorded(vec![fact(CustomerErased { customer_id }, occurred_at)], &answer))
}

/// Nothing is left to settle with this person.
fn settled(customer: &Customer, asks: Role) -> Result<(), Rejection> {
    let customer_id = customer.id.0;
    if let Some(rental) = customer.open {
        return Err(Rejection::RentalStillOpen { customer_id, rental_id: rental.0 });
    }
    if !customer.purse.debt.is_zero() {
        return Err(Rejection::CustomerHasDebt { customer_id, debt: customer.purse.debt });
    }
    if !customer.purse.balance.is_zero() {
        return Err(Rejection::DepositRemaining { customer_id, balance: customer.purse.balance });
    }
    if let Some(payment) = customer.pending.first() {
        return Err(Rejection::PaymentPending { customer_id, payment_id: payment.0 });
    }
    if let Some(refund) = customer.refund {
        return Err(Rejection::RefundOpen { customer_id, refund_id: refund.0 });
    }
    if let Some(receipt) = customer.receipts.first() {
        return Err(Rejection::ReceiptNamesCustomer { customer_id, receipt_id: receipt.0 });
    }
    if customer.status == Status::Suspended && asks != Role::Admin {
        return Err(Rejection::CustomerSuspended { customer_id });
    }
    Ok(())
}
