//! StartRental: who may rent which bank, and on what terms.
//!
//! Refused, in this order: customer unknown · the sender's time · customer not active · debt · an open rental already ·
//! station unknown, offline, not renting · tariff not to be named by this role, none in force · deposit below the
//! tariff's · slot unknown, empty, faulty, disabled, reserved · battery low, device in maintenance or retired · a
//! time before the facts it follows · id taken. The same rental again is already done.

use serde::Serialize;

use super::state::Rental;
use crate::{
    DeviceId, Rejection, RentalId, Role, StationId, Time, View,
    command::StartRental,
    customer::{self, Customer, Status},
    decide::{Decision, Order, Stop, fact},
    device::{self, Device, MIN_BATTERY_PERCENT, Whereabouts},
    event::{Place, ReleaseMode, RentalRequested, RentalStarted},
    ids::TariffId,
    station::{self, Station},
    tariff::{Catalogue, NotInForce, Tariff},
    timing,
    values::SlotNumber,
    view::Found,
};

#[derive(Serialize)]
struct Answer<'a> {
    rental_id: RentalId,
    status: &'static str,
    device_id: DeviceId,
    station_id: StationId,
    slot: SlotNumber,
    started_at: Option<Time>,
    due_at: Option<Time>,
    tariff: &'a Tariff,
}

/// StartRental.
///
/// # Errors
/// See the module.
pub fn start(command: &StartRental, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let rental_id = command.rental_id.unwrap_or(RentalId(order.seeds.minted));
    let found = view.rental(rental_id)?;
    let customer = customer::known(command.customer_id, order.actor, view)?;
    if let Found::Here(rental) = &found
        && same(rental, command)
    {
        return Ok(Decision::already_done(&first_answer(rental)));
    }
    let occurred_at = timing::occurred(order)?;
    check_customer(customer)?;
    let station = station::known(command.station_id, view)?;
    check_station(station)?;
    let catalogue = view.catalogue()?;
    let mut tariff = in_force(command, station, order.actor.role, occurred_at, catalogue)?;
    if customer.purse.balance < tariff.terms.deposit {
        let (balance, required) = (customer.purse.balance, tariff.terms.deposit);
        return Err(Rejection::DepositInsufficient { balance, required }.into());
    }
    let device = device_in(station, command.slot, view)?;
    check_device(device)?;
    let earliest = customer.last_ended_at.max(device.docked_at).unwrap_or(occurred_at);
    let started_at = timing::not_before(order, occurred_at, earliest)?;
    if started_at != occurred_at {
        tariff = in_force(command, station, order.actor.role, started_at, catalogue)?;
    }
    if !matches!(found, Found::Absent) {
        return Err(Rejection::IdTaken { id: rental_id.0 }.into());
    }
    Ok(match station.release_mode {
        ReleaseMode::Instant => started(rental_id, command, device, tariff, customer, started_at),
        ReleaseMode::Confirmed => requested(rental_id, command, device, tariff, started_at),
    })
}

fn same(rental: &Rental, command: &StartRental) -> bool {
    rental.customer_id == command.customer_id
        && rental.station_id == command.station_id
        && rental.asked.slot == command.slot
        && command.tariff_id.is_none_or(|named| named == rental.tariff.tariff_id)
}

fn first_answer(rental: &Rental) -> Answer<'_> {
    let started = rental.meter().filter(|_| rental.requested_at.is_none());
    Answer {
        rental_id: rental.id,
        status: if started.is_some() { "active" } else { "releasing" },
        device_id: rental.asked.device_id,
        station_id: rental.station_id,
        slot: rental.asked.slot,
        started_at: started.map(|meter| meter.started_at),
        due_at: started.map(|meter| timing::plus_minutes(meter.started_at, rental.tariff.terms.term_minutes)),
        tariff: &rental.tariff,
    }
}

fn check_customer(customer: &Customer) -> Result<(), Rejection> {
    let customer_id = customer.id.0;
    if customer.status != Status::Active {
        return Err(customer::not_active(customer));
    }
    if !customer.purse.debt.is_zero() {
        return Err(Rejection::CustomerHasDebt { customer_id, debt: customer.purse.debt });
    }
    match customer.open {
        Some(open) => Err(Rejection::RentalAlreadyOpen { customer_id, rental_id: open.0 }),
        None => Ok(()),
    }
}

fn check_station(station: &Station) -> Result<(), Rejection> {
    let station_id = station.id.0;
    match station.status() {
        "online" if station.renting => Ok(()),
        "online" => Err(Rejection::StationNotRenting { station_id }),
        status => Err(Rejection::StationOffline { station_id, station_status: status }),
    }
}

/// The version in force: of the tariff that was named, else of the station's, else of the default one.
fn in_force<'a>(
    command: &StartRental,
    station: &Station,
    role: Role,
    start: Time,
    catalogue: &'a Catalogue,
) -> Result<&'a Tariff, Rejection> {
    let may_name = matches!(role, Role::Agent | Role::Support | Role::Admin);
    if command.tariff_id.is_some() && !may_name {
        return Err(Rejection::TariffNotAllowed);
    }
    let named: Option<TariffId> = command.tariff_id.or(station.tariff_id);
    catalogue.in_force(named, start).map_err(|why| match why {
        NotInForce::Unknown => Rejection::TariffUnknown { tariff_id: named.map(|id| id.0) },
        NotInForce::Retired(id) => Rejection::TariffRetired { tariff_id: id.0 },
        NotInForce::NotEffective(id, effective_from) => {
            Rejection::TariffNotEffective { tariff_id: id.0, effective_from }
        }
    })
}

fn device_in<'a>(station: &Station, number: SlotNumber, view: &View<'a>) -> Result<&'a Device, Stop> {
    let (station_id, slot) = (station.id.0, number.get());
    let unknown = Rejection::SlotUnknown { station_id, slot, slots: station.slot_count() };
    let present = station.slot(number).ok_or(unknown)?;
    let device_id = present.device.ok_or(Rejection::SlotEmpty { station_id, slot })?;
    if present.faulty {
        return Err(Rejection::SlotFaulty { station_id, slot }.into());
    }
    if present.disabled {
        return Err(Rejection::SlotIsDisabled { station_id, slot }.into());
    }
    let device = device::known(device_id, view)?;
    match device.whereabouts {
        Whereabouts::Releasing { .. } => Err(Rejection::SlotReserved { station_id, slot }.into()),
        Whereabouts::Docked { .. }
        | Whereabouts::Provisioned
        | Whereabouts::Rented { .. }
        | Whereabouts::Maintenance { .. }
        | Whereabouts::Lost
        | Whereabouts::Sold { .. }
        | Whereabouts::Retired { .. } => Ok(device),
    }
}

/// A bank whose charge crossed no threshold since it was last known is trusted to be as it was.
fn check_device(device: &Device) -> Result<(), Rejection> {
    let device_id = device.id.0;
    if let Some(percent) = device.battery_percent.map(crate::values::Percent::get)
        && percent < MIN_BATTERY_PERCENT
    {
        return Err(Rejection::BatteryLow {
            device_id,
            battery_percent: percent,
            minimum: MIN_BATTERY_PERCENT,
        });
    }
    match device.whereabouts {
        Whereabouts::Docked { .. } => Ok(()),
        Whereabouts::Maintenance { .. } => Err(Rejection::DeviceInMaintenance { device_id }),
        Whereabouts::Retired { .. } => Err(Rejection::DeviceRetired { device_id }),
        Whereabouts::Provisioned
        | Whereabouts::Releasing { .. }
        | Whereabouts::Rented { .. }
        | Whereabouts::Lost
        | Whereabouts::Sold { .. } => {
            Err(Rejection::DeviceNotPlaced { device_id, device_status: device.whereabouts.as_str() })
        }
    }
}

/// The fact that a bank left: the meter starts, with free minutes if the customer has any left that day.
pub(super) fn leave(
    rental_id: RentalId,
    customer: &Customer,
    device: DeviceId,
    from: Place,
    tariff: &Tariff,
    started_at: Time,
) -> RentalStarted {
    let terms = &tariff.terms;
    let free_left = customer.starts_on_day_of(started_at) < terms.free_rentals_per_day;
    RentalStarted {
        rental_id,
        customer_id: customer.id,
        device_id: device,
        station_id: from.station_id,
        slot: from.slot,
        started_at,
        due_at: timing::plus_minutes(started_at, terms.term_minutes),
        free_minutes: if free_left { terms.free_minutes } else { 0 },
        tariff: tariff.clone(),
        reason: None,
        review: Vec::new(),
    }
}

fn started(
    rental_id: RentalId,
    command: &StartRental,
    device: &Device,
    tariff: &Tariff,
    customer: &Customer,
    started_at: Time,
) -> Decision {
    let from = Place { station_id: command.station_id, slot: command.slot };
    let started = leave(rental_id, customer, device.id, from, tariff, started_at);
    let answer = Answer {
        rental_id,
        status: "active",
        device_id: device.id,
        station_id: from.station_id,
        slot: from.slot,
        started_at: Some(started_at),
        due_at: Some(started.due_at),
        tariff,
    };
    Decision::recorded(vec![fact(started, started_at)], &answer)
}

fn requested(
    rental_id: RentalId,
    command: &StartRental,
    device: &Device,
    tariff: &Tariff,
    requested_at: Time,
) -> Decision {
    let requested = RentalRequested {
        rental_id,
        customer_id: command.customer_id,
        device_id: device.id,
        station_id: command.station_id,
        slot: command.slot,
        requested_at,
        tariff: tariff.clone(),
    };
    let answer = Answer {
        rental_id,
        status: "releasing",
        device_id: device.id,
        station_id: command.station_id,
        slot: command.slot,
        started_at: None,
        due_at: None,
        tariff,
    };
    Decision::recorded(vec![fact(requested, requested_at)], &answer)
}

/// The rental, if the actor may know of it: a customer knows their own, a station those that began there.
///
/// # Errors
/// `rental_unknown`.
pub(super) fn known<'a>(id: RentalId, order: &Order, view: &View<'a>) -> Result<&'a Rental, Stop> {
    let unknown = || Rejection::RentalUnknown { rental_id: id.0 };
    let rental = view.rental(id)?.here().ok_or_else(unknown)?;
    let theirs = match order.actor.role {
        Role::Customer => rental.customer_id.0 == order.actor.subject,
        Role::Station => rental.station_id.0 == order.actor.subject,
        Role::Agent
        | Role::Support
        | Role::Finance
        | Role::Analyst
        | Role::Admin
        | Role::Payments
        | Role::System => true,
    };
    if theirs { Ok(rental) } else { Err(unknown().into()) }
}

/// The customer of a rental.
///
/// # Errors
/// `customer_unknown`, which a recorded rental makes impossible.
pub(super) fn customer_of<'a>(rental: &Rental, view: &View<'a>) -> Result<&'a Customer, Stop> {
    let unknown = || Rejection::CustomerUnknown { customer_id: rental.customer_id.0 };
    view.customer(rental.customer_id)?.here().ok_or_else(|| unknown().into())
}
