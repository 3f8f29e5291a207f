//! From an event to the rows of `cases`.

use domain::{Event, StreamKind, event::Review};
use uuid::Uuid;

use super::{Cases, ReviewRow};
use crate::Fact;

/// Why a person has to look at the event.
fn reviews(event: &Event) -> &[Review] {
    match event {
        Event::DeviceDocked(event) => &event.review,
        Event::DeviceMissing(event) => &event.review,
        Event::RentalStarted(event) => &event.review,
        Event::RentalCancelled(event) => &event.review,
        Event::LateReleaseRecorded(event) => &event.review,
        Event::RentalEnded(event) => &event.review,
        Event::ReturnAttemptRecorded(event) => &event.review,
        Event::RentalCorrected(event) => &event.review,
        Event::DeviceRecovered(event) => &event.review,
        Event::ReceiptUnmatched(event) => &event.review,
        Event::RefundPaid(event) => &event.review,
        Event::CustomerRegistered(_)
        | Event::CustomerVerified(_)
        | Event::ProfileUpdated(_)
        | Event::CustomerSuspended(_)
        | Event::CustomerReinstated(_)
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
        | Event::DeviceRegistered(_)
        | Event::DeviceUndocked(_)
        | Event::BatteryRanLow(_)
        | Event::BatteryRecovered(_)
        | Event::MaintenanceStarted(_)
        | Event::MaintenanceCompleted(_)
        | Event::DeviceRetired(_)
        | Event::RentalRequested(_)
        | Event::ReleaseOutcomeUnknown(_)
        | Event::RentalExtended(_)
        | Event::RentalBecameOverdue(_)
        | Event::RentalSold(_)
        | Event::ReplacementFeeReversed(_)
        | Event::PaymentInitiated(_)
        | Event::PaymentSettled(_)
        | Event::PaymentExpired(_)
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
        | Event::ProviderPayoutRecorded(_) => &[],
    }
}

const fn code(review: Review) -> &'static str {
    match review {
        Review::ClockSuspect => "clock_suspect",
        Review::LongAbsence => "long_absence",
        Review::LateUpload => "late_upload",
        Review::OtherDevice => "other_device",
        Review::LateRelease => "late_release",
        Review::ReleaseUnresolved => "release_unresolved",
        Review::WrongAmount => "wrong_amount",
        Review::SecondReference => "second_reference",
        Review::CustomerClosed => "customer_closed",
        Review::Displaced => "displaced",
        Review::WrongPayer => "wrong_payer",
        Review::WrongOperator => "wrong_operator",
        Review::UnknownReference => "unknown_reference",
        Review::BadSignature => "bad_signature",
        Review::NotConfirmed => "not_confirmed",
        Review::Unmatched => "unmatched",
        Review::PaidTwice => "paid_twice",
        Review::AfterCorrection => "after_correction",
    }
}

pub(super) fn apply(rows: &mut Cases, fact: &Fact) {
    let reviews = reviews(&fact.event);
    let streams = fact.event.streams();
    let Some(subject) = streams.first().filter(|_| !reviews.is_empty()) else { return };
    let of = |kind: StreamKind| -> Option<Uuid> {
        streams.iter().find(|stream| stream.kind == kind).map(|stream| stream.id)
    };
    for (number, review) in (1_i16..).zip(reviews) {
        rows.review.push(ReviewRow {
            position: fact.position.get(),
            number,
            code: code(*review).to_owned(),
            kind: fact.event.event_type().to_owned(),
            subject_kind: subject.kind.as_str().to_owned(),
            subject_id: subject.id,
            customer_id: of(StreamKind::Customer),
            device_id: of(StreamKind::Device),
            station_id: of(StreamKind::Station),
            occurred_at: fact.occurred_at,
            recorded_at: fact.recorded_at,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_word_that_the_event_has() {
        let all = [
            Review::ClockSuspect,
            Review::LongAbsence,
            Review::LateUpload,
            Review::OtherDevice,
            Review::LateRelease,
            Review::ReleaseUnresolved,
            Review::WrongAmount,
            Review::SecondReference,
            Review::CustomerClosed,
            Review::Displaced,
            Review::WrongPayer,
            Review::WrongOperator,
            Review::UnknownReference,
            Review::BadSignature,
            Review::NotConfirmed,
            Review::Unmatched,
            Review::PaidTwice,
            Review::AfterCorrection,
        ];
        for review in all {
            assert_eq!(serde_json::to_value(review).unwrap(), code(review));
        }
    }
}
