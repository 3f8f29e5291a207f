//! Putting up and changing stations; their reachability; their slots.

use serde::Serialize;

use super::{Service, Slot, Station};
use crate::{
    Actor, Event, Rejection, Role, View,
    command::{
        BringStationOnline, ChangeStation, ClearSlotFault, DisableSlot, EnableSlot, RegisterStation,
        ReportSlotFault, TakeStationOffline,
    },
    decide::{Decision, Order, Stop, fact},
    event::{
        SlotDisabled, SlotEnabled, SlotFaultCleared, SlotFaultReported, StationCameOnline, StationChanged,
        StationRegistered, StationWentOffline,
    },
    ids::{DeviceId, StationId, TariffId},
    timing,
    values::SlotNumber,
    view::{Claim, Found},
};

#[derive(Serialize)]
struct Answer {
    station_id: StationId,
}

#[derive(Serialize)]
struct SlotAnswer {
    station_id: StationId,
    slot: SlotNumber,
}

/// The station, if there is one.
///
/// # Errors
/// `station_unknown`.
pub(crate) fn known<'a>(id: StationId, view: &View<'a>) -> Result<&'a Station, Stop> {
    view.station(id)?.here().ok_or_else(|| Rejection::StationUnknown { station_id: id.0 }.into())
}

/// The station, if there is one and the actor may speak for it: a station speaks for itself only.
///
/// # Errors
/// `station_unknown`.
pub(crate) fn own<'a>(id: StationId, actor: Actor, view: &View<'a>) -> Result<&'a Station, Stop> {
    if actor.role == Role::Station && actor.subject != id.0 {
        return Err(Rejection::StationUnknown { station_id: id.0 }.into());
    }
    known(id, view)
}

/// The slot of that number.
///
/// # Errors
/// `slot_unknown`.
fn slot_of(station: &Station, number: SlotNumber) -> Result<Slot, Rejection> {
    station.slot(number).ok_or_else(|| Rejection::SlotUnknown {
        station_id: station.id.0,
        slot: number.get(),
        slots: station.slot_count(),
    })
}

/// Whether `device` can be put into that slot, in order: slot unknown · occupied by another · faulty · disabled.
///
/// # Errors
/// The first of these refusals.
pub(crate) fn check_empty_slot(
    station: &Station,
    number: SlotNumber,
    device: DeviceId,
) -> Result<(), Rejection> {
    let station_id = station.id.0;
    let slot = number.get();
    let present = slot_of(station, number)?;
    match present.device {
        Some(other) if other != device => {
            Err(Rejection::SlotOccupied { station_id, slot, device_id: other.0 })
        }
        Some(_) | None if present.faulty => Err(Rejection::SlotFaulty { station_id, slot }),
        Some(_) | None if present.disabled => Err(Rejection::SlotIsDisabled { station_id, slot }),
        Some(_) | None => Ok(()),
    }
}

fn check_tariff(tariff_id: Option<TariffId>, view: &View<'_>) -> Result<(), Stop> {
    let Some(tariff_id) = tariff_id else { return Ok(()) };
    let catalogue = view.catalogue()?;
    if catalogue.newest(tariff_id).is_none() {
        return Err(Rejection::TariffUnknown { tariff_id: Some(tariff_id.0) }.into());
    }
    if catalogue.is_retired(tariff_id) {
        return Err(Rejection::TariffRetired { tariff_id: tariff_id.0 }.into());
    }
    Ok(())
}

/// RegisterStation, in order: the same station again: already done · the sender's time · tariff unknown or
/// retired · code taken · id taken.
///
/// # Errors
/// The first of these refusals.
pub fn register(command: &RegisterStation, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let station_id = command.station_id.unwrap_or(StationId(order.seeds.minted));
    let found = view.station(station_id)?;
    if let Found::Here(station) = &found
        && same(station, command)
    {
        return Ok(Decision::already_done(&Answer { station_id }));
    }
    let occurred_at = timing::occurred(order)?;
    check_tariff(command.tariff_id, view)?;
    let claim = Claim { kind: Claim::STATION_CODE, value: command.code.as_str().to_owned() };
    if let Some(holder) = view.holder(claim.clone())? {
        return Err(Rejection::StationCodeTaken { station_id: holder }.into());
    }
    match found {
        Found::Absent => {}
        Found::Here(_) | Found::OtherKind => return Err(Rejection::IdTaken { id: station_id.0 }.into()),
    }
    let registered = StationRegistered {
        station_id,
        code: command.code.clone(),
        name: command.name.clone(),
        latitude: command.latitude,
        longitude: command.longitude,
        slots: command.slots,
        release_mode: command.release_mode,
        tariff_id: command.tariff_id,
    };
    Ok(Decision::recorded_with(
        vec![fact(registered, occurred_at)],
        vec![(claim, station_id.0)],
        &Answer { station_id },
    ))
}

fn same(station: &Station, command: &RegisterStation) -> bool {
    station.code == command.code
        && station.name == command.name
        && station.latitude == command.latitude
        && station.longitude == command.longitude
        && station.slot_count() == command.slots.get()
        && station.release_mode == command.release_mode
        && station.tariff_id == command.tariff_id
}

/// ChangeStation, in order: station unknown · nothing would change: already done · the sender's time ·
/// decommissioned · slots would become fewer · tariff unknown or retired.
///
/// # Errors
/// The first of these refusals.
pub fn change(command: &ChangeStation, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let station_id = command.station_id;
    let station = known(station_id, view)?;
    let changed = StationChanged {
        station_id,
        name: command.name.clone(),
        latitude: command.latitude,
        longitude: command.longitude,
        slots: command.slots,
        release_mode: command.release_mode,
        tariff_id: command.tariff_id,
        renting: command.renting,
        returning: command.returning,
        service: command.service,
    };
    let slots = command.slots.map_or(station.slot_count(), crate::values::SlotCount::get);
    if slots >= station.slot_count() {
        let after = station.clone().evolve(&Event::from(changed.clone()), order.now);
        if after.as_ref() == Some(station) {
            return Ok(Decision::already_done(&Answer { station_id }));
        }
    }
    let occurred_at = timing::occurred(order)?;
    if station.service == Service::Decommissioned {
        return Err(Rejection::StationDecommissioned { station_id: station_id.0 }.into());
    }
    if slots < station.slot_count() {
        return Err(Rejection::SlotsCannotShrink { slots: station.slot_count() }.into());
    }
    check_tariff(command.tariff_id, view)?;
    Ok(Decision::recorded(vec![fact(changed, occurred_at)], &Answer { station_id }))
}

/// TakeStationOffline: unknown · offline already: already done.
///
/// # Errors
/// `station_unknown`, and the sender's time.
pub fn take_offline(command: &TakeStationOffline, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let station_id = command.station_id;
    if !known(station_id, view)?.online {
        return Ok(Decision::already_done(&Answer { station_id }));
    }
    let went = StationWentOffline { station_id, reason: command.reason.clone() };
    Ok(Decision::recorded(vec![fact(went, timing::occurred(order)?)], &Answer { station_id }))
}

/// BringStationOnline: unknown · online already: already done.
///
/// # Errors
/// `station_unknown`, and the sender's time.
pub fn bring_online(command: &BringStationOnline, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let station_id = command.station_id;
    if known(station_id, view)?.online {
        return Ok(Decision::already_done(&Answer { station_id }));
    }
    let came = StationCameOnline { station_id };
    Ok(Decision::recorded(vec![fact(came, timing::occurred(order)?)], &Answer { station_id }))
}

/// One change of one slot: station unknown · slot unknown · as asked: already done · the sender's time.
fn mark(
    (station_id, slot): (StationId, SlotNumber),
    order: &Order,
    view: &View<'_>,
    is_done: impl FnOnce(Slot) -> bool,
    event: impl FnOnce() -> Event,
) -> Result<Decision, Stop> {
    let station = own(station_id, order.actor, view)?;
    let answer = SlotAnswer { station_id, slot };
    if is_done(slot_of(station, slot)?) {
        return Ok(Decision::already_done(&answer));
    }
    Ok(Decision::recorded(vec![fact(event(), timing::occurred(order)?)], &answer))
}

/// DisableSlot.
///
/// # Errors
/// `station_unknown`, `slot_unknown`, and the sender's time.
pub fn disable_slot(command: &DisableSlot, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let (station_id, slot) = (command.station_id, command.slot);
    mark(
        (station_id, slot),
        order,
        view,
        |now| now.disabled,
        || SlotDisabled { station_id, slot, reason: command.reason.clone() }.into(),
    )
}

/// EnableSlot.
///
/// # Errors
/// As [`disable_slot`].
pub fn enable_slot(command: &EnableSlot, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let (station_id, slot) = (command.station_id, command.slot);
    mark((station_id, slot), order, view, |now| !now.disabled, || SlotEnabled { station_id, slot }.into())
}

/// ReportSlotFault.
///
/// # Errors
/// As [`disable_slot`].
pub fn report_fault(command: &ReportSlotFault, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let (station_id, slot) = (command.station_id, command.slot);
    mark(
        (station_id, slot),
        order,
        view,
        |now| now.faulty,
        || SlotFaultReported { station_id, slot, reason: command.reason.clone() }.into(),
    )
}

/// ClearSlotFault.
///
/// # Errors
/// As [`disable_slot`].
pub fn clear_fault(command: &ClearSlotFault, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let (station_id, slot) = (command.station_id, command.slot);
    mark((station_id, slot), order, view, |now| !now.faulty, || SlotFaultCleared { station_id, slot }.into())
}
