//! From an event to what customers are told. Pure.
//!
//! A notice says when it is to go and until when it is news. Both follow from the event: from when it was recorded, or,
//! for what is long past when it is told, from when it happened, so that nobody gets the news of last month.

use chrono::TimeDelta;
use domain::event::{
    DeviceRecovered, PaymentSettled, ReceiptAssigned, RentalBecameOverdue, RentalCorrected, RentalEnded,
    RentalExtended, RentalSold, RentalStarted, ReplacementFeeReversed,
};
use domain::ids::{CustomerId, RefundId};
use domain::rating::Charge;
use domain::{Event, Money, Time, timing};
use ledger::Position;
use uuid::Uuid;

use super::{Facts, FiscalStatus, Kind, Value};

/// How long before the due time a customer is reminded.
const BEFORE_DUE: TimeDelta = TimeDelta::hours(1);
/// What is recorded so long after it happened is news to nobody; stations may be offline for so long.
const LONG_PAST: TimeDelta = timing::LATE_UPLOAD;

/// When and where an event was recorded.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    /// Its position.
    pub position: Position,
    /// When its fact happened.
    pub occurred_at: Time,
    /// When it was recorded.
    pub recorded_at: Time,
}

impl Told {
    /// From when on the news of it grows old.
    fn moment(&self) -> Time {
        let late = self.recorded_at.signed_duration_since(self.occurred_at);
        if late > LONG_PAST { self.occurred_at } else { self.recorded_at }
    }
}

/// Something to tell a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What it says.
    pub kind: Kind,
    /// Whom.
    pub customer: Uuid,
    /// Of which rental, payment or refund.
    pub entity: Uuid,
    /// With which values.
    pub facts: Facts,
    /// Not before.
    pub send_at: Time,
    /// Not from then on.
    pub expires_at: Time,
}

/// Whom a notice is for, and what it is about.
type About = (CustomerId, Uuid);

impl Notice {
    fn new(kind: Kind, (customer, entity): About, facts: Facts, at: (Time, Time)) -> Self {
        let (send_at, moment) = at;
        let expires_at = timing::plus(moment, kind.limit());
        Self { kind, customer: customer.0, entity, facts, send_at, expires_at }
    }

    /// One that goes at once.
    fn now(kind: Kind, about: About, facts: Facts, told: &Told) -> Self {
        Self::new(kind, about, facts, (told.moment(), told.moment()))
    }

    /// One that goes at a moment.
    fn at(kind: Kind, about: About, facts: Facts, moment: Time) -> Self {
        Self::new(kind, about, facts, (moment, moment))
    }
}

/// The rental whose reminders an event takes back.
#[must_use]
#[expect(clippy::wildcard_enum_match_arm, reason = "no other event moves or ends what is reminded of")]
pub fn settles_reminders(event: &Event) -> Option<Uuid> {
    match event {
        Event::RentalExtended(fact) => Some(fact.rental_id.0),
        Event::RentalEnded(fact) => Some(fact.rental_id.0),
        Event::RentalSold(fact) => Some(fact.rental_id.0),
        _ => None,
    }
}

/// What customers are told because of an event.
#[must_use]
pub fn notices(event: &Event, told: &Told) -> Vec<Notice> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "`silent` names every one of the others")]
    match event {
        Event::RentalStarted(fact) => started(fact, told),
        Event::RentalExtended(fact) => extended(fact, told),
        Event::RentalBecameOverdue(fact) => overdue(fact),
        Event::RentalEnded(fact) => ended(fact, told),
        Event::RentalSold(fact) => sold(fact, told),
        Event::ReplacementFeeReversed(fact) => vec![reversed(fact, told)],
        Event::DeviceRecovered(fact) => recovered(fact, told),
        Event::RentalCorrected(fact) => corrected(fact, told),
        Event::PaymentSettled(fact) => vec![settled(fact, told)],
        Event::ReceiptAssigned(fact) => vec![assigned(fact, told)],
        Event::PaymentWasDeclined(fact) => {
            vec![bare(Kind::PaymentDeclined, (fact.customer_id, fact.payment_id.0), told)]
        }
        Event::PaymentExpired(fact) => {
            vec![bare(Kind::PaymentExpired, (fact.customer_id, fact.payment_id.0), told)]
        }
        // What is paid back of a receipt goes to whoever had paid it, and they may be nobody's customer.
        Event::RefundPaid(fact) if fact.receipt_id.is_none() => {
            let by = ("provider", Value::Provider(fact.provider));
            let facts = Facts::from([("amount", Value::Money(fact.amount)), by]);
            refund(Kind::RefundPaid, fact.customer_id, fact.refund_id, facts, told)
        }
        Event::RefundFailed(fact) if fact.receipt_id.is_none() => {
            let facts = Facts::from([("amount", Value::Money(fact.amount))]);
            refund(Kind::RefundFailed, fact.customer_id, fact.refund_id, facts, told)
        }
        Event::RefundRejected(fact) if fact.receipt_id.is_none() => {
            let facts = Facts::from([("amount", Value::Money(fact.amount))]);
            refund(Kind::RefundRejected, fact.customer_id, fact.refund_id, facts, told)
        }
        other => silent(other),
    }
}

/// Events that nobody is told of. Written out, so that a new event has to say what is told of it.
fn silent(event: &Event) -> Vec<Notice> {
    match event {
        Event::RentalStarted(_)
        | Event::RentalExtended(_)
        | Event::RentalBecameOverdue(_)
        | Event::RentalEnded(_)
        | Event::RentalSold(_)
        | Event::ReplacementFeeReversed(_)
        | Event::RentalCorrected(_)
        | Event::PaymentSettled(_)
        | Event::ReceiptAssigned(_)
        | Event::PaymentWasDeclined(_)
        | Event::PaymentExpired(_)
        | Event::RefundPaid(_)
        | Event::RefundFailed(_)
        | Event::RefundRejected(_)
        | Event::DeviceRecovered(_)
        | Event::RentalRequested(_)
        | Event::ReleaseOutcomeUnknown(_)
        | Event::RentalCancelled(_)
        | Event::LateReleaseRecorded(_)
        | Event::ReturnAttemptRecorded(_)
        | Event::PaymentInitiated(_)
        // The prompt itself is on the phone.
        | Event::PaymentPrompted(_)
        | Event::PaymentOutcomeUnknown(_)
        | Event::PaymentChargedBack(_)
        | Event::ReceiptUnmatched(_)
        | Event::ApprovalRequested(_)
        | Event::ActionRejected(_)
        | Event::ReceiptRefundRequested(_)
        | Event::RefundRequested(_)
        | Event::RefundApproved(_)
        | Event::RefundSubmitted(_)
        | Event::RefundOutcomeUnknown(_)
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
        | Event::DeviceRegistered(_)
        | Event::DeviceDocked(_)
        | Event::DeviceUndocked(_)
        | Event::DeviceMissing(_)
        | Event::MaintenanceStarted(_)
        | Event::MaintenanceCompleted(_)
        | Event::DeviceRetired(_)
        | Event::BatteryRanLow(_)
        | Event::BatteryRecovered(_) => Vec::new(),
    }
}

fn bare(kind: Kind, about: About, told: &Told) -> Notice {
    Notice::now(kind, about, Facts::default(), told)
}

fn refund(
    kind: Kind,
    customer: Option<CustomerId>,
    refund: RefundId,
    facts: Facts,
    told: &Told,
) -> Vec<Notice> {
    customer.map(|customer| Notice::now(kind, (customer, refund.0), facts, told)).into_iter().collect()
}

/// A reminder before a due time, unless that leaves less than the reminder's own time from now on.
fn due_soon(about: About, due_at: Time, from: Time) -> Option<Notice> {
    let moment = timing::plus(due_at, -BEFORE_DUE);
    let facts = Facts::from([("due_at", Value::Time(due_at))]);
    (moment > from).then(|| Notice::at(Kind::DueSoon, about, facts, moment))
}

fn started(fact: &RentalStarted, told: &Told) -> Vec<Notice> {
    let about = (fact.customer_id, fact.rental_id.0);
    let terms = &fact.tariff.terms;
    let facts = Facts::from([
        ("unit_price", Value::Money(terms.unit_price)),
        ("unit_minutes", Value::Number(terms.unit_minutes)),
        ("due_at", Value::Time(fact.due_at)),
    ]);
    // A start is no news once it is an hour old, however late it was told.
    let times = (told.moment(), fact.started_at.min(told.moment()));
    let start = Notice::new(Kind::RentalStarted, about, facts, times);
    std::iter::once(start).chain(due_soon(about, fact.due_at, fact.started_at)).collect()
}

fn extended(fact: &RentalExtended, told: &Told) -> Vec<Notice> {
    let about = (fact.customer_id, fact.rental_id.0);
    due_soon(about, fact.due_at, told.occurred_at).into_iter().collect()
}

fn overdue(fact: &RentalBecameOverdue) -> Vec<Notice> {
    let about = (fact.customer_id, fact.rental_id.0);
    [(Kind::Overdue1h, 1), (Kind::Overdue24h, 24), (Kind::Overdue48h, 48)]
        .into_iter()
        .map(|(kind, hours)| {
            let facts = Facts::from([("due_at", Value::Time(fact.due_at))]);
            Notice::at(kind, about, facts, timing::plus(fact.due_at, TimeDelta::hours(hours)))
        })
        .collect()
}

/// A receipt for what was charged, if anything was. Its number is the position: with it anybody can be shown the proof.
fn receipt(about: About, charge: &Charge, ended_at: Time, told: &Told) -> Option<Notice> {
    let facts = Facts::from([
        ("number", Value::Number(told.position.get())),
        ("ended_at", Value::Time(ended_at)),
        ("total", Value::Money(charge.total)),
        ("vat", Value::Money(charge.vat)),
        ("fiscal_status", Value::Fiscal(FiscalStatus::NotApplicable)),
    ]);
    (!charge.total.is_zero()).then(|| Notice::now(Kind::Receipt, about, facts, told))
}

fn ended(fact: &RentalEnded, told: &Told) -> Vec<Notice> {
    let about = (fact.customer_id, fact.rental_id.0);
    let length = fact.ended_at.signed_duration_since(fact.started_at).num_seconds();
    let facts = Facts::from([
        ("length", Value::Seconds(length)),
        ("total", Value::Money(fact.charge.total)),
        ("deposit", Value::Money(fact.debited.deposit)),
        ("debt", Value::Money(fact.debited.debt)),
    ]);
    let end = Notice::now(Kind::RentalEnded, about, facts, told);
    std::iter::once(end).chain(receipt(about, &fact.charge, fact.ended_at, told)).collect()
}

fn sold(fact: &RentalSold, told: &Told) -> Vec<Notice> {
    let about = (fact.customer_id, fact.rental_id.0);
    let facts = Facts::from([
        ("total", Value::Money(fact.charge.total)),
        ("deposit", Value::Money(fact.debited.deposit)),
        ("debt", Value::Money(fact.debited.debt)),
    ]);
    let sale = Notice::now(Kind::RentalSold, about, facts, told);
    std::iter::once(sale).chain(receipt(about, &fact.charge, fact.sold_at, told)).collect()
}

fn reversed(fact: &ReplacementFeeReversed, told: &Told) -> Notice {
    let facts = Facts::from([
        ("amount", Value::Money(fact.reversed.amounts.total())),
        ("debt", Value::Money(fact.credited.debt)),
        ("deposit", Value::Money(fact.credited.deposit)),
    ]);
    Notice::now(Kind::Recovered, (fact.customer_id, fact.rental_id.0), facts, told)
}

/// That it is back was told with the fee; what is charged now for the time after the report gets its receipt.
fn recovered(fact: &DeviceRecovered, told: &Told) -> Vec<Notice> {
    let about = (fact.customer_id, fact.rental_id.0);
    receipt(about, &fact.charge, fact.recovered_at, told).into_iter().collect()
}

fn corrected(fact: &RentalCorrected, told: &Told) -> Vec<Notice> {
    let (before, total): (Money, Money) = (fact.reversed.amounts.total(), fact.charge.total);
    let facts = Facts::from([("before", Value::Money(before)), ("total", Value::Money(total))]);
    let about = (fact.customer_id, fact.rental_id.0);
    let changed = (before != total).then(|| Notice::now(Kind::RentalCorrected, about, facts, told));
    changed.into_iter().collect()
}

fn settled(fact: &PaymentSettled, told: &Told) -> Notice {
    let facts = Facts::from([
        ("amount", Value::Money(fact.amount)),
        ("provider", Value::Provider(fact.provider)),
        ("debt", Value::Money(fact.credited.debt)),
        ("deposit", Value::Money(fact.credited.deposit)),
    ]);
    Notice::now(Kind::PaymentReceived, (fact.customer_id, fact.payment_id.0), facts, told)
}

fn assigned(fact: &ReceiptAssigned, told: &Told) -> Notice {
    let facts = Facts::from([
        ("amount", Value::Money(fact.amount)),
        ("provider", Value::Provider(fact.provider)),
        ("debt", Value::Money(fact.credited.debt)),
        ("deposit", Value::Money(fact.credited.deposit)),
    ]);
    Notice::now(Kind::PaymentReceived, (fact.customer_id, fact.receipt_id.0), facts, told)
}
