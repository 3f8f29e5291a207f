//! From an event to changes of stations and slots.

use domain::{
    Event,
    event::{ReleaseMode, StationChanged, StationRegistered},
};
use uuid::Uuid;

use super::{Inventory, Service, SlotRow, StationRow};
use crate::{Fact, Impossible};

/// A slot's number as it is stored; numbers end at 200.
pub(super) fn slot_number(slot: u16) -> i16 {
    i16::try_from(slot).unwrap_or(i16::MAX)
}

pub(super) fn want(rows: &mut Inventory, fact: &Fact) {
    #[expect(clippy::wildcard_enum_match_arm, reason = "device_of names every event")]
    match &fact.event {
        Event::StationRegistered(event) => {
            rows.station.want((event.station_id.0,));
            (1..=event.slots.get()).for_each(|slot| rows.slot.want((event.station_id.0, slot_number(slot))));
        }
        Event::StationChanged(event) => {
            rows.station.want((event.station_id.0,));
            let slots = event.slots.map_or(0, |slots| slots.get());
            (1..=slots).for_each(|slot| rows.slot.want((event.station_id.0, slot_number(slot))));
        }
        Event::StationWentOffline(event) => rows.station.want((event.station_id.0,)),
        Event::StationCameOnline(event) => rows.station.want((event.station_id.0,)),
        Event::SlotDisabled(event) => rows.slot.want((event.station_id.0, slot_number(event.slot.get()))),
        Event::SlotEnabled(event) => rows.slot.want((event.station_id.0, slot_number(event.slot.get()))),
        Event::SlotFaultReported(event) => {
            rows.slot.want((event.station_id.0, slot_number(event.slot.get())))
        }
        Event::SlotFaultCleared(event) => rows.slot.want((event.station_id.0, slot_number(event.slot.get()))),
        _ => {}
    }
}

pub(super) fn apply(rows: &mut Inventory, fact: &Fact) -> Result<(), Impossible> {
    let position = fact.position.get();
    #[expect(clippy::wildcard_enum_match_arm, reason = "device_of names every event")]
    match &fact.event {
        Event::StationRegistered(event) => {
            rows.station.insert(registered(event, position))?;
            add_slots(rows, event.station_id.0, event.slots.get(), position)
        }
        Event::StationChanged(event) => {
            change(rows.station.change((event.station_id.0,))?, event, position);
            add_slots(rows, event.station_id.0, event.slots.map_or(0, |slots| slots.get()), position)
        }
        Event::StationWentOffline(event) => online(rows, event.station_id.0, false, position),
        Event::StationCameOnline(event) => online(rows, event.station_id.0, true, position),
        Event::SlotDisabled(event) => {
            mark(rows, event.station_id.0, event.slot.get(), position, |slot| slot.disabled = true)
        }
        Event::SlotEnabled(event) => {
            mark(rows, event.station_id.0, event.slot.get(), position, |slot| slot.disabled = false)
        }
        Event::SlotFaultReported(event) => {
            mark(rows, event.station_id.0, event.slot.get(), position, |slot| slot.faulty = true)
        }
        Event::SlotFaultCleared(event) => {
            mark(rows, event.station_id.0, event.slot.get(), position, |slot| slot.faulty = false)
        }
        _ => Ok(()),
    }
}

const fn release_mode(mode: ReleaseMode) -> &'static str {
    match mode {
        ReleaseMode::Instant => "instant",
        ReleaseMode::Confirmed => "confirmed",
    }
}

const fn service(service: domain::station::Service) -> Service {
    match service {
        domain::station::Service::InService => Service::InService,
        domain::station::Service::Maintenance => Service::Maintenance,
        domain::station::Service::Decommissioned => Service::Decommissioned,
    }
}

fn registered(event: &StationRegistered, position: i64) -> StationRow {
    StationRow {
        station_id: event.station_id.0,
        code: event.code.as_str().to_owned(),
        name: event.name.as_str().to_owned(),
        latitude: event.latitude.degrees(),
        longitude: event.longitude.degrees(),
        slots: slot_number(event.slots.get()),
        release_mode: release_mode(event.release_mode).to_owned(),
        tariff_id: event.tariff_id.map(|tariff| tariff.0),
        service: Service::InService,
        online: true,
        rents_out: true,
        takes_back: true,
        position,
    }
}

fn change(row: &mut StationRow, event: &StationChanged, position: i64) {
    if let Some(name) = &event.name {
        name.as_str().clone_into(&mut row.name);
    }
    if let Some(mode) = event.release_mode {
        release_mode(mode).clone_into(&mut row.release_mode);
    }
    row.latitude = event.latitude.map_or(row.latitude, domain::values::Degrees::degrees);
    row.longitude = event.longitude.map_or(row.longitude, domain::values::Degrees::degrees);
    row.slots = event.slots.map_or(row.slots, |slots| slot_number(slots.get()));
    row.tariff_id = event.tariff_id.map(|tariff| tariff.0).or(row.tariff_id);
    row.rents_out = event.renting.unwrap_or(row.rents_out);
    row.takes_back = event.returning.unwrap_or(row.takes_back);
    row.service = event.service.map_or(row.service, service);
    row.position = position;
}

/// Slots only become more; those that are there stay as they are.
fn add_slots(rows: &mut Inventory, station_id: Uuid, slots: u16, position: i64) -> Result<(), Impossible> {
    for slot in (1..=slots).map(slot_number) {
        if rows.slot.get((station_id, slot))?.is_none() {
            rows.slot.insert(SlotRow { station_id, slot, faulty: false, disabled: false, position })?;
        }
    }
    Ok(())
}

fn online(rows: &mut Inventory, station: Uuid, online: bool, position: i64) -> Result<(), Impossible> {
    let row = rows.station.change((station,))?;
    row.online = online;
    row.position = position;
    Ok(())
}

fn mark(
    rows: &mut Inventory,
    station: Uuid,
    slot: u16,
    position: i64,
    change: impl FnOnce(&mut SlotRow),
) -> Result<(), Impossible> {
    let row = rows.slot.change((station, slot_number(slot)))?;
    change(row);
    row.position = position;
    Ok(())
}
