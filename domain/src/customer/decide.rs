//! Registering, verifying, suspending and reinstating customers.

use serde::Serialize;

use super::{Customer, Status};
use crate::{
    Actor, Rejection, Role, View,
    command::{RegisterCustomer, ReinstateCustomer, SuspendCustomer, VerifyCustomer},
    decide::{Decision, Order, Stop, fact},
    event::{CustomerRegistered, CustomerReinstated, CustomerSuspended, CustomerVerified},
    ids::CustomerId,
    personal::Sealed,
    timing,
    view::{Claim, Found},
};

#[derive(Serialize)]
struct Answer {
    customer_id: CustomerId,
    status: Status,
}

/// The customer, if the actor may know of them: a customer knows only themselves.
///
/// # Errors
/// `customer_unknown`.
pub(crate) fn known<'a>(id: CustomerId, actor: Actor, view: &View<'a>) -> Result<&'a Customer, Stop> {
    if actor.role == Role::Customer && actor.subject != id.0 {
        return Err(Rejection::CustomerUnknown { customer_id: id.0 }.into());
    }
    of(id, view)
}

/// The customer of that id, whoever asks.
///
/// # Errors
/// `customer_unknown`.
pub(crate) fn of<'a>(id: CustomerId, view: &View<'a>) -> Result<&'a Customer, Stop> {
    view.customer(id)?.here().ok_or_else(|| Rejection::CustomerUnknown { customer_id: id.0 }.into())
}

fn same_name(one: Option<&Sealed>, other: Option<&Sealed>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => one.same_text(other),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// RegisterCustomer, in order: the same person again: already done · the sender's time · phone taken · id taken.
///
/// # Errors
/// `phone_taken`, `id_taken`, and the sender's time.
pub fn register(command: &RegisterCustomer, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let customer_id = command.customer_id.unwrap_or(CustomerId(order.seeds.derived));
    let found = view.customer(customer_id)?;
    if let Found::Here(customer) = &found {
        let same = customer.phone.same_text(&command.phone.text)
            && same_name(customer.name.as_ref(), command.name.as_ref());
        if same {
            return Ok(Decision::already_done(&Answer { customer_id, status: Status::Unverified }));
        }
    }
    let occurred_at = timing::occurred(order)?;
    let claim = Claim { kind: Claim::PHONE, value: command.phone.index.clone() };
    if view.holder(claim.clone())?.is_some() {
        return Err(Rejection::PhoneTaken.into());
    }
    match found {
        Found::Absent => {}
        Found::Here(_) | Found::OtherKind => return Err(Rejection::IdTaken { id: customer_id.0 }.into()),
    }
    let registered =
        CustomerRegistered { customer_id, phone: command.phone.text.clone(), name: command.name.clone() };
    Ok(Decision::recorded_with(
        vec![fact(registered, occurred_at)],
        vec![(claim, customer_id.0)],
        &Answer { customer_id, status: Status::Unverified },
    ))
}

/// VerifyCustomer: unknown · verified before: already done · closed.
///
/// # Errors
/// `customer_unknown`, `customer_closed`, and the sender's time.
pub fn verify(command: &VerifyCustomer, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let customer_id = command.customer_id;
    let customer = known(customer_id, order.actor, view)?;
    match customer.status {
        Status::Active | Status::Suspended => {
            Ok(Decision::already_done(&Answer { customer_id, status: customer.status }))
        }
        Status::Closed => Err(Rejection::CustomerClosed { customer_id: customer_id.0 }.into()),
        Status::Unverified => {
            let occurred_at = timing::occurred(order)?;
            let facts = vec![fact(CustomerVerified { customer_id }, occurred_at)];
            Ok(Decision::recorded(facts, &Answer { customer_id, status: Status::Active }))
        }
    }
}

/// SuspendCustomer: unknown · suspended before: already done · not active.
///
/// # Errors
/// `customer_unknown`, `customer_not_active`, and the sender's time.
pub fn suspend(command: &SuspendCustomer, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let customer_id = command.customer_id;
    let customer = known(customer_id, order.actor, view)?;
    match customer.status {
        Status::Suspended => Ok(Decision::already_done(&Answer { customer_id, status: Status::Suspended })),
        Status::Unverified | Status::Closed => Err(not_active(customer).into()),
        Status::Active => {
            let occurred_at = timing::occurred(order)?;
            let suspended = CustomerSuspended { customer_id, reason: command.reason.clone() };
            let facts = vec![fact(suspended, occurred_at)];
            Ok(Decision::recorded(facts, &Answer { customer_id, status: Status::Suspended }))
        }
    }
}

/// ReinstateCustomer: unknown · active: already done · neither active nor suspended.
///
/// # Errors
/// `customer_unknown`, `customer_not_active`, and the sender's time.
pub fn reinstate(command: &ReinstateCustomer, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let customer_id = command.customer_id;
    let customer = known(customer_id, order.actor, view)?;
    match customer.status {
        Status::Active => Ok(Decision::already_done(&Answer { customer_id, status: Status::Active })),
        Status::Unverified | Status::Closed => Err(not_active(customer).into()),
        Status::Suspended => {
            let occurred_at = timing::occurred(order)?;
            let reinstated = CustomerReinstated { customer_id, reason: command.reason.clone() };
            let facts = vec![fact(reinstated, occurred_at)];
            Ok(Decision::recorded(facts, &Answer { customer_id, status: Status::Active }))
        }
    }
}

/// The refusal of somebody who is not active.
pub(crate) fn not_active(customer: &Customer) -> Rejection {
    Rejection::CustomerNotActive { customer_id: customer.id.0, customer_status: customer.status.as_str() }
}
