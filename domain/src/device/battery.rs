//! How full a bank is: only crossing a threshold is a fact; each reading is telemetry.
//!
//! A bank below [`MIN_BATTERY_PERCENT`] is low and is not handed out. It counts as low until it has reached
//! [`HEALTHY_BATTERY_PERCENT`]: a bank that stands at the threshold while it charges makes two events and not two
//! hundred.

use serde::Serialize;

use super::{
    Device,
    decide::{check_ours, resolve},
};
use crate::{
    Rejection, Role, View,
    command::ReportBattery,
    decide::{Decision, Order, Stop, fact},
    event::{BatteryRanLow, BatteryRecovered, Place},
    ids::{DeviceId, StationId},
    timing,
    values::Percent,
};

/// A bank with less in it is not handed out.
pub const MIN_BATTERY_PERCENT: u8 = 20;
/// A bank that ran low is well again from here on: as far above the minimum as readings of one bank differ in a
/// charging slot.
pub const HEALTHY_BATTERY_PERCENT: u8 = 30;

#[derive(Serialize)]
struct Answer {
    device_id: DeviceId,
    /// What is known of it now.
    battery_percent: Option<Percent>,
}

/// What a reading means for what is known.
enum Crossing {
    RanLow,
    Recovered,
}

/// Whether a bank of which that is known is low.
fn is_low(known: Option<Percent>) -> bool {
    known.is_some_and(|percent| percent.get() < MIN_BATTERY_PERCENT)
}

fn crossing(known: Option<Percent>, read: Percent) -> Option<Crossing> {
    match (is_low(known), read.get()) {
        (false, percent) if percent < MIN_BATTERY_PERCENT => Some(Crossing::RanLow),
        (true, percent) if percent >= HEALTHY_BATTERY_PERCENT => Some(Crossing::Recovered),
        (false | true, _) => None,
    }
}

/// Whether a reading is a fact, given what is known.
#[must_use]
pub fn crosses_threshold(known: Option<Percent>, read: Percent) -> bool {
    crossing(known, read).is_some()
}

/// ReportBattery, in order: device unknown · no threshold is crossed: already done · the sender's time · rented,
/// sold, retired (in no slot) · not at the reporting station, or not in the slot that was named · a time before the device's
/// last fact.
///
/// # Errors
/// The first of these refusals.
pub fn report_battery(command: &ReportBattery, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let unknown = Rejection::DeviceUnknown {
        device_id: command.device_id.map(|id| id.0),
        serial: command.serial.clone(),
    };
    let device = resolve(&command.device().map_err(|_| unknown)?, view)?;
    let (device_id, battery_percent) = (device.id, command.battery_percent);
    let Some(crossing) = crossing(device.battery_percent, battery_percent) else {
        let answer = Answer { device_id, battery_percent: device.battery_percent };
        return Ok(Decision::already_done(&answer));
    };
    let occurred_at = timing::occurred(order)?;
    let at = read_at(command, order, device)?;
    let occurred_at = timing::not_before(order, occurred_at, device.last_fact_at)?;
    let crossed = match crossing {
        Crossing::RanLow => fact(BatteryRanLow { device_id, battery_percent, at }, occurred_at),
        Crossing::Recovered => fact(BatteryRecovered { device_id, battery_percent, at }, occurred_at),
    };
    let answer = Answer { device_id, battery_percent: Some(battery_percent) };
    Ok(Decision::recorded(vec![crossed], &answer))
}

/// Where the bank stands, if it stands where the reading says.
fn read_at(command: &ReportBattery, order: &Order, device: &Device) -> Result<Option<Place>, Rejection> {
    // A bank that is being released still stands in its slot, and its charge can be read there.
    if device.whereabouts.place().is_none() {
        check_ours(device)?;
    }
    let at = device.whereabouts.place();
    let reporter = (order.actor.role == Role::Station).then_some(StationId(order.actor.subject));
    let elsewhere = |named: Option<StationId>| named.is_some_and(|id| at.map(|p| p.station_id) != Some(id));
    let other_slot = command.slot.is_some_and(|slot| at.map(|p| p.slot) != Some(slot));
    if elsewhere(reporter) || elsewhere(command.station_id) || other_slot {
        return Err(Rejection::DeviceElsewhere { device_id: device.id.0 });
    }
    Ok(at)
}
