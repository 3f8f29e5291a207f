//! From an event to the deadlines that it sets, moves and clears. Pure.
//!
//! It keeps true that the deadlines follow from the events alone: whoever folds the ledger to a position has the
//! deadlines of that position. Everything in a change is absolute, so folding an event twice changes nothing.
//! Whether a deadline holds is not decided here: the domain decides, when the command arrives.

use domain::rental::{CANCEL_AFTER, UNKNOWN_AFTER};
use domain::{Event, Time, timing};
use uuid::Uuid;

/// What is to happen when a deadline comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Nobody said whether the bank left.
    ReleaseUnknown,
    /// Nobody said so for a day.
    CancelRelease,
    /// The due time of a rental.
    MarkOverdue,
    /// The bank of a rental that did not come back.
    SellDevice,
    /// A payment that nobody made.
    ExpirePayment,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::ReleaseUnknown, Self::CancelRelease, Self::MarkOverdue, Self::SellDevice, Self::ExpirePayment];

    /// The word in the database, in command ids and in metrics. Never changed: a command's id follows from it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReleaseUnknown => "release_unknown",
            Self::CancelRelease => "cancel_release",
            Self::MarkOverdue => "mark_overdue",
            Self::SellDevice => "sell_device",
            Self::ExpirePayment => "expire_payment",
        }
    }

    /// The kind of this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// The command that is sent.
    #[must_use]
    pub const fn command(self) -> &'static str {
        match self {
            Self::ReleaseUnknown => "ReportReleaseUnknown",
            Self::CancelRelease => "CancelRelease",
            Self::MarkOverdue => "MarkOverdue",
            Self::SellDevice => "SellDevice",
            Self::ExpirePayment => "ExpirePayment",
        }
    }

    /// The field of the command's data that names the thing.
    #[must_use]
    pub const fn entity_field(self) -> &'static str {
        match self {
            Self::ReleaseUnknown | Self::CancelRelease | Self::MarkOverdue | Self::SellDevice => "rental_id",
            Self::ExpirePayment => "payment_id",
        }
    }
}

/// Something that is to happen at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// What.
    pub kind: Kind,
    /// To which rental or payment.
    pub entity: Uuid,
    /// When.
    pub due_at: Time,
    /// How long after the due time of its rental that is, for those that move with it.
    pub margin_minutes: i64,
}

/// What an event does to one deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It waits from now on, in place of an earlier one of its kind.
    Set(Deadline),
    /// The due time of its rental has moved to `base`; if it waits, it moves along.
    Move {
        /// Which.
        kind: Kind,
        /// Of which rental.
        entity: Uuid,
        /// The new due time of the rental.
        base: Time,
    },
    /// It is settled.
    Clear {
        /// Which.
        kind: Kind,
        /// Of which rental or payment.
        entity: Uuid,
    },
}

impl Change {
    /// Which deadline it concerns.
    #[must_use]
    pub const fn key(&self) -> (Kind, Uuid) {
        match self {
            Self::Set(deadline) => (deadline.kind, deadline.entity),
            Self::Move { kind, entity, .. } | Self::Clear { kind, entity } => (*kind, *entity),
        }
    }

    /// The one change that this one and a later one of the same deadline come to.
    #[must_use]
    pub fn then(self, later: Self) -> Self {
        match (self, later) {
            (Self::Set(deadline), Self::Move { base, .. }) => Self::Set(Deadline {
                due_at: timing::plus_minutes(base, deadline.margin_minutes),
                ..deadline
            }),
            (Self::Clear { .. }, Self::Move { .. }) => self,
            (Self::Move { .. }, Self::Move { .. }) | (_, Self::Set(_) | Self::Clear { .. }) => later,
        }
    }
}

const fn set(kind: Kind, entity: Uuid, due_at: Time) -> Change {
    Change::Set(Deadline { kind, entity, due_at, margin_minutes: 0 })
}

fn clear<const N: usize>(kinds: [Kind; N], entity: Uuid) -> Vec<Change> {
    kinds.into_iter().map(|kind| Change::Clear { kind, entity }).collect()
}

const RELEASE: [Kind; 2] = [Kind::ReleaseUnknown, Kind::CancelRelease];
const RUNNING: [Kind; 2] = [Kind::MarkOverdue, Kind::SellDevice];

/// The deadlines that an event sets, moves and clears.
#[must_use]
pub fn changes(event: &Event) -> Vec<Change> {
    match event {
        Event::RentalRequested(fact) => {
            let (rental, from) = (fact.rental_id.0, fact.requested_at);
            vec![
                set(Kind::ReleaseUnknown, rental, timing::plus(from, UNKNOWN_AFTER)),
                set(Kind::CancelRelease, rental, timing::plus(from, CANCEL_AFTER)),
            ]
        }
        Event::ReleaseOutcomeUnknown(fact) => clear([Kind::ReleaseUnknown], fact.rental_id.0),
        Event::RentalCancelled(fact) => clear(RELEASE, fact.rental_id.0),
        Event::RentalStarted(fact) => {
            let margin_minutes = fact.tariff.terms.sale_after_minutes;
            started(fact.rental_id.0, fact.due_at, margin_minutes)
        }
        Event::RentalExtended(fact) => {
            let (entity, base) = (fact.rental_id.0, fact.due_at);
            vec![set(Kind::MarkOverdue, entity, base), Change::Move { kind: Kind::SellDevice, entity, base }]
        }
        Event::RentalBecameOverdue(fact) => clear([Kind::MarkOverdue], fact.rental_id.0),
        Event::RentalEnded(fact) => clear(RUNNING, fact.rental_id.0),
        Event::RentalSold(fact) => clear(RUNNING, fact.rental_id.0),
        Event::PaymentInitiated(fact) => vec![set(Kind::ExpirePayment, fact.payment_id.0, fact.expires_at)],
        Event::PaymentSettled(fact) => clear([Kind::ExpirePayment], fact.payment_id.0),
        Event::PaymentExpired(fact) => clear([Kind::ExpirePayment], fact.payment_id.0),
        Event::PaymentWasDeclined(fact) => clear([Kind::ExpirePayment], fact.payment_id.0),
        Event::PaymentPrompted(_)
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
        | Event::BatteryRecovered(_)
        | Event::LateReleaseRecorded(_)
        | Event::ReturnAttemptRecorded(_)
        // Only rentals that are over already are corrected or recovered.
        | Event::RentalCorrected(_)
        | Event::ReplacementFeeReversed(_)
        | Event::DeviceRecovered(_)
        // A payment that this receipt was for stays open.
        | Event::ReceiptUnmatched(_) => Vec::new(),
    }
}

fn started(rental: Uuid, due_at: Time, margin_minutes: i64) -> Vec<Change> {
    let mut changes = clear(RELEASE, rental);
    changes.push(set(Kind::MarkOverdue, rental, due_at));
    changes.push(Change::Set(Deadline {
        kind: Kind::SellDevice,
        entity: rental,
        due_at: timing::plus_minutes(due_at, margin_minutes),
        margin_minutes,
    }));
    changes
}

#[cfg(test)]
mod tests;
