//! How a customer is called and spoken to.

use serde::Serialize;

use super::{Customer, Language, Status, decide::known};
use crate::{
    Rejection, View,
    command::UpdateProfile,
    decide::{Decision, Order, Stop, fact},
    event::ProfileUpdated,
    ids::CustomerId,
    personal::Sealed,
    timing,
};

#[derive(Serialize)]
struct Answer {
    customer_id: CustomerId,
    language: Language,
    status: Status,
}

/// UpdateProfile, in order: unknown · nothing would change: already done · the sender's time · account closed.
///
/// # Errors
/// `customer_unknown`, `customer_closed`, and the sender's time.
pub fn update_profile(command: &UpdateProfile, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let customer_id = command.customer_id;
    let customer = known(customer_id, order.actor, view)?;
    let language = command.language.unwrap_or(customer.language);
    let answer = Answer { customer_id, language, status: customer.status };
    if language == customer.language && is_called(customer, command.name.as_ref()) {
        return Ok(Decision::already_done(&answer));
    }
    let occurred_at = timing::occurred(order)?;
    if customer.status == Status::Closed {
        return Err(Rejection::CustomerClosed { customer_id: customer_id.0 }.into());
    }
    let updated = ProfileUpdated { customer_id, name: command.name.clone(), language: command.language };
    Ok(Decision::recorded(vec![fact(updated, occurred_at)], &answer))
}

/// Whether they are called so already; everybody is called as nobody asks to change.
fn is_called(customer: &Customer, name: Option<&Sealed>) -> bool {
    let Some(name) = name else { return true };
    customer.name.as_ref().is_some_and(|known| known.same_text(name))
}
