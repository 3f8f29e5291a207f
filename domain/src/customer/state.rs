//! What a customer's stream adds up to.

use chrono::{Months, NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};

use crate::{
    Event, Money, Time,
    event::{self, PaidFrom},
    ids::{CustomerId, PaymentId, ReceiptId, RefundId, RentalId},
    personal::Sealed,
    purse::{Credited, Debited, Purse},
    timing,
};

/// How long the count of a day's starts is kept: no upload is that late.
const STARTS_KEPT: Months = Months::new(12);
/// How long a refund counts towards the limit that needs no second person.
const REFUNDS_KEPT: TimeDelta = TimeDelta::hours(24);

/// Where a customer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Registered; the phone is not shown to be theirs yet.
    Unverified,
    /// May rent.
    Active,
    /// May not start or extend.
    Suspended,
    /// Erased.
    Closed,
}

impl Status {
    /// The name in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Status::Unverified => "unverified",
            Status::Active => "active",
            Status::Suspended => "suspended",
            Status::Closed => "closed",
        }
    }
}

/// The language in which a customer is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Swahili.
    #[default]
    Sw,
    /// English.
    En,
}

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Who.
    pub id: CustomerId,
    /// Where they stand.
    pub status: Status,
    /// Their phone, sealed.
    pub phone: Sealed,
    /// Their name, sealed.
    pub name: Option<Sealed>,
    /// How they are spoken to.
    pub language: Language,
    /// Their money.
    pub purse: Purse,
    /// The rental that is open, if one is.
    pub open: Option<RentalId>,
    /// When their last rental ended.
    pub last_ended_at: Option<Time>,
    /// Payments that are neither settled nor given up.
    pub pending: Vec<PaymentId>,
    /// The refund that is not final yet, if one is.
    pub refund: Option<RefundId>,
    /// Unmatched receipts that were paid from their phone.
    pub receipts: Vec<ReceiptId>,
    /// The refunds of the last day that were neither refused nor failed, with the moment they were asked for.
    recent_refunds: Vec<(RefundId, Time, Money)>,
    /// How many rentals started on each business day.
    starts: Vec<(NaiveDate, u32)>,
}

impl Customer {
    /// How many rentals of theirs started on the business day of that moment.
    #[must_use]
    pub fn starts_on_day_of(&self, moment: Time) -> u32 {
        let day = timing::business_day(moment);
        self.starts.iter().find(|(on, _)| *on == day).map_or(0, |(_, count)| *count)
    }

    /// What the refunds asked for since that moment come to; it lies a day back at most.
    #[must_use]
    pub fn refunded_since(&self, since: Time) -> Money {
        self.recent_refunds.iter().filter(|(_, at, _)| *at > since).map(|(_, _, amount)| *amount).sum()
    }

    fn set_aside(&mut self, refund: &event::RefundRequested) {
        let taken = Debited { deposit: refund.amount, debt: Money::ZERO };
        self.purse.debit(taken);
        self.refund = Some(refund.refund_id);
        let since = timing::plus(refund.requested_at, -REFUNDS_KEPT);
        self.recent_refunds.retain(|(_, at, _)| *at > since);
        self.recent_refunds.push((refund.refund_id, refund.requested_at, refund.amount));
    }

    fn refund_is_final(&mut self, refund: RefundId) {
        if self.refund == Some(refund) {
            self.refund = None;
        }
    }

    fn refund_came_back(&mut self, refund: RefundId, credited: Option<Credited>) {
        if let Some(credited) = credited {
            self.purse.credit(credited);
        }
        self.refund_is_final(refund);
        self.recent_refunds.retain(|(id, _, _)| *id != refund);
    }

    fn refund_paid(&mut self, fact: &event::RefundPaid) {
        if let PaidFrom::Customer { debited } = fact.paid_from {
            self.purse.debit(debited);
        }
        self.refund_is_final(fact.refund_id);
        self.receipts.retain(|receipt| Some(*receipt) != fact.receipt_id);
    }

    fn count_start(&mut self, moment: Time) {
        let day = timing::business_day(moment);
        match self.starts.iter_mut().find(|(on, _)| *on == day) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => self.starts.push((day, 1)),
        }
        if let Some(oldest) = day.checked_sub_months(STARTS_KEPT) {
            self.starts.retain(|(on, _)| *on >= oldest);
        }
    }

    fn close(&mut self, rental: RentalId, ended_at: Option<Time>) {
        if self.open == Some(rental) {
            self.open = None;
        }
        self.last_ended_at = self.last_ended_at.max(ended_at);
    }

    /// The first event of a customer.
    #[must_use]
    pub fn begin(event: &Event) -> Option<Customer> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else begins a customer")]
        match event {
            Event::CustomerRegistered(fact) => Some(Customer {
                id: fact.customer_id,
                status: Status::Unverified,
                phone: fact.phone.clone(),
                name: fact.name.clone(),
                language: Language::default(),
                purse: Purse::EMPTY,
                open: None,
                last_ended_at: None,
                pending: Vec::new(),
                refund: None,
                receipts: Vec::new(),
                recent_refunds: Vec::new(),
                starts: Vec::new(),
            }),
            _ => None,
        }
    }

    /// The customer after one more event; `None` if it cannot stand in a customer's stream.
    #[must_use]
    pub fn evolve(mut self, event: &Event) -> Option<Customer> {
        match event {
            Event::CustomerVerified(_) | Event::CustomerReinstated(_) => self.status = Status::Active,
            Event::CustomerSuspended(_) => self.status = Status::Suspended,
            Event::ProfileUpdated(fact) => {
                self.name = fact.name.clone().or(self.name);
                self.language = fact.language.unwrap_or(self.language);
            }
            Event::CustomerErased(_) => {
                self.status = Status::Closed;
                self.name = None;
            }
            Event::RentalRequested(fact) => self.open = Some(fact.rental_id),
            Event::RentalStarted(fact) => {
                self.open = Some(fact.rental_id);
                self.count_start(fact.started_at);
            }
            Event::RentalCancelled(fact) => self.close(fact.rental_id, None),
            Event::RentalEnded(fact) => {
                self.purse.debit(fact.debited);
                self.close(fact.rental_id, Some(fact.ended_at));
            }
            Event::RentalSold(fact) => {
                self.purse.debit(fact.debited);
                self.close(fact.rental_id, Some(fact.sold_at));
            }
            Event::RentalCorrected(fact) => {
                self.purse.credit(fact.credited);
                self.purse.debit(fact.debited);
            }
            Event::ReplacementFeeReversed(fact) => self.purse.credit(fact.credited),
            Event::DeviceRecovered(fact) => self.purse.debit(fact.debited),
            Event::PaymentInitiated(fact) => self.pending.push(fact.payment_id),
            Event::PaymentExpired(fact) => self.pending.retain(|pending| *pending != fact.payment_id),
            Event::PaymentWasDeclined(fact) => self.pending.retain(|pending| *pending != fact.payment_id),
            Event::PaymentChargedBack(fact) => {
                if let Some(debited) = fact.debited {
                    self.purse.debit(debited);
                }
            }
            Event::ReceiptUnmatched(fact) => self.receipts.push(fact.receipt_id),
            Event::ReceiptAssigned(fact) => {
                if fact.customer_id == self.id {
                    self.purse.credit(fact.credited);
                }
                self.receipts.retain(|receipt| *receipt != fact.receipt_id);
            }
            Event::RefundRequested(fact) => self.set_aside(fact),
            Event::RefundRejected(fact) => self.refund_came_back(fact.refund_id, fact.credited),
            Event::RefundFailed(fact) => self.refund_came_back(fact.refund_id, fact.credited),
            Event::RefundPaid(fact) => self.refund_paid(fact),
            Event::PaymentSettled(fact) => {
                self.pending.retain(|pending| *pending != fact.payment_id);
                self.purse.credit(fact.credited);
            }
            Event::BalanceAdjusted(fact) => {
                if let Some(credited) = fact.credited {
                    self.purse.credit(credited);
                }
                if let Some(debited) = fact.debited {
                    self.purse.debit(debited);
                }
            }
            Event::DebtWrittenOff(fact) => self.purse.write_off(fact.amount),
            Event::PaymentPrompted(_)
            | Event::PaymentOutcomeUnknown(_)
            | Event::RefundApproved(_)
            | Event::RefundSubmitted(_)
            | Event::RefundOutcomeUnknown(_)
            | Event::LateReleaseRecorded(_)
            | Event::RentalExtended(_)
            | Event::RentalBecameOverdue(_)
            | Event::ReturnAttemptRecorded(_) => {}
            Event::CustomerRegistered(_)
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
            | Event::ReleaseOutcomeUnknown(_)
            | Event::ApprovalRequested(_)
            | Event::ActionRejected(_)
            | Event::ReceiptRefundRequested(_)
            | Event::BreakOpened(_)
            | Event::BreakExplained(_)
            | Event::BreakClosed(_)
            | Event::ProviderFeeRecorded(_)
            | Event::ProviderPayoutRecorded(_)
            | Event::PeriodClosed(_)
            | Event::LedgerRestored(_)
            | Event::ProjectionEventSkipped(_) => return None,
        }
        Some(self)
    }
}
