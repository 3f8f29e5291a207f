//! One pass over the ledger, and what it keeps in memory.

use std::collections::{HashMap, VecDeque};

use chrono::NaiveDate;

use super::{
    Placed,
    case::Case,
    difference::{Checks, Difference, What},
    starts::{Starts, counted},
    what_if::WhatIf,
};
use crate::{
    CustomerId, Event, RentalId, StationId, TariffId, event::RentalStarted, tariff::Tariff,
    timing::business_day, values::StationCode,
};

/// So many closed rentals are kept for the events that follow their bill at once.
const CLOSED_KEPT: usize = 1_000;
/// So many differences are kept whole; further ones are counted.
const DIFFERENCES_KEPT: usize = 1_000;

/// What the pass must be shown before it can take an event in. Nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// The streams of a rental that was closed long ago and of its customer ([`Pass::recall`], [`customer_of`]).
    Rental {
        /// Which.
        rental_id: RentalId,
    },
    /// The stream of a customer whose start was reported days late ([`Pass::recall_starts`]).
    Starts {
        /// Whose.
        customer_id: CustomerId,
        /// The business day.
        day: NaiveDate,
    },
}

/// What a pass came across.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counted {
    /// Rentals that started.
    pub rentals: u64,
    /// Events that charge, take back or correct, each computed again.
    pub charges: u64,
    /// Differences found.
    pub differences: u64,
    /// Rentals that were read again because something came after they were forgotten.
    pub recalled: u64,
}

/// A pass over the ledger.
#[derive(Debug)]
pub struct Pass {
    closed_kept: usize,
    open: HashMap<RentalId, Case>,
    closed: HashMap<RentalId, Case>,
    /// The closed ones, the one that closed first in front.
    closing: VecDeque<RentalId>,
    /// A rental that was read again, for the event that asked for it; nothing if it never started.
    recalled: Option<(RentalId, Option<Case>)>,
    starts: Starts,
    published: HashMap<(TariffId, u32), Tariff>,
    stations: HashMap<StationId, StationCode>,
    what_if: Option<WhatIf>,
    differences: Vec<Difference>,
    counted: Counted,
}

impl Default for Pass {
    fn default() -> Pass {
        Pass::new()
    }
}

impl Pass {
    /// A pass from the beginning.
    #[must_use]
    pub fn new() -> Pass {
        Pass::keeping(CLOSED_KEPT)
    }

    /// A pass that keeps so many closed rentals in memory. What it finds does not depend on it.
    #[must_use]
    pub fn keeping(closed_kept: usize) -> Pass {
        Pass {
            closed_kept,
            open: HashMap::new(),
            closed: HashMap::new(),
            closing: VecDeque::new(),
            recalled: None,
            starts: Starts::default(),
            published: HashMap::new(),
            stations: HashMap::new(),
            what_if: None,
            differences: Vec::new(),
            counted: Counted::default(),
        }
    }

    /// The same with another tariff beside.
    #[must_use]
    pub fn with(self, what_if: WhatIf) -> Pass {
        Pass { what_if: Some(what_if), ..self }
    }

    /// Takes in the next event.
    ///
    /// # Errors
    /// [`Needs`]: show it that, then the same event again.
    pub fn take(&mut self, placed: &Placed) -> Result<(), Needs> {
        let Placed { position, event } = placed;
        #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else concerns a bill")]
        match event {
            Event::TariffPublished(fact) => {
                let tariff = fact.tariff.clone();
                self.published.insert((tariff.tariff_id, tariff.version), tariff);
            }
            Event::StationRegistered(fact) => drop(self.stations.insert(fact.station_id, fact.code.clone())),
            Event::CustomerErased(fact) => self.forget_closed_of(fact.customer_id),
            Event::RentalStarted(fact) => return self.start(*position, fact),
            Event::RentalExtended(fact) => return self.follow(placed, fact.rental_id),
            Event::ReturnAttemptRecorded(fact) => return self.follow(placed, fact.rental_id),
            Event::RentalEnded(fact) => return self.bill(placed, fact.rental_id),
            Event::RentalSold(fact) => return self.bill(placed, fact.rental_id),
            Event::RentalCorrected(fact) => return self.bill(placed, fact.rental_id),
            Event::ReplacementFeeReversed(fact) => return self.bill(placed, fact.rental_id),
            Event::DeviceRecovered(fact) => return self.bill(placed, fact.rental_id),
            Event::DeviceDocked(fact) => {
                if let Some(rental_id) = fact.rental_id {
                    return self.follow(placed, rental_id);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Shows it the stream of a rental and of its customer; of both, only what lies before `position` counts.
    pub fn recall(&mut self, rental_id: RentalId, position: i64, stream: &[Placed], customer: &[Placed]) {
        self.counted.recalled = self.counted.recalled.saturating_add(1);
        self.recalled = Some((rental_id, Case::replay(stream, customer, position)));
    }

    /// Shows it the stream of a customer; only what lies before `position` counts.
    pub fn recall_starts(
        &mut self,
        customer_id: CustomerId,
        day: NaiveDate,
        position: i64,
        stream: &[Placed],
    ) {
        self.starts.supply(customer_id, day, counted(stream, position, day));
    }

    /// What it came across so far.
    #[must_use]
    pub const fn counted(&self) -> Counted {
        self.counted
    }

    /// The differences, the first thousand of them.
    #[must_use]
    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }

    /// What the other tariff would have earned.
    #[must_use]
    pub const fn what_if(&self) -> Option<&WhatIf> {
        self.what_if.as_ref()
    }

    /// Rentals that are out.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// The code of a station.
    #[must_use]
    pub fn station_code(&self, station_id: StationId) -> Option<&str> {
        self.stations.get(&station_id).map(StationCode::as_str)
    }

    fn start(&mut self, position: i64, fact: &RentalStarted) -> Result<(), Needs> {
        let (customer_id, day) = (fact.customer_id, business_day(fact.started_at));
        let Some(earlier) = self.starts.on_day_of(customer_id, fact.started_at) else {
            return Err(Needs::Starts { customer_id, day });
        };
        self.starts.count(customer_id, fact.started_at);
        self.counted.rentals = self.counted.rentals.saturating_add(1);
        let mut checks = Checks::of(position, fact.rental_id);
        let published = self.published.get(&(fact.tariff.tariff_id, fact.tariff.version));
        checks.same(What::Tariff, &Some(&fact.tariff), &published);
        self.note(checks.found);
        let (case, differences) = Case::begin(position, fact, earlier);
        self.note(differences);
        if let Some(twice) = self.open.insert(fact.rental_id, case) {
            let mut checks = Checks::of(position, twice.rental_id);
            checks.out_of_order("RentalStarted", "a rental starts once");
            self.note(checks.found);
        }
        Ok(())
    }

    fn bill(&mut self, placed: &Placed, rental_id: RentalId) -> Result<(), Needs> {
        self.follow(placed, rental_id)?;
        self.counted.charges = self.counted.charges.saturating_add(1);
        Ok(())
    }

    fn follow(&mut self, placed: &Placed, rental_id: RentalId) -> Result<(), Needs> {
        let Some(mut case) = self.find(rental_id)? else {
            let mut checks = Checks::of(placed.position, rental_id);
            checks.out_of_order(placed.event.event_type(), "a rental that has started");
            self.note(checks.found);
            return Ok(());
        };
        let before = self.what_if.as_ref().and_then(|what_if| what_if.weigh(&case));
        let differences = case.follow(placed.position, &placed.event);
        self.note(differences);
        if let Some(what_if) = &mut self.what_if {
            let after = what_if.weigh(&case);
            what_if.replace(before, after);
        }
        self.keep(case);
        Ok(())
    }

    /// Takes a rental out of memory.
    fn find(&mut self, rental_id: RentalId) -> Result<Option<Case>, Needs> {
        if let Some(case) = self.open.remove(&rental_id).or_else(|| self.closed.remove(&rental_id)) {
            return Ok(Some(case));
        }
        match self.recalled.take() {
            Some((recalled, case)) if recalled == rental_id => Ok(case),
            Some(_) | None => Err(Needs::Rental { rental_id }),
        }
    }

    fn keep(&mut self, case: Case) {
        let rental_id = case.rental_id;
        if case.bill.is_none() {
            self.open.insert(rental_id, case);
            return;
        }
        self.closed.insert(rental_id, case);
        if !self.closing.contains(&rental_id) {
            self.closing.push_back(rental_id);
        }
        while self.closing.len() > self.closed_kept {
            if let Some(first) = self.closing.pop_front() {
                self.closed.remove(&first);
            }
        }
    }

    /// A closed rental of somebody erased is read again when something still comes: then it is known that no money
    /// moves.
    fn forget_closed_of(&mut self, customer_id: CustomerId) {
        self.closed.retain(|_, case| case.customer_id != customer_id);
        let closed = &self.closed;
        self.closing.retain(|rental| closed.contains_key(rental));
    }

    fn note(&mut self, differences: Vec<Difference>) {
        for difference in differences {
            self.counted.differences = self.counted.differences.saturating_add(1);
            if self.differences.len() < DIFFERENCES_KEPT {
                self.differences.push(difference);
            }
        }
    }
}

/// Whose rental a stream is about, if it has started.
#[must_use]
pub fn customer_of(stream: &[Placed]) -> Option<CustomerId> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "every started rental has its start")]
    stream.iter().find_map(|placed| match &placed.event {
        Event::RentalStarted(fact) => Some(fact.customer_id),
        _ => None,
    })
}
