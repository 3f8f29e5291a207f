//! Returns that a full or faulty station refused: proof that somebody wanted to give the bank back.
//!
//! An attempt is kept with its rental whether it counts or not; [`super::Meter::end`] says which one is the billed
//! end. One that arrives after the end corrects the bill at once, unless staff made the bill: then somebody is to look at
//! it ([`super::correct`]).

use super::{
    returning::check_own,
    start::customer_of,
    state::Rental,
    transition::{Arrival, Bill, Payer, settle_with},
};
use crate::{
    Rejection, View,
    command::ReportReturnRefused,
    decide::{Decision, Order, Stop, fact},
    device,
    event::{ReturnAttemptRecorded, Review},
    station, timing,
    view::Found,
};

/// ReportReturnRefused, in order: device unknown · another station's · the same attempt again: already done · the
/// sender's time · station unknown · no rental was running then.
///
/// # Errors
/// The first of these refusals.
pub fn report_return_refused(
    command: &ReportReturnRefused,
    order: &Order,
    view: &View<'_>,
) -> Result<Decision, Stop> {
    let no_device = Rejection::DeviceUnknown {
        device_id: command.device_id.map(|id| id.0),
        serial: command.serial.clone(),
    };
    let device = device::resolve(&command.device().map_err(|_| no_device)?, view)?;
    check_own(command.station_id, order, view)?;
    let attempted_at = order.stated_at.unwrap_or(order.now);
    let run = device.run_at(attempted_at);
    let rental = run.map(|run| view.rental(run.rental_id)).transpose()?.and_then(Found::here);
    let started = rental.and_then(|rental: &Rental| Some((rental, rental.meter()?)));
    if let Some((rental, meter)) = started
        && meter.attempts.contains(&attempted_at)
    {
        let purse = customer_of(rental, view)?.purse;
        return Ok(Decision::already_done(&Bill::of(rental, purse)));
    }
    timing::occurred(order)?;
    let station = station::known(command.station_id, view)?;
    let none = || Rejection::NoRunningRental { device_id: device.id.0 };
    let (rental, meter) = started.ok_or_else(none)?;
    let payer = Payer::of(customer_of(rental, view)?);
    if meter.end().is_some_and(|end| attempted_at >= end) {
        return Err(none().into());
    }
    let mut review = timing::late_upload(order, attempted_at);
    if rental.staff_end().is_some_and(|end| meter.counts(attempted_at, end)) {
        review.push(Review::AfterCorrection);
    }
    let attempt = ReturnAttemptRecorded {
        rental_id: rental.id,
        customer_id: rental.customer_id,
        device_id: device.id,
        station_id: station.id,
        slot: command.slot,
        attempted_at,
        reason: command.reason.clone(),
        review,
    };
    let settled = settle_with(rental, &meter.with_attempt(attempted_at), payer, Arrival::Attempt);
    let mut facts = vec![fact(attempt, attempted_at)];
    facts.extend(settled.facts);
    Ok(Decision::recorded(facts, &settled.bill))
}
