//! The facts of a rental that decide its bill, and what they come to.
//!
//! Nothing here knows in which order the facts were recorded: only the earliest return, the set of refused
//! attempts, the due time and the moment of a reported loss are kept.

use serde::{Deserialize, Serialize};

use crate::{
    Time,
    event::SaleCause,
    rating::{Charge, DAY, Rated, seconds_between},
    tariff::Terms,
    timing,
};

/// A refused return counts if the billed end without it is at most so many seconds later.
const ATTEMPT_COUNTS: i64 = 60 * 60;

/// A running or closed rental's meter: every fact that its bill depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meter {
    /// When the bank left.
    pub started_at: Time,
    /// When it is due, extensions included.
    pub due_at: Time,
    /// By how many minutes the rental was extended in all.
    pub extended_minutes: i64,
    /// The free minutes granted at the start.
    pub free_minutes: i64,
    /// The earliest billed end that any return gives, refused attempts aside.
    pub returned_at: Option<Time>,
    /// When stations refused the bank.
    pub attempts: Vec<Time>,
    /// When the customer reported the bank lost.
    pub reported_at: Option<Time>,
}

/// What the facts come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// No return is known: the rental goes on, or stays sold.
    NotReturned,
    /// It ended before its sale moment.
    Ended {
        /// The billed end.
        at: Time,
        /// What it costs.
        charge: Charge,
    },
    /// It came back after the sale moment and within the recovery days.
    Recovered {
        /// When.
        at: Time,
        /// What the rental costs in all, the replacement fee given back.
        whole: Charge,
    },
    /// It came back after the recovery days: it stays sold.
    TooLate,
}

impl Meter {
    fn rated<'a>(&self, terms: &'a Terms) -> Rated<'a> {
        Rated { terms, free_minutes: self.free_minutes, started_at: self.started_at, due_at: self.due_at }
    }

    /// The deadline: so long after the due time the bank is sold.
    #[must_use]
    pub fn sale_deadline(&self, terms: &Terms) -> Time {
        timing::plus_minutes(self.due_at, terms.sale_after_minutes)
    }

    /// The sale moment: the deadline, or the customer's report if that is earlier.
    #[must_use]
    pub fn sale(&self, terms: &Terms) -> (Time, SaleCause) {
        let deadline = self.sale_deadline(terms);
        match self.reported_at {
            Some(reported) if reported < deadline => (reported, SaleCause::Report),
            Some(_) | None => (deadline, SaleCause::Deadline),
        }
    }

    /// What a bank costs that has not come back by the sale moment.
    #[must_use]
    pub fn sale_charge(&self, terms: &Terms) -> Charge {
        self.rated(terms).sold(self.sale(terms).0)
    }

    /// The billed end: the earliest return, or the earliest refused attempt that leads to it in steps of at most
    /// an hour.
    #[must_use]
    pub fn end(&self) -> Option<Time> {
        let mut end = self.returned_at?;
        while let Some(earlier) = self.attempt_within_the_hour_before(end) {
            end = earlier;
        }
        Some(end)
    }

    fn attempt_within_the_hour_before(&self, end: Time) -> Option<Time> {
        self.attempts.iter().copied().filter(|attempt| self.counts(*attempt, end)).min()
    }

    /// Whether a refused attempt counts against that billed end.
    #[must_use]
    pub fn counts(&self, attempt: Time, end: Time) -> bool {
        (self.started_at..end).contains(&attempt) && seconds_between(attempt, end) <= ATTEMPT_COUNTS
    }

    /// What the facts come to.
    #[must_use]
    pub fn settle(&self, terms: &Terms) -> Settlement {
        self.end().map_or(Settlement::NotReturned, |end| self.settled_at(end, terms))
    }

    /// What the other facts come to with that billed end.
    #[must_use]
    pub fn settled_at(&self, end: Time, terms: &Terms) -> Settlement {
        // A start that staff corrected may lie after an end that was seen.
        let end = end.max(self.started_at);
        let (sale, cause) = self.sale(terms);
        if end < sale {
            return Settlement::Ended { at: end, charge: self.rated(terms).returned(end) };
        }
        if seconds_between(sale, end) > terms.recovery_days.saturating_mul(DAY) {
            return Settlement::TooLate;
        }
        let billed_to = match cause {
            SaleCause::Deadline => sale,
            SaleCause::Report => end.min(self.sale_deadline(terms)),
        };
        Settlement::Recovered { at: end, whole: self.rated(terms).returned(billed_to) }
    }

    /// What a recovered bank still costs beyond what stands, after the replacement fee was given back.
    #[must_use]
    pub fn recovery_charge(
        &self,
        terms: &Terms,
        recovered_at: Time,
        standing: crate::rating::Posted,
    ) -> Charge {
        let (sale, cause) = self.sale(terms);
        match cause {
            SaleCause::Deadline => Charge::posted(crate::rating::Posted::ZERO, Vec::new()),
            SaleCause::Report => {
                let billed_to = recovered_at.min(self.sale_deadline(terms)).max(sale);
                self.rated(terms).recovered_after_report(billed_to, standing).0
            }
        }
    }

    /// The same meter with another start; what it is due at moves along.
    #[must_use]
    pub fn with_start(&self, started_at: Time) -> Meter {
        let due_at = timing::plus(self.due_at, started_at - self.started_at);
        Meter { started_at, due_at, ..self.clone() }
    }

    /// The same meter with one more return.
    #[must_use]
    pub fn with_return(&self, billed_at: Time) -> Meter {
        let returned_at = Some(self.returned_at.map_or(billed_at, |known| known.min(billed_at)));
        Meter { returned_at, ..self.clone() }
    }

    /// The same meter with one more refused attempt.
    #[must_use]
    pub fn with_attempt(&self, at: Time) -> Meter {
        let mut meter = self.clone();
        meter.attempts.push(at);
        meter
    }
}
