//! How many rentals a customer had started on a business day: it decides whether one more has free minutes.
//!
//! Only the last days are kept, and only of who rented on them.

use std::collections::{BTreeMap, HashMap};

use chrono::{Days, NaiveDate};

use super::Placed;
use crate::{CustomerId, Event, Time, timing::business_day};

/// So many business days are kept. An upload that is later has its customer's stream read.
const KEPT: Days = Days::new(8);

#[derive(Debug, Default)]
pub(super) struct Starts {
    days: BTreeMap<NaiveDate, HashMap<CustomerId, u32>>,
    /// The first day that is known whole.
    known_from: Option<NaiveDate>,
    /// What was supplied for a day that is not kept.
    supplied: Option<(CustomerId, NaiveDate, u32)>,
}

impl Starts {
    /// How many there were on the day of that moment; nothing if that is not known any more.
    pub(super) fn on_day_of(&self, customer: CustomerId, moment: Time) -> Option<u32> {
        let day = business_day(moment);
        if let Some((of, on, count)) = self.supplied
            && of == customer
            && on == day
        {
            return Some(count);
        }
        let known = self.known_from.is_none_or(|from| day >= from);
        known.then(|| self.days.get(&day).and_then(|of| of.get(&customer)).copied().unwrap_or(0))
    }

    /// Says how many there were on a day that is not kept.
    pub(super) fn supply(&mut self, customer: CustomerId, day: NaiveDate, count: u32) {
        self.supplied = Some((customer, day, count));
    }

    /// One more.
    pub(super) fn count(&mut self, customer: CustomerId, moment: Time) {
        self.supplied = None;
        let day = business_day(moment);
        if self.known_from.is_none_or(|from| day >= from) {
            let count = self.days.entry(day).or_default().entry(customer).or_default();
            *count = count.saturating_add(1);
        }
        let newest = self.days.keys().next_back().copied();
        if let Some(oldest) = newest.and_then(|day| day.checked_sub_days(KEPT))
            && self.days.first_key_value().is_some_and(|(first, _)| *first < oldest)
        {
            self.days = self.days.split_off(&oldest);
            self.known_from = self.known_from.max(Some(oldest));
        }
    }
}

/// How many rentals of a customer's stream started on a day.
pub(super) fn counted(events: &[Placed], before: i64, day: NaiveDate) -> u32 {
    let on_day = events.iter().filter(|placed| {
        let Event::RentalStarted(fact) = &placed.event else { return false };
        placed.position < before && business_day(fact.started_at) == day
    });
    u32::try_from(on_day.count()).unwrap_or(u32::MAX)
}
