//! Asking for an adjustment or a write-off, and what comes of it once a second person has agreed.

use crate::{
    Money, Rejection, View,
    approval::{self, Agreement},
    command::{AdjustBalance, WriteOffDebt},
    customer::{self, Customer, Status},
    decide::{Decision, Fact, Order, Stop, fact},
    event::{self, Action, Direction},
    ids::CustomerId,
    personal::Sealed,
    purse::Purse,
    timing,
};

/// AdjustBalance, in order: customer unknown · account closed · the sender's time. It moves no money; a second person
/// does ([`crate::approval`]).
///
/// # Errors
/// The first of these refusals.
pub fn adjust(command: &AdjustBalance, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    open(command.customer_id, view)?;
    let action = Action::AdjustBalance {
        customer_id: command.customer_id,
        direction: command.direction,
        amount: command.amount.money(),
        reason: command.reason.clone(),
    };
    approval::request(action, order)
}

/// WriteOffDebt, in order: customer unknown · account closed · less is owed · the sender's time. It moves no money; a
/// second person does.
///
/// # Errors
/// The first of these refusals.
pub fn write_off(command: &WriteOffDebt, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let amount = command.amount.money();
    owed(open(command.customer_id, view)?, amount)?;
    let reason = command.reason.clone();
    approval::request(Action::WriteOffDebt { customer_id: command.customer_id, amount, reason }, order)
}

fn open<'a>(id: CustomerId, view: &View<'a>) -> Result<&'a Customer, Stop> {
    let customer = customer::of(id, view)?;
    if customer.status == Status::Closed {
        return Err(Rejection::CustomerClosed { customer_id: id.0 }.into());
    }
    Ok(customer)
}

fn owed(customer: &Customer, amount: Money) -> Result<(), Rejection> {
    let (customer_id, debt) = (customer.id.0, customer.purse.debt);
    if amount > debt { Err(Rejection::DebtSmaller { customer_id, debt }) } else { Ok(()) }
}

/// What was asked for.
pub(crate) struct Adjustment<'a> {
    pub(crate) customer_id: CustomerId,
    pub(crate) direction: Direction,
    pub(crate) amount: Money,
    pub(crate) reason: &'a Sealed,
}

/// The adjustment that was approved, on the present state, and the purse after it.
///
/// # Errors
/// `customer_unknown`, `customer_closed`.
pub(crate) fn adjusted(
    asked: &Adjustment<'_>,
    agreement: Agreement,
    order: &Order,
    view: &View<'_>,
) -> Result<(Fact, Purse), Stop> {
    let customer = open(asked.customer_id, view)?;
    let occurred_at = timing::occurred(order)?;
    let mut purse = customer.purse;
    let (credited, debited) = match asked.direction {
        Direction::Up => (Some(purse.pay(asked.amount)), None),
        Direction::Down => (None, Some(purse.charge(asked.amount))),
    };
    let adjusted = event::BalanceAdjusted {
        customer_id: asked.customer_id,
        direction: asked.direction,
        amount: asked.amount,
        credited,
        debited,
        approval_id: agreement.approval_id,
        approved_by: agreement.approved_by,
        reason: asked.reason.clone(),
    };
    Ok((fact(adjusted, occurred_at), purse))
}

/// The write-off that was approved, on the present state, and the purse after it.
///
/// # Errors
/// `customer_unknown`, `customer_closed`, `debt_smaller`.
pub(crate) fn written_off(
    (customer_id, amount, reason): (CustomerId, Money, &Sealed),
    agreement: Agreement,
    order: &Order,
    view: &View<'_>,
) -> Result<(Fact, Purse), Stop> {
    let customer = open(customer_id, view)?;
    owed(customer, amount)?;
    let occurred_at = timing::occurred(order)?;
    let mut purse = customer.purse;
    purse.write_off(amount);
    let given_up = event::DebtWrittenOff {
        customer_id,
        amount,
        approval_id: agreement.approval_id,
        approved_by: agreement.approved_by,
        reason: reason.clone(),
    };
    Ok((fact(given_up, occurred_at), purse))
}
