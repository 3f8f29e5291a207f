//! What a customer's stream adds up to.

use chrono::{Months, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::{
    Event, Time,
    ids::{CustomerId, PaymentId, RentalId},
    personal::Sealed,
    purse::Purse,
    timing,
};

/// How long the count of a day's starts is kept: no upload is that late.
const STARTS_KEPT: Months = Months::new(12);

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
            Event::PaymentSettled(fact) => {
                self.pending.retain(|pending| *pending != fact.payment_id);
                self.purse.credit(fact.credited);
            }
            Event::LateReleaseRecorded(_)
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
            | Event::ReceiptUnmatched(_) => return None,
        }
        Some(self)
    }
}
