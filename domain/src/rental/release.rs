//! What a cabinet answers to a request to release a bank.
//!
//! The bank that really left is what counts. A release that failed costs nothing and marks the slot; one that
//! nobody answers becomes unknown, never failed; a confirmation that comes too late costs nothing.

use chrono::TimeDelta;
use serde::Serialize;

use super::{
    start::{customer_of, known, leave},
    state::{Rental, Stage},
    transition::{Arrival, Payer, settle_with},
};
use crate::{
    DeviceId, Rejection, RentalId, Role, Time, View,
    command::{CancelRelease, ConfirmRelease, ReportReleaseFailure, ReportReleaseUnknown},
    customer::{Customer, Status},
    decide::{Decision, Fact, Order, Stop, fact},
    device::{self, Device},
    event::{
        CancelCause, DeviceDocked, LateReleaseRecorded, Place, ReleaseOutcomeUnknown, RentalCancelled,
        ReturnEvidence, Review, SlotFaultReported,
    },
    station::{self, Station},
    timing,
    values::{Reason, SlotNumber},
};

/// A release without an answer for so long is unknown.
pub const UNKNOWN_AFTER: TimeDelta = TimeDelta::seconds(60);
/// A release without an answer for so long is given up.
pub const CANCEL_AFTER: TimeDelta = TimeDelta::hours(24);

#[derive(Serialize)]
struct Answer {
    rental_id: RentalId,
    status: &'static str,
    device_id: DeviceId,
    started_at: Option<Time>,
    due_at: Option<Time>,
}

impl Answer {
    fn of(rental: &Rental) -> Answer {
        Answer {
            rental_id: rental.id,
            status: rental.status(),
            device_id: rental.device_id,
            started_at: rental.meter().map(|meter| meter.started_at),
            due_at: rental.meter().map(|meter| meter.due_at),
        }
    }

    fn waiting(rental: &Rental, status: &'static str) -> Answer {
        Answer { rental_id: rental.id, status, device_id: rental.device_id, started_at: None, due_at: None }
    }
}

/// Support speaks for a cabinet only with a reason.
fn check_reason(order: &Order, reason: Option<&Reason>) -> Result<(), Rejection> {
    let given = reason.is_some_and(|reason| !reason.as_str().trim().is_empty());
    if order.actor.role == Role::Support && !given { Err(Rejection::ReasonRequired) } else { Ok(()) }
}

/// When the cabinet says that it happened: a station's clock never refuses a release.
fn released_at(order: &Order, requested_at: Time) -> Result<(Time, Vec<Review>), Rejection> {
    if order.actor.role == Role::Station {
        return Ok(timing::station_time(order, requested_at));
    }
    let occurred_at = timing::occurred(order)?;
    Ok((timing::not_before(order, occurred_at, requested_at)?, Vec::new()))
}

/// ConfirmRelease, in order: rental unknown · started already, or recorded as late: already done · reason missing ·
/// device unknown · the sender's time · slot unknown. Then: started, or recorded as a late release.
///
/// # Errors
/// The first of these refusals.
pub fn confirm_release(command: &ConfirmRelease, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let rental = known(command.rental_id, order, view)?;
    let late = match rental.stage {
        Stage::Running { .. } | Stage::Closed { .. } | Stage::Cancelled { late_release: true } => {
            return Ok(Decision::already_done(&Answer::of(rental)));
        }
        Stage::Releasing { .. } => false,
        Stage::Cancelled { late_release: false } => true,
    };
    check_reason(order, command.reason.as_ref())?;
    let no_device = Rejection::DeviceUnknown {
        device_id: command.device_id.map(|id| id.0),
        serial: command.serial.clone(),
    };
    let device = device::resolve(&command.device().map_err(|_| no_device)?, view)?;
    let (at, review) = released_at(order, rental.requested_at.unwrap_or(order.now))?;
    let station = station::known(rental.station_id, view)?;
    if station.slot(command.slot).is_none() {
        let (station_id, slot, slots) = (station.id.0, command.slot.get(), station.slot_count());
        return Err(Rejection::SlotUnknown { station_id, slot, slots }.into());
    }
    let release =
        Release { order, rental, device, slot: command.slot, at, review, reason: command.reason.clone() };
    let customer = customer_of(rental, view)?;
    if late { late_confirmation(&release, customer) } else { confirmed(release, customer, station, view) }
}

/// A bank that really left.
struct Release<'a> {
    order: &'a Order,
    rental: &'a Rental,
    device: &'a Device,
    slot: SlotNumber,
    at: Time,
    review: Vec<Review>,
    reason: Option<Reason>,
}

impl Release<'_> {
    fn place(&self) -> Place {
        Place { station_id: self.rental.station_id, slot: self.slot }
    }

    /// The meter starts with the bank that really left.
    fn start(&self, customer: &Customer, extra: Option<Review>) -> (Fact, Answer) {
        let rental = self.rental;
        let mut started = leave(rental.id, customer, self.device.id, self.place(), &rental.tariff, self.at);
        started.reason = self.reason.clone();
        started.review = self.review.iter().copied().chain(extra).collect();
        let answer = Answer {
            rental_id: rental.id,
            status: "active",
            device_id: self.device.id,
            started_at: Some(self.at),
            due_at: Some(started.due_at),
        };
        (fact(started, self.at), answer)
    }

    /// The bank was thought to stand at another station, which must learn that it does not.
    fn not_elsewhere(&self) -> Option<Fact> {
        let last = self.device.whereabouts.place().filter(|p| p.station_id != self.rental.station_id)?;
        Some(device::gone_from(self.device.id, last, self.at))
    }

    /// The reserved bank stays where it was, unless another one has been seen there since.
    fn reserved_stays(&self, station: &Station) -> Fact {
        let rental = self.rental;
        if !holds_reserved(rental, station) {
            let place = Place { station_id: rental.station_id, slot: rental.slot };
            return device::gone_from(rental.device_id, place, self.at);
        }
        let docked = DeviceDocked {
            device_id: rental.device_id,
            station_id: rental.station_id,
            slot: rental.slot,
            battery_percent: None,
            left: None,
            rental_id: None,
            evidence: None,
            review: vec![Review::OtherDevice],
        };
        fact(docked, self.at)
    }
}

/// Whether the reserved bank still stands in its slot, as far as the station knows.
fn holds_reserved(rental: &Rental, station: &Station) -> bool {
    station.slot(rental.slot).is_some_and(|slot| slot.device == Some(rental.device_id))
}

fn confirmed(
    release: Release<'_>,
    customer: &Customer,
    station: &Station,
    view: &View<'_>,
) -> Result<Decision, Stop> {
    if release.device.id == release.rental.device_id {
        let (started, answer) = release.start(customer, None);
        return Ok(Decision::recorded(vec![started], &answer));
    }
    let mut facts = end_other(&release, station, view)?;
    facts.extend(release.not_elsewhere().filter(|_| release.device.whereabouts.open_rental().is_none()));
    let (started, answer) = release.start(customer, Some(Review::OtherDevice));
    facts.push(started);
    facts.push(release.reserved_stays(station));
    Ok(Decision::recorded(facts, &answer))
}

/// The bank that left was in another open rental: that one ends at this moment, or never came about.
fn end_other(release: &Release<'_>, station: &Station, view: &View<'_>) -> Result<Vec<Fact>, Stop> {
    let Some((other_id, _)) = release.device.whereabouts.open_rental() else { return Ok(Vec::new()) };
    let unknown = Rejection::RentalUnknown { rental_id: other_id.0 };
    let other = view.rental(other_id)?.here().ok_or(unknown)?;
    let payer = Payer::of(customer_of(other, view)?);
    let Some(meter) = other.meter() else {
        let cause = CancelCause::LeftWithOtherRental;
        let cancelled = cancelled(other, (cause, false), release.at, None, Vec::new());
        return Ok(vec![cancelled]);
    };
    let at = release.at.max(meter.started_at);
    let evidence = ReturnEvidence {
        place: release.place(),
        observed_at: at,
        last_seen_absent_at: None,
        arrived_at: release.order.now,
        billed_at: at,
        battery_percent: None,
    };
    let arrival = Arrival::Return { evidence, docks: true, review: vec![Review::OtherDevice] };
    let settled = settle_with(other, &meter.with_return(at), payer, arrival);
    let displaced = device::displaced(station, release.slot, release.device.id, release.at, view)?;
    Ok(displaced.into_iter().chain(settled.facts).collect())
}

/// A confirmation after a cancel: the rental starts if nothing stands against it, else it is only noted.
fn late_confirmation(release: &Release<'_>, customer: &Customer) -> Result<Decision, Stop> {
    let rental = release.rental;
    let device_is_out = release.device.whereabouts.open_rental().is_some();
    if customer.status != Status::Closed && customer.open.is_none() && !device_is_out {
        let (started, answer) = release.start(customer, Some(Review::LateRelease));
        let facts = release.not_elsewhere().into_iter().chain([started]).collect();
        return Ok(Decision::recorded(facts, &answer));
    }
    let mut review = release.review.clone();
    review.push(Review::LateRelease);
    let noted = LateReleaseRecorded {
        rental_id: rental.id,
        customer_id: rental.customer_id,
        device_id: release.device.id,
        station_id: rental.station_id,
        slot: release.slot,
        released_at: release.at,
        lost: !device_is_out,
        review,
    };
    let mut facts: Vec<Fact> = release.not_elsewhere().filter(|_| !device_is_out).into_iter().collect();
    facts.push(fact(noted, release.at));
    Ok(Decision::recorded(facts, &Answer::waiting(rental, "cancelled")))
}

fn cancelled(
    rental: &Rental,
    (cause, docked): (CancelCause, bool),
    at: Time,
    reason: Option<Reason>,
    mut review: Vec<Review>,
) -> Fact {
    match cause {
        CancelCause::ReleaseFailed => {}
        CancelCause::ReleaseUnresolved => review.push(Review::ReleaseUnresolved),
        CancelCause::LeftWithOtherRental => review.push(Review::OtherDevice),
        CancelCause::SeenInSlot => {}
    }
    let event = RentalCancelled {
        rental_id: rental.id,
        customer_id: rental.customer_id,
        device_id: rental.device_id,
        station_id: rental.station_id,
        slot: rental.slot,
        cause,
        docked,
        reason,
        review,
    };
    fact(event, at)
}

/// The bank did not leave: the rental is cancelled, and the slot is marked until somebody looks at it.
fn cancel_and_mark(
    rental: &Rental,
    cause: CancelCause,
    (at, review): (Time, Vec<Review>),
    reason: Option<&Reason>,
    view: &View<'_>,
) -> Result<Decision, Stop> {
    let (station_id, slot) = (rental.station_id, rental.slot);
    let station = station::known(station_id, view)?;
    let docked = holds_reserved(rental, station);
    let mut facts = vec![cancelled(rental, (cause, docked), at, reason.cloned(), review)];
    let faulty = station.slot(slot).is_none_or(|slot| slot.faulty);
    if !faulty {
        facts.push(fact(SlotFaultReported { station_id, slot, reason: reason.cloned() }, at));
    }
    Ok(Decision::recorded(facts, &Answer::waiting(rental, "cancelled")))
}

/// Since when the outcome of a release that is still open is unknown, if it is; else the refusal.
fn still_releasing(rental: &Rental) -> Result<Option<Time>, Rejection> {
    match &rental.stage {
        Stage::Releasing { unknown_since } => Ok(*unknown_since),
        Stage::Cancelled { .. } => Err(Rejection::RentalCancelled { rental_id: rental.id.0 }),
        Stage::Running { .. } | Stage::Closed { .. } => {
            Err(Rejection::RentalStarted { rental_id: rental.id.0, rental_status: rental.status() })
        }
    }
}

fn is_cancelled(rental: &Rental) -> bool {
    matches!(rental.stage, Stage::Cancelled { .. })
}

/// ReportReleaseFailure, in order: rental unknown · cancelled: already done · reason missing · started · the
/// sender's time.
///
/// # Errors
/// The first of these refusals.
pub fn report_release_failure(
    command: &ReportReleaseFailure,
    order: &Order,
    view: &View<'_>,
) -> Result<Decision, Stop> {
    let rental = known(command.rental_id, order, view)?;
    if is_cancelled(rental) {
        return Ok(Decision::already_done(&Answer::of(rental)));
    }
    check_reason(order, command.reason.as_ref())?;
    still_releasing(rental)?;
    let when = released_at(order, rental.requested_at.unwrap_or(order.now))?;
    cancel_and_mark(rental, CancelCause::ReleaseFailed, when, command.reason.as_ref(), view)
}

/// ReportReleaseUnknown, in order: rental unknown · unknown already: already done · cancelled, started · not due
/// (for the system and admins; a station may say so at once) · the sender's time.
///
/// # Errors
/// The first of these refusals.
pub fn report_release_unknown(
    command: &ReportReleaseUnknown,
    order: &Order,
    view: &View<'_>,
) -> Result<Decision, Stop> {
    let rental = known(command.rental_id, order, view)?;
    let answer = Answer::waiting(rental, "releasing");
    if still_releasing(rental)?.is_some() {
        return Ok(Decision::already_done(&answer));
    }
    let requested_at = rental.requested_at.unwrap_or(order.now);
    let due_at = timing::plus(requested_at, UNKNOWN_AFTER);
    let at = if order.actor.role == Role::Station {
        timing::station_time(order, requested_at).0
    } else {
        timing::due(order, due_at)?;
        due_at
    };
    let unknown = ReleaseOutcomeUnknown {
        rental_id: rental.id,
        customer_id: rental.customer_id,
        device_id: rental.device_id,
        station_id: rental.station_id,
        reason: command.reason.clone(),
    };
    Ok(Decision::recorded(vec![fact(unknown, at)], &answer))
}

/// CancelRelease, in order: rental unknown · cancelled: already done · started · not due. An unknown outcome is due
/// as soon as an inventory has seen the bank in its slot; then refused: seen before the outcome was unknown, or ahead
/// of now, or the ledger does not hold the bank in that slot any more.
///
/// # Errors
/// The first of these refusals.
pub fn cancel_release(command: &CancelRelease, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let rental = known(command.rental_id, order, view)?;
    if is_cancelled(rental) {
        return Ok(Decision::already_done(&Answer::of(rental)));
    }
    if let (Some(unknown_since), Some(seen_at)) = (still_releasing(rental)?, command.seen_in_slot_at) {
        return stayed(rental, (unknown_since, timing::to_micros(seen_at)), command, order, view);
    }
    let due_at = timing::plus(rental.requested_at.unwrap_or(order.now), CANCEL_AFTER);
    timing::due(order, due_at)?;
    cancel_and_mark(
        rental,
        CancelCause::ReleaseUnresolved,
        (due_at, Vec::new()),
        command.reason.as_ref(),
        view,
    )
}

/// The bank was seen in its slot after nobody knew: it did not leave, and nothing is wrong with the slot. A sighting
/// from before proves nothing: the bank may have left after it.
fn stayed(
    rental: &Rental,
    (unknown_since, seen_at): (Time, Time),
    command: &CancelRelease,
    order: &Order,
    view: &View<'_>,
) -> Result<Decision, Stop> {
    if seen_at < unknown_since {
        return Err(Rejection::OccurredAtTooEarly { occurred_at: seen_at, earliest: unknown_since }.into());
    }
    if seen_at > timing::plus(order.now, timing::AHEAD) {
        return Err(Rejection::OccurredAtInFuture { occurred_at: seen_at, now: order.now }.into());
    }
    if !holds_reserved(rental, station::known(rental.station_id, view)?) {
        return Err(Rejection::DeviceElsewhere { device_id: rental.device_id.0 }.into());
    }
    let cause = (CancelCause::SeenInSlot, true);
    let cancelled = cancelled(rental, cause, seen_at, command.reason.clone(), Vec::new());
    Ok(Decision::recorded(vec![cancelled], &Answer::waiting(rental, "cancelled")))
}
