//! From an event to changes of `rentals`.

use domain::{
    Event,
    event::{CorrectedStage, RentalCorrected, RentalRequested, RentalStarted, ReplacementFeeReversed},
    rating::Charge,
    timing,
};
use uuid::Uuid;

use super::{RentalRow, Rentals, RetiredRow, Status, TariffRow};
use crate::{Fact, Impossible, table::Json};

/// The rental whose row an event changes.
fn rental_of(event: &Event) -> Option<Uuid> {
    match event {
        Event::RentalRequested(fact) => Some(fact.rental_id.0),
        Event::RentalStarted(fact) => Some(fact.rental_id.0),
        Event::RentalCancelled(fact) => Some(fact.rental_id.0),
        Event::RentalExtended(fact) => Some(fact.rental_id.0),
        Event::RentalBecameOverdue(fact) => Some(fact.rental_id.0),
        Event::RentalEnded(fact) => Some(fact.rental_id.0),
        Event::RentalSold(fact) => Some(fact.rental_id.0),
        Event::RentalCorrected(fact) => Some(fact.rental_id.0),
        Event::ReplacementFeeReversed(fact) => Some(fact.rental_id.0),
        Event::DeviceRecovered(fact) => Some(fact.rental_id.0),
        Event::ReleaseOutcomeUnknown(_)
        | Event::LateReleaseRecorded(_)
        | Event::ReturnAttemptRecorded(_)
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
        | Event::BatteryRanLow(_)
        | Event::BatteryRecovered(_)
        | Event::DeviceRegistered(_)
        | Event::DeviceDocked(_)
        | Event::DeviceUndocked(_)
        | Event::DeviceMissing(_)
        | Event::MaintenanceStarted(_)
        | Event::MaintenanceCompleted(_)
        | Event::DeviceRetired(_)
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

pub(super) fn want(rows: &mut Rentals, fact: &Fact) {
    if let Some(rental) = rental_of(&fact.event) {
        rows.rental.want((rental,));
        return;
    }
    #[expect(clippy::wildcard_enum_match_arm, reason = "rental_of names every event")]
    match &fact.event {
        Event::TariffPublished(event) => {
            rows.tariff.want((event.tariff.tariff_id.0, version(event.tariff.version)));
        }
        Event::TariffRetired(event) => rows.retired.want((event.tariff_id.0,)),
        _ => {}
    }
}

fn version(version: u32) -> i32 {
    i32::try_from(version).unwrap_or(i32::MAX)
}

pub(super) fn apply(rows: &mut Rentals, fact: &Fact) -> Result<(), Impossible> {
    let position = fact.position.get();
    #[expect(clippy::wildcard_enum_match_arm, reason = "rental_of names every event")]
    let row = match &fact.event {
        Event::TariffPublished(event) => {
            return rows.tariff.insert(TariffRow {
                tariff_id: event.tariff.tariff_id.0,
                version: version(event.tariff.version),
                name: event.tariff.name.as_str().to_owned(),
                effective_from: event.tariff.effective_from,
                is_default: event.is_default,
                terms: Json::of(&event.tariff.terms),
                position,
            });
        }
        Event::TariffRetired(event) => {
            let retired_at = fact.occurred_at;
            return rows.retired.put(RetiredRow { tariff_id: event.tariff_id.0, retired_at, position });
        }
        Event::RentalRequested(event) => return rows.rental.insert(requested(event, position)),
        Event::RentalStarted(event) => return start(rows, event, position),
        other => match rental_of(other) {
            Some(rental) => rows.rental.change((rental,))?,
            None => return Ok(()),
        },
    };
    row.position = position;
    change(row, &fact.event);
    Ok(())
}

/// What an event does to the row of a rental that is there.
fn change(row: &mut RentalRow, event: &Event) {
    #[expect(clippy::wildcard_enum_match_arm, reason = "rental_of names every event")]
    match event {
        Event::RentalCancelled(_) => row.status = Status::Cancelled,
        Event::RentalExtended(event) => {
            row.status = Status::Active;
            row.due_at = Some(event.due_at);
            row.extended_minutes = row.extended_minutes.saturating_add(event.minutes);
        }
        Event::RentalBecameOverdue(_) => row.status = Status::Overdue,
        Event::RentalEnded(event) => {
            row.status = Status::Ended;
            row.ended_at = Some(event.ended_at);
            returned(row, event.station_id.0, event.slot.get());
            charge(row, &event.charge);
        }
        Event::RentalSold(event) => {
            row.status = Status::Sold;
            charge(row, &event.charge);
        }
        Event::RentalCorrected(event) => correct(row, event),
        Event::ReplacementFeeReversed(event) => reverse(row, event),
        Event::DeviceRecovered(event) => {
            row.status = Status::Recovered;
            row.ended_at = Some(event.recovered_at);
            returned(row, event.station_id.0, event.slot.get());
            charge(row, &event.whole);
        }
        _ => {}
    }
}

fn requested(event: &RentalRequested, position: i64) -> RentalRow {
    RentalRow {
        rental_id: event.rental_id.0,
        customer_id: event.customer_id.0,
        device_id: event.device_id.0,
        station_id: event.station_id.0,
        slot: slot(event.slot.get()),
        status: Status::Releasing,
        requested_at: event.requested_at,
        started_at: None,
        due_at: None,
        ended_at: None,
        return_station_id: None,
        return_slot: None,
        tariff_id: event.tariff.tariff_id.0,
        tariff_version: version(event.tariff.version),
        free_minutes: None,
        extended_minutes: 0,
        charge_total: None,
        charge_usage: None,
        charge_late: None,
        charge_replacement: None,
        charge_vat: None,
        position,
    }
}

/// A start makes the row where nothing was requested before, and fills it in where something was.
fn start(rows: &mut Rentals, event: &RentalStarted, position: i64) -> Result<(), Impossible> {
    let requested_at =
        rows.rental.get((event.rental_id.0,))?.map_or(event.started_at, |row| row.requested_at);
    rows.rental.put(RentalRow {
        rental_id: event.rental_id.0,
        customer_id: event.customer_id.0,
        device_id: event.device_id.0,
        station_id: event.station_id.0,
        slot: slot(event.slot.get()),
        status: Status::Active,
        requested_at,
        started_at: Some(event.started_at),
        due_at: Some(event.due_at),
        ended_at: None,
        return_station_id: None,
        return_slot: None,
        tariff_id: event.tariff.tariff_id.0,
        tariff_version: version(event.tariff.version),
        free_minutes: Some(event.free_minutes),
        extended_minutes: 0,
        charge_total: None,
        charge_usage: None,
        charge_late: None,
        charge_replacement: None,
        charge_vat: None,
        position,
    })
}

fn slot(slot: u16) -> i16 {
    i16::try_from(slot).unwrap_or(i16::MAX)
}

fn returned(row: &mut RentalRow, station: Uuid, number: u16) {
    row.return_station_id = Some(station);
    row.return_slot = Some(slot(number));
}

fn charge(row: &mut RentalRow, charge: &Charge) {
    row.charge_total = Some(charge.total.shillings());
    row.charge_usage = Some(charge.usage.shillings());
    row.charge_late = Some(charge.late.shillings());
    row.charge_replacement = Some(charge.replacement.shillings());
    row.charge_vat = Some(charge.vat.shillings());
}

fn correct(row: &mut RentalRow, event: &RentalCorrected) {
    row.status = match event.stage {
        CorrectedStage::Ended => Status::Ended,
        CorrectedStage::Sold => Status::Sold,
        CorrectedStage::Recovered => Status::Recovered,
    };
    if let Some(started_at) = event.started_at {
        // It is due as long after the start as it was.
        let later = row.started_at.map(|before| started_at - before);
        row.due_at = row.due_at.zip(later).map(|(due_at, later)| timing::plus(due_at, later));
        row.started_at = Some(started_at);
    }
    row.ended_at = event.ended_at.or(row.ended_at);
    if let Some(evidence) = &event.evidence {
        returned(row, evidence.place.station_id.0, evidence.place.slot.get());
    }
    charge(row, &event.charge);
}

/// The replacement fee is taken out; what stays is the rest of the charge.
fn reverse(row: &mut RentalRow, event: &ReplacementFeeReversed) {
    let less =
        |value: Option<i64>, by: domain::Money| value.map(|value| value.saturating_sub(by.shillings()));
    let amounts = event.reversed.amounts;
    row.charge_total = less(row.charge_total, amounts.total());
    row.charge_usage = less(row.charge_usage, amounts.usage);
    row.charge_late = less(row.charge_late, amounts.late);
    row.charge_replacement = less(row.charge_replacement, amounts.replacement);
    row.charge_vat = less(row.charge_vat, event.reversed.vat.total());
}
