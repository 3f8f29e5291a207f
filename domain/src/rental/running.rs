//! What happens to a running rental besides its return: extensions, deadlines, loss.

use serde::Serialize;

use super::{
    start::{customer_of, known},
    state::{Outcome, Rental, Stage},
    transition::{Bill, sale},
};
use crate::{
    Rejection, RentalId, Time, View,
    command::{ExtendRental, MarkOverdue, ReportLost, SellDevice},
    customer::{self, Status},
    decide::{Decision, Order, Stop, fact},
    event::{RentalBecameOverdue, RentalExtended},
    personal::Sealed,
    purse::Purse,
    timing,
};

use super::settle::Meter;

#[derive(Serialize)]
struct Extended {
    rental_id: RentalId,
    status: &'static str,
    due_at: Time,
    extended_minutes: i64,
}

/// The refusal of what needs a running rental.
fn not_running(rental: &Rental) -> Rejection {
    let rental_id = rental.id.0;
    let status = rental.status();
    match rental.stage {
        Stage::Releasing { .. } => Rejection::RentalNotStarted { rental_id, rental_status: status },
        Stage::Cancelled { .. } => Rejection::RentalCancelled { rental_id },
        Stage::Closed { .. } | Stage::Running { .. } => {
            Rejection::RentalEnded { rental_id, rental_status: status }
        }
    }
}

fn meter_of(rental: &Rental) -> Result<(&Meter, bool), Rejection> {
    match &rental.stage {
        Stage::Running { meter, overdue } => Ok((meter, *overdue)),
        Stage::Releasing { .. } | Stage::Cancelled { .. } | Stage::Closed { .. } => Err(not_running(rental)),
    }
}

/// ExtendRental, in order: rental unknown · the sender's time · customer not active · not running · at or after
/// the due time · beyond the tariff's sum · earlier than the start.
///
/// # Errors
/// The first of these refusals.
pub fn extend(command: &ExtendRental, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let rental = known(command.rental_id, order, view)?;
    let occurred_at = timing::occurred(order)?;
    let customer = customer_of(rental, view)?;
    if customer.status != Status::Active {
        return Err(customer::not_active(customer).into());
    }
    let (meter, _) = meter_of(rental)?;
    let rental_id = rental.id;
    if occurred_at >= meter.due_at {
        return Err(Rejection::RentalOverdue { rental_id: rental_id.0, due_at: meter.due_at }.into());
    }
    let minutes = command.minutes.get();
    let extended_minutes = meter.extended_minutes.saturating_add(minutes);
    let limit_minutes = rental.tariff.terms.extension_max_minutes;
    if extended_minutes > limit_minutes {
        let extended_minutes = meter.extended_minutes;
        return Err(
            Rejection::ExtensionLimit { rental_id: rental_id.0, extended_minutes, limit_minutes }.into()
        );
    }
    let occurred_at = timing::not_before(order, occurred_at, meter.started_at)?;
    let (customer_id, previous_due_at) = (rental.customer_id, meter.due_at);
    let due_at = timing::plus_minutes(previous_due_at, minutes);
    let extended = RentalExtended { rental_id, customer_id, minutes, previous_due_at, due_at };
    let answer = Extended { rental_id, status: "active", due_at, extended_minutes };
    Ok(Decision::recorded(vec![fact(extended, occurred_at)], &answer))
}

/// MarkOverdue, in order: rental unknown · overdue already: already done · not running · not due.
///
/// # Errors
/// The first of these refusals.
pub fn mark_overdue(command: &MarkOverdue, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let rental = known(command.rental_id, order, view)?;
    let purse = customer_of(rental, view)?.purse;
    let (meter, overdue) = meter_of(rental)?;
    let answer = Bill::new(rental, "overdue", None, None, purse);
    if overdue {
        return Ok(Decision::already_done(&answer));
    }
    timing::due(order, meter.due_at)?;
    let (rental_id, customer_id, due_at) = (rental.id, rental.customer_id, meter.due_at);
    let overdue = RentalBecameOverdue { rental_id, customer_id, due_at };
    Ok(Decision::recorded(vec![fact(overdue, due_at)], &answer))
}

/// SellDevice, in order: rental unknown · sold already: already done · not running · not due.
///
/// # Errors
/// The first of these refusals.
pub fn sell(command: &SellDevice, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let rental = known(command.rental_id, order, view)?;
    let purse = customer_of(rental, view)?.purse;
    if let Some(done) = sold_already(rental, purse) {
        return Ok(done);
    }
    let (meter, _) = meter_of(rental)?;
    timing::due(order, meter.sale_deadline(&rental.tariff.terms))?;
    Ok(sell_now(rental, meter, purse, None))
}

/// ReportLost, in order: rental unknown · sold already: already done · the sender's time · not running · earlier
/// than the start.
///
/// # Errors
/// The first of these refusals.
pub fn report_lost(command: &ReportLost, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let rental = known(command.rental_id, order, view)?;
    let purse = customer_of(rental, view)?.purse;
    if let Some(done) = sold_already(rental, purse) {
        return Ok(done);
    }
    let occurred_at = timing::occurred(order)?;
    let (meter, _) = meter_of(rental)?;
    let reported_at = timing::not_before(order, occurred_at, meter.started_at)?;
    let meter = Meter { reported_at: Some(reported_at), ..meter.clone() };
    Ok(sell_now(rental, &meter, purse, command.reason.clone()))
}

fn sell_now(rental: &Rental, meter: &Meter, mut purse: Purse, reason: Option<Sealed>) -> Decision {
    let (sold, charge) = sale(rental, meter, &mut purse, reason);
    let answer = Bill::new(rental, "sold", Some(sold.occurred_at), Some(charge), purse);
    Decision::recorded(vec![sold], &answer)
}

fn sold_already(rental: &Rental, purse: Purse) -> Option<Decision> {
    match rental.stage {
        Stage::Closed { outcome: Outcome::Sold { .. } | Outcome::Recovered { .. }, .. } => {
            Some(Decision::already_done(&Bill::of(rental, purse)))
        }
        Stage::Closed { outcome: Outcome::Ended { .. }, .. }
        | Stage::Releasing { .. }
        | Stage::Cancelled { .. }
        | Stage::Running { .. } => None,
    }
}
