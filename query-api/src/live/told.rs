//! What the streams tell of an event, and an event on its way to them.

use domain::{
    Event,
    event::{
        RentalBecameOverdue, RentalCancelled, RentalEnded, RentalExtended, RentalRequested, RentalSold,
        RentalStarted,
    },
};
use ledger::Envelope;
use uuid::Uuid;

/// An event that some stream may have to tell.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(super) position: i64,
    pub(super) id: Uuid,
    /// The ids of the streams of the ledger that it is in.
    pub(super) streams: Vec<Uuid>,
    /// Nothing if this program cannot read it.
    pub(super) event: Option<Event>,
    /// The serial of a requested device.
    pub(super) serial: Option<String>,
    /// The request that a start or a cancellation settles, if there was one.
    pub(super) settles: Option<Uuid>,
}

impl Heard {
    /// Reads an event; what else must be known of it is not known yet.
    pub(super) fn read(envelope: &Envelope) -> Self {
        let event = Event::decode(&envelope.event_type, envelope.schema_version, &envelope.payload);
        if let Err(error) = &event {
            tracing::error!(position = %envelope.position, %error, "an event cannot be told: its streams end");
        }
        Self {
            position: envelope.position.get(),
            id: envelope.id,
            streams: envelope.streams.iter().map(|stream| stream.id).collect(),
            event: event.ok(),
            serial: None,
            settles: None,
        }
    }

    /// The stream whose first event has what else must be known: the device's, or the rental's.
    pub(super) fn needs_first_of(&self) -> Option<Uuid> {
        match self.told() {
            Told::Requested(event) => Some(event.device_id.0),
            Told::Started(event) => Some(event.rental_id.0),
            Told::Cancelled(event) => Some(event.rental_id.0),
            Told::Extended(_) | Told::Overdue(_) | Told::Ended(_) | Told::Sold(_) | Told::Nothing => None,
        }
    }

    pub(super) fn told(&self) -> Told<'_> {
        self.event.as_ref().map_or(Told::Nothing, told)
    }
}

/// What of an event is told.
#[derive(Debug, Clone, Copy)]
pub(super) enum Told<'a> {
    Requested(&'a RentalRequested),
    Started(&'a RentalStarted),
    Extended(&'a RentalExtended),
    Overdue(&'a RentalBecameOverdue),
    Ended(&'a RentalEnded),
    Sold(&'a RentalSold),
    Cancelled(&'a RentalCancelled),
    Nothing,
}

fn told(event: &Event) -> Told<'_> {
    match event {
        Event::RentalRequested(event) => Told::Requested(event),
        Event::RentalStarted(event) => Told::Started(event),
        Event::RentalExtended(event) => Told::Extended(event),
        Event::RentalBecameOverdue(event) => Told::Overdue(event),
        Event::RentalEnded(event) => Told::Ended(event),
        Event::RentalSold(event) => Told::Sold(event),
        Event::RentalCancelled(event) => Told::Cancelled(event),
        // What comes after the end of a rental, or changes neither its state nor its times.
        Event::RentalCorrected(_)
        | Event::ReplacementFeeReversed(_)
        | Event::DeviceRecovered(_)
        | Event::ReleaseOutcomeUnknown(_)
        | Event::LateReleaseRecorded(_)
        | Event::ReturnAttemptRecorded(_)
        | Event::CustomerRegistered(_)
        | Event::CustomerVerified(_)
        | Event::CustomerSuspended(_)
        | Event::CustomerReinstated(_)
        | Event::ProfileUpdated(_)
        | Event::CustomerErased(_)
        | Event::BatteryRanLow(_)
        | Event::BatteryRecovered(_)
        | Event::PaymentExpired(_)
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
        | Event::ReceiptUnmatched(_) => Told::Nothing,
    }
}
