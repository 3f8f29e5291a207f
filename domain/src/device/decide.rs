//! Registering, docking, undocking, missing and maintained devices.

use serde::Serialize;

use super::{Device, Whereabouts};
use crate::{
    Rejection, Role, Time, View,
    command::{
        CompleteMaintenance, DeviceRef, DockDevice, RegisterDevice, ReportDeviceMissing, RetireDevice,
        StartMaintenance, UndockDevice,
    },
    decide::{Decision, Fact, Order, Stop, fact},
    event::{
        DeviceDocked, DeviceMissing, DeviceRegistered, DeviceRetired, DeviceUndocked, MaintenanceCompleted,
        MaintenanceStarted, Place, Review,
    },
    ids::{DeviceId, StationId},
    station::{self, Station},
    timing,
    values::SlotNumber,
    view::{Claim, Found},
};

#[derive(Serialize)]
struct Answer {
    device_id: DeviceId,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    station_id: Option<StationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slot: Option<SlotNumber>,
}

impl Answer {
    fn at(device_id: DeviceId, status: &'static str, place: Option<Place>) -> Answer {
        Answer { device_id, status, station_id: place.map(|p| p.station_id), slot: place.map(|p| p.slot) }
    }
}

/// The device of that id.
///
/// # Errors
/// `device_unknown`.
pub(crate) fn known<'a>(id: DeviceId, view: &View<'a>) -> Result<&'a Device, Stop> {
    let unknown = || Rejection::DeviceUnknown { device_id: Some(id.0), serial: None };
    view.device(id)?.here().ok_or_else(|| unknown().into())
}

/// The device that a command speaks of, by id or by serial.
///
/// # Errors
/// `device_unknown`.
pub(crate) fn resolve<'a>(device: &DeviceRef<'_>, view: &View<'a>) -> Result<&'a Device, Stop> {
    match device {
        DeviceRef::Id(id) => known(*id, view),
        DeviceRef::Serial(serial) => {
            let claim = Claim { kind: Claim::DEVICE_SERIAL, value: serial.as_str().to_owned() };
            let unknown = || Rejection::DeviceUnknown { device_id: None, serial: Some((*serial).clone()) };
            let id = view.holder(claim)?.ok_or_else(unknown)?;
            known(DeviceId(id), view)
        }
    }
}

/// The fact that the bank which the ledger held in that slot is not there any more, if another one is. A bank that
/// is being released from there is left alone: the answer to its release will say where it is.
pub(crate) fn displaced(
    station: &Station,
    slot: SlotNumber,
    by: DeviceId,
    at: Time,
    view: &View<'_>,
) -> Result<Option<Fact>, Stop> {
    let held = station.slot(slot).and_then(|slot| slot.device).filter(|held| *held != by);
    let Some(before) = held else { return Ok(None) };
    if known(before, view)?.whereabouts.open_rental().is_some() {
        return Ok(None);
    }
    Ok(Some(gone_from(before, Place { station_id: station.id, slot }, at)))
}

/// The fact that a bank is not in the place where it was thought to be.
pub(crate) fn gone_from(device_id: DeviceId, place: Place, at: Time) -> Fact {
    let review = vec![Review::Displaced];
    fact(DeviceMissing { device_id, last: Some(place), reason: None, review }, at)
}

/// RegisterDevice, in order: the same device again: already done · the sender's time · serial taken · id taken.
///
/// # Errors
/// The first of these refusals.
pub fn register(command: &RegisterDevice, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let device_id = command.device_id.unwrap_or(DeviceId(order.seeds.minted));
    let answer = Answer::at(device_id, "provisioned", None);
    let found = view.device(device_id)?;
    if let Found::Here(device) = &found
        && device.serial == command.serial
        && device.capacity_mah == command.capacity_mah
    {
        return Ok(Decision::already_done(&answer));
    }
    let occurred_at = timing::occurred(order)?;
    let claim = Claim { kind: Claim::DEVICE_SERIAL, value: command.serial.as_str().to_owned() };
    if let Some(holder) = view.holder(claim.clone())? {
        return Err(Rejection::SerialTaken { device_id: holder }.into());
    }
    match found {
        Found::Absent => {}
        Found::Here(_) | Found::OtherKind => return Err(Rejection::IdTaken { id: device_id.0 }.into()),
    }
    let registered =
        DeviceRegistered { device_id, serial: command.serial.clone(), capacity_mah: command.capacity_mah };
    let claims = vec![(claim, device_id.0)];
    Ok(Decision::recorded_with(vec![fact(registered, occurred_at)], claims, &answer))
}

/// DockDevice, in order: device unknown · there already: already done · the sender's time · rented, sold, retired,
/// in maintenance · station unknown, decommissioned · slot unknown, occupied, faulty, disabled · earlier than the
/// device's last fact.
///
/// # Errors
/// The first of these refusals.
pub fn dock(command: &DockDevice, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let device = known(command.device_id, view)?;
    let (device_id, station_id, slot) = (device.id, command.station_id, command.slot);
    let place = Place { station_id, slot };
    let answer = Answer::at(device_id, "docked", Some(place));
    if device.whereabouts == (Whereabouts::Docked { at: place }) {
        return Ok(Decision::already_done(&answer));
    }
    let occurred_at = timing::occurred(order)?;
    match device.whereabouts {
        Whereabouts::Sold { .. } => return Err(Rejection::DeviceSold { device_id: device_id.0 }.into()),
        Whereabouts::Maintenance { .. } => {
            return Err(Rejection::DeviceInMaintenance { device_id: device_id.0 }.into());
        }
        Whereabouts::Provisioned
        | Whereabouts::Docked { .. }
        | Whereabouts::Releasing { .. }
        | Whereabouts::Rented { .. }
        | Whereabouts::Lost
        | Whereabouts::Retired { .. } => check_at_hand(device)?,
    }
    let station = station::known(station_id, view)?;
    if station.status() == "decommissioned" {
        return Err(Rejection::StationDecommissioned { station_id: station_id.0 }.into());
    }
    station::check_empty_slot(station, slot, device_id)?;
    let occurred_at = timing::not_before(order, occurred_at, device.last_fact_at)?;
    let left = device.whereabouts.place().map(|p| p.station_id).filter(|left| *left != station_id);
    let docked = DeviceDocked {
        device_id,
        station_id,
        slot,
        battery_percent: Some(command.battery_percent),
        left,
        rental_id: None,
        evidence: None,
        review: Vec::new(),
    };
    Ok(Decision::recorded(vec![fact(docked, occurred_at)], &answer))
}

/// Refuses what staff may not do to a bank that is out, leaving, or retired.
fn check_at_hand(device: &Device) -> Result<(), Rejection> {
    if let Some((rental_id, _)) = device.whereabouts.open_rental() {
        return Err(Rejection::DeviceRented { device_id: device.id.0, rental_id: rental_id.0 });
    }
    if let Whereabouts::Retired { .. } = device.whereabouts {
        return Err(Rejection::DeviceRetired { device_id: device.id.0 });
    }
    Ok(())
}

/// Rented, retired, or sold: not ours to decide about.
pub(super) fn check_ours(device: &Device) -> Result<(), Rejection> {
    check_at_hand(device)?;
    match device.whereabouts {
        Whereabouts::Sold { .. } => Err(Rejection::DeviceSold { device_id: device.id.0 }),
        Whereabouts::Provisioned
        | Whereabouts::Docked { .. }
        | Whereabouts::Releasing { .. }
        | Whereabouts::Rented { .. }
        | Whereabouts::Maintenance { .. }
        | Whereabouts::Lost
        | Whereabouts::Retired { .. } => Ok(()),
    }
}

/// UndockDevice, in order: device unknown · in no slot, with us: already done · the sender's time · rented · lost or
/// sold. A retired bank that was put into a slot all the same is taken out of it and stays retired.
///
/// # Errors
/// The first of these refusals.
pub fn undock(command: &UndockDevice, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let device = known(command.device_id, view)?;
    let device_id = device.id;
    match device.whereabouts {
        Whereabouts::Provisioned
        | Whereabouts::Maintenance { at: None }
        | Whereabouts::Retired { at: None } => {
            let status = device.whereabouts.as_str();
            return Ok(Decision::already_done(&Answer::at(device_id, status, None)));
        }
        Whereabouts::Docked { .. }
        | Whereabouts::Releasing { .. }
        | Whereabouts::Rented { .. }
        | Whereabouts::Maintenance { .. }
        | Whereabouts::Lost
        | Whereabouts::Sold { .. }
        | Whereabouts::Retired { .. } => {}
    }
    let occurred_at = timing::occurred(order)?;
    if !matches!(device.whereabouts, Whereabouts::Retired { .. }) {
        check_at_hand(device)?;
    }
    let status = device.whereabouts.as_str();
    let not_placed = Rejection::DeviceNotPlaced { device_id: device_id.0, device_status: status };
    let Place { station_id, slot } = device.whereabouts.place().ok_or(not_placed)?;
    let occurred_at = timing::not_before(order, occurred_at, device.last_fact_at)?;
    let undocked = DeviceUndocked { device_id, station_id, slot, reason: command.reason.clone() };
    let after = match device.whereabouts {
        Whereabouts::Maintenance { .. } => "maintenance",
        Whereabouts::Retired { .. } => "retired",
        Whereabouts::Provisioned
        | Whereabouts::Docked { .. }
        | Whereabouts::Releasing { .. }
        | Whereabouts::Rented { .. }
        | Whereabouts::Lost
        | Whereabouts::Sold { .. } => "provisioned",
    };
    Ok(Decision::recorded(vec![fact(undocked, occurred_at)], &Answer::at(device_id, after, None)))
}

/// ReportDeviceMissing, in order: device unknown · lost already: already done · the sender's time · rented,
/// retired · sold · not at the reporting station, or not in the slot that was named.
///
/// # Errors
/// The first of these refusals.
pub fn report_missing(
    command: &ReportDeviceMissing,
    order: &Order,
    view: &View<'_>,
) -> Result<Decision, Stop> {
    let device = resolve(&command.device().map_err(|_| unknown(command))?, view)?;
    let device_id = device.id;
    let answer = Answer::at(device_id, "lost", None);
    if device.whereabouts == Whereabouts::Lost {
        return Ok(Decision::already_done(&answer));
    }
    let occurred_at = timing::occurred(order)?;
    check_ours(device)?;
    let last = device.whereabouts.place();
    let reporter = (order.actor.role == Role::Station).then_some(StationId(order.actor.subject));
    let elsewhere = |named: Option<StationId>| named.is_some_and(|id| last.map(|p| p.station_id) != Some(id));
    let other_slot = command.slot.is_some_and(|slot| last.map(|p| p.slot) != Some(slot));
    if elsewhere(reporter) || elsewhere(command.station_id) || other_slot {
        return Err(Rejection::DeviceElsewhere { device_id: device_id.0 }.into());
    }
    let occurred_at = timing::not_before(order, occurred_at, device.last_fact_at)?;
    let review = timing::late_upload(order, occurred_at);
    let missing = DeviceMissing { device_id, last, reason: command.reason.clone(), review };
    Ok(Decision::recorded(vec![fact(missing, occurred_at)], &answer))
}

fn unknown(command: &ReportDeviceMissing) -> Rejection {
    Rejection::DeviceUnknown { device_id: command.device_id.map(|id| id.0), serial: command.serial.clone() }
}

/// StartMaintenance, in order: device unknown · in maintenance: already done · the sender's time · rented, retired
/// · sold.
///
/// # Errors
/// The first of these refusals.
pub fn start_maintenance(
    command: &StartMaintenance,
    order: &Order,
    view: &View<'_>,
) -> Result<Decision, Stop> {
    let device = known(command.device_id, view)?;
    let device_id = device.id;
    let at = device.whereabouts.place();
    let answer = Answer::at(device_id, "maintenance", at);
    if let Whereabouts::Maintenance { .. } = device.whereabouts {
        return Ok(Decision::already_done(&answer));
    }
    let occurred_at = timing::occurred(order)?;
    check_ours(device)?;
    let occurred_at = timing::not_before(order, occurred_at, device.last_fact_at)?;
    let started = MaintenanceStarted { device_id, at, reason: command.reason.clone() };
    Ok(Decision::recorded(vec![fact(started, occurred_at)], &answer))
}

/// CompleteMaintenance, in order: device unknown · with us or docked: already done · the sender's time · not in
/// maintenance.
///
/// # Errors
/// The first of these refusals.
pub fn complete_maintenance(
    command: &CompleteMaintenance,
    order: &Order,
    view: &View<'_>,
) -> Result<Decision, Stop> {
    let device = known(command.device_id, view)?;
    let device_id = device.id;
    match device.whereabouts {
        Whereabouts::Provisioned | Whereabouts::Docked { .. } => {
            let status = device.whereabouts.as_str();
            Ok(Decision::already_done(&Answer::at(device_id, status, device.whereabouts.place())))
        }
        Whereabouts::Maintenance { at } => {
            let occurred_at = timing::occurred(order)?;
            let occurred_at = timing::not_before(order, occurred_at, device.last_fact_at)?;
            let completed = MaintenanceCompleted {
                device_id,
                at,
                battery_percent: command.battery_percent,
                reason: command.reason.clone(),
            };
            let status = if at.is_some() { "docked" } else { "provisioned" };
            Ok(Decision::recorded(vec![fact(completed, occurred_at)], &Answer::at(device_id, status, at)))
        }
        Whereabouts::Releasing { .. }
        | Whereabouts::Rented { .. }
        | Whereabouts::Lost
        | Whereabouts::Sold { .. }
        | Whereabouts::Retired { .. } => {
            let status = device.whereabouts.as_str();
            Err(Rejection::DeviceNotInMaintenance { device_id: device_id.0, device_status: status }.into())
        }
    }
}

/// RetireDevice, in order: device unknown · retired: already done · the sender's time · rented · sold.
///
/// # Errors
/// The first of these refusals.
pub fn retire(command: &RetireDevice, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let device = known(command.device_id, view)?;
    let device_id = device.id;
    let answer = Answer::at(device_id, "retired", None);
    if let Whereabouts::Retired { .. } = device.whereabouts {
        return Ok(Decision::already_done(&answer));
    }
    let occurred_at = timing::occurred(order)?;
    check_ours(device)?;
    let occurred_at = timing::not_before(order, occurred_at, device.last_fact_at)?;
    let at = device.whereabouts.place();
    let retired = DeviceRetired { device_id, at, reason: command.reason.clone() };
    Ok(Decision::recorded(vec![fact(retired, occurred_at)], &answer))
}
