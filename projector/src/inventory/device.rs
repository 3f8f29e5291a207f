//! From an event to where a device is: the same transitions as the device's own state in the domain.

use domain::{
    Event, Time,
    event::{CorrectedStage, Place, ReturnEvidence},
    values::Percent,
};
use uuid::Uuid;

use super::{DeviceRow, DeviceStatus, Inventory};
use crate::{Fact, Impossible};

/// The device whose row an event changes.
pub(super) fn device_of(event: &Event) -> Option<Uuid> {
    match event {
        Event::DeviceRegistered(fact) => Some(fact.device_id.0),
        Event::DeviceDocked(fact) => Some(fact.device_id.0),
        Event::DeviceUndocked(fact) => Some(fact.device_id.0),
        Event::DeviceMissing(fact) => Some(fact.device_id.0),
        Event::BatteryRanLow(fact) => Some(fact.device_id.0),
        Event::BatteryRecovered(fact) => Some(fact.device_id.0),
        Event::MaintenanceStarted(fact) => Some(fact.device_id.0),
        Event::MaintenanceCompleted(fact) => Some(fact.device_id.0),
        Event::DeviceRetired(fact) => Some(fact.device_id.0),
        Event::RentalRequested(fact) => Some(fact.device_id.0),
        Event::RentalStarted(fact) => Some(fact.device_id.0),
        Event::RentalCancelled(fact) => Some(fact.device_id.0),
        Event::LateReleaseRecorded(fact) => Some(fact.device_id.0),
        Event::RentalEnded(fact) => Some(fact.device_id.0),
        Event::RentalSold(fact) => Some(fact.device_id.0),
        Event::RentalCorrected(fact) => Some(fact.device_id.0),
        Event::DeviceRecovered(fact) => Some(fact.device_id.0),
        Event::ReleaseOutcomeUnknown(_)
        | Event::ReturnAttemptRecorded(_)
        | Event::RentalExtended(_)
        | Event::RentalBecameOverdue(_)
        | Event::ReplacementFeeReversed(_)
        | Event::CustomerRegistered(_)
        | Event::CustomerVerified(_)
        | Event::CustomerSuspended(_)
        | Event::CustomerReinstated(_)
        | Event::ProfileUpdated(_)
        | Event::CustomerErased(_)
        | Event::TariffPublished(_)
        | Event::TariffRetired(_)
        | Event::StationRegistered(_)
        | Event::StationChanged(_)
        | Event::StationWentOffline(_)
        | Event::StationCameOnline(_)
        | Event::SlotDisabled(_)
        | Event::SlotEnabled(_)
        | Event::SlotFaultReported(_)
        | Event::SlotFaultCleared(_)
        | Event::PaymentInitiated(_)
        | Event::PaymentPrompted(_)
        | Event::PaymentWasDeclined(_)
        | Event::PaymentOutcomeUnknown(_)
        | Event::PaymentChargedBack(_)
        | Event::ApprovalRequested(_)
        | Event::ActionRejected(_)
        | Event::ReceiptAssigned(_)
        | Event::ReceiptRefundRequested(_)
        | Event::RefundRequested(_)
        | Event::RefundApproved(_)
        | Event::RefundRejected(_)
        | Event::RefundSubmitted(_)
        | Event::RefundOutcomeUnknown(_)
        | Event::RefundPaid(_)
        | Event::RefundFailed(_)
        | Event::BreakOpened(_)
        | Event::BreakExplained(_)
        | Event::BreakClosed(_)
        | Event::BalanceAdjusted(_)
        | Event::DebtWrittenOff(_)
        | Event::PeriodClosed(_)
        | Event::LedgerRestored(_)
        | Event::ProjectionEventSkipped(_)
        | Event::ProviderFeeRecorded(_)
        | Event::ProviderPayoutRecorded(_)
        | Event::PaymentSettled(_)
        | Event::PaymentExpired(_)
        | Event::ReceiptUnmatched(_) => None,
    }
}

pub(super) fn apply(rows: &mut Inventory, fact: &Fact) -> Result<(), Impossible> {
    let Some(device) = device_of(&fact.event) else { return Ok(()) };
    if let Event::DeviceRegistered(event) = &fact.event {
        return rows.device.insert(DeviceRow {
            device_id: device,
            serial: event.serial.as_str().to_owned(),
            capacity_mah: event
                .capacity_mah
                .map(|capacity| i32::try_from(capacity.get()).unwrap_or(i32::MAX)),
            status: DeviceStatus::Provisioned,
            station_id: None,
            slot: None,
            rental_id: None,
            battery_percent: None,
            since: fact.occurred_at,
            registered_at: fact.occurred_at,
            gone_at: None,
            position: fact.position.get(),
        });
    }
    let row = rows.device.change((device,))?;
    row.position = fact.position.get();
    change(row, &fact.event, fact.occurred_at);
    Ok(())
}

fn change(row: &mut DeviceRow, event: &Event, at: Time) {
    #[expect(clippy::wildcard_enum_match_arm, reason = "device_of names every event")]
    match event {
        Event::DeviceDocked(event) => {
            battery(row, event.battery_percent);
            let seen_at = event.evidence.as_ref().map_or(at, |evidence| evidence.observed_at);
            dock(row, Place { station_id: event.station_id, slot: event.slot }, seen_at);
        }
        Event::DeviceUndocked(_) => {
            let status = match row.status {
                DeviceStatus::Maintenance => DeviceStatus::Maintenance,
                DeviceStatus::Retired => DeviceStatus::Retired,
                DeviceStatus::Provisioned
                | DeviceStatus::Docked
                | DeviceStatus::Releasing
                | DeviceStatus::Rented
                | DeviceStatus::Lost
                | DeviceStatus::Sold => DeviceStatus::Provisioned,
            };
            become_(row, status, None, None, at);
        }
        Event::BatteryRanLow(event) => battery(row, Some(event.battery_percent)),
        Event::BatteryRecovered(event) => battery(row, Some(event.battery_percent)),
        Event::DeviceMissing(_) if row.status == DeviceStatus::Retired => {
            become_(row, DeviceStatus::Retired, None, None, at);
        }
        Event::DeviceMissing(_) => become_(row, DeviceStatus::Lost, None, None, at),
        Event::MaintenanceStarted(event) => become_(row, DeviceStatus::Maintenance, event.at, None, at),
        Event::MaintenanceCompleted(event) => {
            battery(row, event.battery_percent);
            let status = event.at.map_or(DeviceStatus::Provisioned, |_| DeviceStatus::Docked);
            become_(row, status, event.at, None, at);
        }
        Event::DeviceRetired(_) => become_(row, DeviceStatus::Retired, None, None, at),
        Event::RentalRequested(event) => {
            let place = Place { station_id: event.station_id, slot: event.slot };
            become_(row, DeviceStatus::Releasing, Some(place), Some(event.rental_id.0), event.requested_at);
        }
        Event::RentalStarted(event) => {
            become_(row, DeviceStatus::Rented, None, Some(event.rental_id.0), event.started_at);
        }
        Event::RentalCancelled(event) => {
            let place = Place { station_id: event.station_id, slot: event.slot };
            let (status, place) =
                if event.docked { (DeviceStatus::Docked, Some(place)) } else { (DeviceStatus::Lost, None) };
            become_(row, status, place, None, at);
        }
        Event::LateReleaseRecorded(event) if event.lost => become_(row, DeviceStatus::Lost, None, None, at),
        Event::RentalEnded(event) => returned(row, &event.evidence, true),
        Event::RentalSold(event) => {
            become_(row, DeviceStatus::Sold, None, Some(event.rental_id.0), event.sold_at);
        }
        Event::RentalCorrected(event) => {
            let sold = row.status == DeviceStatus::Sold && row.rental_id == Some(event.rental_id.0);
            if event.stage == CorrectedStage::Ended && sold {
                // Not sold any more, and nobody has seen it.
                become_(row, DeviceStatus::Lost, None, None, at);
            }
            if let Some(evidence) = &event.evidence {
                battery(row, evidence.battery_percent);
                if let Some(place) = event.docked {
                    dock(row, place, evidence.observed_at);
                }
            }
        }
        Event::DeviceRecovered(event) => returned(row, &event.evidence, event.docked),
        _ => {}
    }
}

fn returned(row: &mut DeviceRow, evidence: &ReturnEvidence, docked: bool) {
    battery(row, evidence.battery_percent);
    if docked {
        dock(row, evidence.place, evidence.observed_at);
    }
}

fn battery(row: &mut DeviceRow, percent: Option<Percent>) {
    if let Some(percent) = percent {
        row.battery_percent = Some(i16::from(percent.get()));
    }
}

/// A bank that is being looked after or retired stays so when it is put into a slot.
fn dock(row: &mut DeviceRow, place: Place, at: Time) {
    let status = match row.status {
        DeviceStatus::Maintenance => DeviceStatus::Maintenance,
        DeviceStatus::Retired => DeviceStatus::Retired,
        DeviceStatus::Provisioned
        | DeviceStatus::Docked
        | DeviceStatus::Releasing
        | DeviceStatus::Rented
        | DeviceStatus::Lost
        | DeviceStatus::Sold => DeviceStatus::Docked,
    };
    become_(row, status, Some(place), None, at);
}

fn become_(
    row: &mut DeviceRow,
    status: DeviceStatus,
    place: Option<Place>,
    rental: Option<Uuid>,
    since: Time,
) {
    row.gone_at = match status {
        DeviceStatus::Lost | DeviceStatus::Sold | DeviceStatus::Retired => row.gone_at.or(Some(since)),
        DeviceStatus::Provisioned
        | DeviceStatus::Docked
        | DeviceStatus::Releasing
        | DeviceStatus::Rented
        | DeviceStatus::Maintenance => None,
    };
    row.status = status;
    row.station_id = place.map(|place| place.station_id.0);
    row.slot = place.map(|place| super::fold::slot_number(place.slot.get()));
    row.rental_id = rental;
    row.since = since;
}
