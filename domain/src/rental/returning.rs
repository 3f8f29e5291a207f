//! Returns, in time and late.
//!
//! Which rental a return belongs to: a return within five minutes of one already recorded for this device, station
//! and slot is already done, whatever has happened since, and so is one for a device still docked there by a return
//! whose billed end is not later. Otherwise it belongs to the rental that was running at its time. The first two
//! rules give way where the return would end the rental of its time earlier than is known, or where the bank had
//! left again by its stated time: the bill must not depend on which report came first.
//!
//! DeviceReturned is refused, in this order: device unknown · another station's · (recorded before: already done) ·
//! the sender's time · a time of the last absence from others than stations · station unknown · slot unknown · for
//! agents and admins: station or slot that cannot take it · a time before the start.

use chrono::TimeDelta;

use super::{
    start::{customer_of, leave},
    state::{Rental, Stage},
    transition::{Arrival, Bill, Payer, Settled, settle_with},
};
use crate::{
    Money, Rejection, Role, StationId, Time, View,
    command::DeviceReturned,
    decide::{Decision, Order, Stop, fact},
    device::{self, Device, ReturnSeen, Run, Whereabouts},
    event::{DeviceDocked, Place, RentalEnded, ReturnEvidence, Review},
    purse::Debited,
    rating,
    station::{self, Station},
    timing,
    view::Found,
};

/// Two reports of one return are at most this far apart.
const SAME_RETURN: TimeDelta = TimeDelta::minutes(5);
/// A station that did not look for longer than this is billed to this before the observation, and looked into.
const LONGEST_ABSENCE: TimeDelta = TimeDelta::minutes(60);

/// A return as it was reported, its time settled.
struct Report<'a> {
    order: &'a Order,
    command: &'a DeviceReturned,
    place: Place,
    observed_at: Time,
    absent_at: Option<Time>,
    review: Vec<Review>,
}

impl Report<'_> {
    /// The billed end that follows from this return for a rental that started then, and what is odd about it.
    fn billed(&self, started_at: Time) -> (Time, Vec<Review>) {
        let mut review = self.review.clone();
        let Some(absent_at) = self.absent_at else { return (self.observed_at.max(started_at), review) };
        let from = absent_at.max(started_at);
        let longest = timing::plus(self.observed_at, -LONGEST_ABSENCE);
        if from < longest {
            review.push(Review::LongAbsence);
        }
        (from.max(longest), review)
    }

    fn evidence(&self, billed_at: Time) -> ReturnEvidence {
        ReturnEvidence {
            place: self.place,
            observed_at: self.observed_at,
            last_seen_absent_at: self.absent_at,
            arrived_at: self.order.now,
            billed_at,
            battery_percent: self.command.battery_percent,
        }
    }

    /// The same report with the arrival as its time, because the stated one cannot be.
    fn at_arrival(&self) -> Report<'_> {
        let suspect = self.order.stated_at.map(|_| Review::ClockSuspect);
        Report {
            order: self.order,
            command: self.command,
            place: self.place,
            observed_at: self.order.now,
            absent_at: None,
            review: suspect.into_iter().collect(),
        }
    }
}

/// DeviceReturned.
///
/// # Errors
/// See the module.
pub fn device_returned(command: &DeviceReturned, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let no_device = Rejection::DeviceUnknown {
        device_id: command.device_id.map(|id| id.0),
        serial: command.serial.clone(),
    };
    let device = device::resolve(&command.device().map_err(|_| no_device)?, view)?;
    check_own(command.station_id, order, view)?;
    let report = read(command, order);
    if let Some(done) = reported_before(device, &report, view)? {
        return Ok(done);
    }
    check_sender(command, order)?;
    let station = station::known(command.station_id, view)?;
    check_place(station, device, &report)?;
    match belongs_to(device, &report, view)? {
        Belongs::Releasing(rental) => put_back(rental, device, station, &report, view),
        Belongs::Running(rental, started_at) => end(rental, device, station, &report, started_at, view),
        Belongs::Suspect(rental, started_at) => {
            end(rental, device, station, &report.at_arrival(), started_at, view)
        }
        Belongs::Closed(rental, started_at) => amend(rental, device, station, &report, started_at, view),
        Belongs::Nobody => dock(device, station, &report, view),
    }
}

/// A station speaks for itself only, and learns nothing of what others reported.
pub(super) fn check_own(station_id: StationId, order: &Order, view: &View<'_>) -> Result<(), Stop> {
    if order.actor.role == Role::Station {
        station::own(station_id, order.actor, view)?;
    }
    Ok(())
}

/// What others than stations may not say: a time outside their window, an interval.
fn check_sender(command: &DeviceReturned, order: &Order) -> Result<(), Rejection> {
    if order.actor.role == Role::Station {
        return Ok(());
    }
    timing::occurred(order)?;
    match command.last_seen_absent_at {
        Some(_) => Err(Rejection::LastSeenAbsentNotAllowed),
        None => Ok(()),
    }
}

/// Settles the time of the report. A station's is never refused: one ahead of now becomes the arrival.
fn read<'a>(command: &'a DeviceReturned, order: &'a Order) -> Report<'a> {
    let place = Place { station_id: command.station_id, slot: command.slot };
    if order.actor.role != Role::Station {
        let observed_at = order.stated_at.unwrap_or(order.now);
        return Report { order, command, place, observed_at, absent_at: None, review: Vec::new() };
    }
    let absent_at = command.last_seen_absent_at.map(timing::to_micros);
    let (observed_at, review) = timing::station_time(order, Time::MIN_UTC);
    let suspect = review.contains(&Review::ClockSuspect);
    let absent_at = absent_at.filter(|absent| !suspect && *absent <= observed_at);
    Report { order, command, place, observed_at, absent_at, review }
}

/// The decision, if this return was recorded before.
fn reported_before(device: &Device, report: &Report<'_>, view: &View<'_>) -> Result<Option<Decision>, Stop> {
    let near = |seen: &&ReturnSeen| {
        seen.place == report.place && (report.observed_at - seen.observed_at).abs() <= SAME_RETURN
    };
    let repeated = device.returns.iter().rev().find(near).copied();
    let still_there = || {
        let by = device.docked_by()?;
        (by.place == report.place && by.billed_at <= report.observed_at).then_some(by)
    };
    let Some(seen) = repeated.or_else(still_there) else { return Ok(None) };
    if is_leaving_again(device, &seen, report) || ends_earlier(device, report, view)? {
        return Ok(None);
    }
    let Some(rental_id) = seen.rental_id else {
        return Ok(Some(Decision::already_done(&Bill::none("docked"))));
    };
    let Some(rental) = view.rental(rental_id)?.here() else { return Ok(None) };
    let purse = customer_of(rental, view)?.purse;
    Ok(Some(Decision::already_done(&Bill::of(rental, purse))))
}

/// Whether the bank was asked for after that return and before the stated time of this one: then it is another
/// return, however soon it came.
fn is_leaving_again(device: &Device, seen: &ReturnSeen, report: &Report<'_>) -> bool {
    match device.whereabouts {
        Whereabouts::Releasing { requested_at, .. } => {
            let stated = report.order.stated_at.is_some();
            stated && seen.observed_at <= requested_at && requested_at < report.observed_at
        }
        Whereabouts::Provisioned
        | Whereabouts::Docked { .. }
        | Whereabouts::Rented { .. }
        | Whereabouts::Maintenance { .. }
        | Whereabouts::Lost
        | Whereabouts::Sold { .. }
        | Whereabouts::Retired { .. } => false,
    }
}

/// Whether the rental that had started by then is not known to have ended so early. Of a rental without any
/// return, only a stated time says so: an unstated one is the arrival of what may be a repetition.
fn ends_earlier(device: &Device, report: &Report<'_>, view: &View<'_>) -> Result<bool, Stop> {
    let Some(run) = device.run_at(report.observed_at) else { return Ok(false) };
    let Some(meter) = view.rental(run.rental_id)?.here().and_then(Rental::meter) else { return Ok(false) };
    Ok(match meter.returned_at {
        Some(known) => report.billed(run.started_at).0 < known,
        None => report.order.stated_at.is_some() && run.started_at < report.observed_at,
    })
}

/// A station's report is refused only for a slot that does not exist; staff need one that can take the bank.
fn check_place(station: &Station, device: &Device, report: &Report<'_>) -> Result<(), Rejection> {
    let (station_id, slot) = (station.id.0, report.place.slot);
    if station.slot(slot).is_none() {
        let slots = station.slot_count();
        return Err(Rejection::SlotUnknown { station_id, slot: slot.get(), slots });
    }
    if report.order.actor.role == Role::Station {
        return Ok(());
    }
    match station.status() {
        "online" if station.returning => station::check_empty_slot(station, slot, device.id),
        "online" => Err(Rejection::StationNotReturning { station_id }),
        status => Err(Rejection::StationOffline { station_id, station_status: status }),
    }
}

/// What a return belongs to.
enum Belongs<'a> {
    /// A rental whose bank was just being released.
    Releasing(&'a Rental),
    /// A running rental, with its start.
    Running(&'a Rental, Time),
    /// The running rental, although the stated time lies before its start.
    Suspect(&'a Rental, Time),
    /// A closed rental that was running then.
    Closed(&'a Rental, Time),
    /// No rental.
    Nobody,
}

fn belongs_to<'a>(device: &Device, report: &Report<'_>, view: &View<'a>) -> Result<Belongs<'a>, Stop> {
    if let Some(run) = device.run_at(report.observed_at)
        && let Found::Here(rental) = view.rental(run.rental_id)?
        && let Some(belongs) = ran_then(rental, run, report)
    {
        return Ok(belongs);
    }
    let Some((rental_id, _)) = device.whereabouts.open_rental() else { return Ok(Belongs::Nobody) };
    let unknown = Rejection::RentalUnknown { rental_id: rental_id.0 };
    let rental = view.rental(rental_id)?.here().ok_or(unknown)?;
    let never_refused = report.order.actor.role == Role::Station || report.order.stated_at.is_none();
    let began_at = rental.meter().map(|meter| meter.started_at).or(rental.requested_at);
    let earliest = began_at.unwrap_or(report.observed_at);
    if report.observed_at < earliest && !never_refused {
        let occurred_at = report.observed_at;
        return Err(Rejection::OccurredAtTooEarly { occurred_at, earliest }.into());
    }
    Ok(match rental.meter() {
        None => Belongs::Releasing(rental),
        // A later start was recorded for this bank, and that rental is over: this one runs on.
        Some(_) if earliest <= report.observed_at => Belongs::Running(rental, earliest),
        Some(_) => Belongs::Suspect(rental, earliest),
    })
}

fn ran_then<'a>(rental: &'a Rental, run: Run, report: &Report<'_>) -> Option<Belongs<'a>> {
    match &rental.stage {
        Stage::Running { .. } => Some(Belongs::Running(rental, run.started_at)),
        Stage::Closed { meter, .. } => {
            let (billed_at, _) = report.billed(run.started_at);
            let earlier = meter.returned_at.is_none_or(|known| billed_at < known);
            earlier.then_some(Belongs::Closed(rental, run.started_at))
        }
        Stage::Releasing { .. } | Stage::Cancelled { .. } => None,
    }
}

/// The bank that stood there before is gone, then what the return means.
fn with_displaced(
    station: &Station,
    device: &Device,
    report: &Report<'_>,
    settled: Settled,
    view: &View<'_>,
) -> Result<Decision, Stop> {
    let displaced = device::displaced(station, report.place.slot, device.id, report.observed_at, view)?;
    let facts = displaced.into_iter().chain(settled.facts).collect();
    Ok(Decision::recorded(facts, &settled.bill))
}

fn end(
    rental: &Rental,
    device: &Device,
    station: &Station,
    report: &Report<'_>,
    started_at: Time,
    view: &View<'_>,
) -> Result<Decision, Stop> {
    let payer = Payer::of(customer_of(rental, view)?);
    let (billed_at, review) = report.billed(started_at);
    let evidence = report.evidence(billed_at);
    let Some(meter) = rental.meter() else { return dock(device, station, report, view) };
    let arrival = Arrival::Return { evidence, docks: true, review };
    let settled = settle_with(rental, &meter.with_return(billed_at), payer, arrival);
    with_displaced(station, device, report, settled, view)
}

/// A return for a rental that is closed already: the bill moves to the earlier end; the bank moves only if nothing
/// later is known of it.
fn amend(
    rental: &Rental,
    device: &Device,
    station: &Station,
    report: &Report<'_>,
    started_at: Time,
    view: &View<'_>,
) -> Result<Decision, Stop> {
    let payer = Payer::of(customer_of(rental, view)?);
    let (billed_at, review) = report.billed(started_at);
    let evidence = report.evidence(billed_at);
    let Some(meter) = rental.meter() else { return dock(device, station, report, view) };
    let free = device.whereabouts.open_rental().is_none();
    let docks = free && device.sighted_at <= report.observed_at;
    let arrival = Arrival::Return { evidence, docks, review };
    let mut settled = settle_with(rental, &meter.with_return(billed_at), payer, arrival);
    if settled.facts.is_empty() {
        return Ok(Decision::already_done(&settled.bill));
    }
    if docks {
        // Another station thought to have it: it must learn that it has not.
        let elsewhere = device.whereabouts.place().filter(|place| place.station_id != station.id);
        let gone = elsewhere.map(|place| device::gone_from(device.id, place, report.observed_at));
        settled.facts.splice(..0, gone);
        return with_displaced(station, device, report, settled, view);
    }
    Ok(Decision::recorded(settled.facts, &settled.bill))
}

/// The bank came back while it was being released: started and ended in one moment, for nothing.
fn put_back(
    rental: &Rental,
    device: &Device,
    station: &Station,
    report: &Report<'_>,
    view: &View<'_>,
) -> Result<Decision, Stop> {
    let customer = customer_of(rental, view)?;
    let requested_at = rental.requested_at.unwrap_or(report.observed_at);
    let at_arrival = report.at_arrival();
    let report = if report.observed_at < requested_at { &at_arrival } else { report };
    let at = report.observed_at.max(requested_at);
    let from = Place { station_id: rental.station_id, slot: rental.slot };
    let started = leave(rental.id, customer, device.id, from, &rental.tariff, at);
    let charge = rating::not_taken(at);
    let bill = Bill::new(rental, "ended", Some(at), Some(charge.clone()), customer.purse);
    let ended = RentalEnded {
        rental_id: rental.id,
        customer_id: rental.customer_id,
        device_id: device.id,
        station_id: report.place.station_id,
        slot: report.place.slot,
        started_at: at,
        ended_at: at,
        charge,
        debited: Debited { deposit: Money::ZERO, debt: Money::ZERO },
        evidence: ReturnEvidence { observed_at: at, ..report.evidence(at) },
        review: report.review.clone(),
    };
    let settled = Settled { facts: vec![fact(started, at), fact(ended, at)], bill };
    with_displaced(station, device, report, settled, view)
}

/// No rental is concerned: the bank is taken in, unless something later is known of it.
fn dock(device: &Device, station: &Station, report: &Report<'_>, view: &View<'_>) -> Result<Decision, Stop> {
    let there = device.whereabouts.place() == Some(report.place);
    if there || report.observed_at < device.sighted_at {
        return Ok(Decision::already_done(&Bill::none("docked")));
    }
    let left = device.whereabouts.place().map(|p| p.station_id).filter(|left| *left != station.id);
    let docked = DeviceDocked {
        device_id: device.id,
        station_id: station.id,
        slot: report.place.slot,
        battery_percent: report.command.battery_percent,
        left,
        rental_id: None,
        evidence: Some(report.evidence(report.observed_at)),
        review: report.review.clone(),
    };
    let facts = vec![fact(docked, report.observed_at)];
    with_displaced(station, device, report, Settled { facts, bill: Bill::none("docked") }, view)
}
