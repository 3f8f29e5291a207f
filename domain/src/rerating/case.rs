//! One rental: the facts of its bill, the bill that follows from them, and what each event says instead.

use super::{
    Placed,
    difference::{Checks, Difference, What},
    starts::counted,
};
use crate::{
    CustomerId, Event, RentalId, StationId, Time,
    event::{
        CorrectedStage, CorrectionCause, DeviceRecovered, RentalCorrected, RentalEnded, RentalExtended,
        RentalSold, RentalStarted, ReplacementFeeReversed, SaleCause,
    },
    rating::{Charge, Posted, Rated, Rule, not_taken, set_by_staff},
    rental::{Meter, Settlement},
    tariff::Terms,
    timing::{business_day, plus_minutes},
};

/// A rental whose bank has left.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) rental_id: RentalId,
    pub(super) customer_id: CustomerId,
    /// Where it began.
    pub(super) station_id: StationId,
    /// The numbers pinned at the start.
    terms: Terms,
    /// The position of the start.
    start: i64,
    /// How many rentals its customer had started before on that business day.
    earlier_starts: u32,
    /// Its customer is erased: what comes now moves no money.
    pub(super) erased: bool,
    facts: Meter,
    pub(super) bill: Option<Bill>,
    /// What staff ruled of the bill: facts that come later do not move it.
    ruled: Option<Ruled>,
}

/// What staff said of a bill.
#[derive(Debug, Clone, Copy)]
enum Ruled {
    /// To when it is billed.
    End(Time),
    /// What it costs.
    Total(Posted),
}

/// What a closed rental costs.
#[derive(Debug, Clone)]
pub(super) struct Bill {
    /// The billed end, the sale moment, or when the bank came back after it.
    pub(super) at: Time,
    /// What is charged and not taken back, as it follows from the facts.
    standing: Posted,
    /// What the rental costs in all, as it follows from the facts.
    whole: Charge,
    /// What it costs in all as recorded.
    pub(super) recorded: Posted,
}

impl Case {
    /// A rental that starts.
    pub(super) fn begin(position: i64, fact: &RentalStarted, earlier_starts: u32) -> (Case, Vec<Difference>) {
        let terms = fact.tariff.terms;
        let free_minutes = if earlier_starts < terms.free_rentals_per_day { terms.free_minutes } else { 0 };
        let due_at = plus_minutes(fact.started_at, terms.term_minutes);
        let mut checks = Checks::of(position, fact.rental_id);
        checks.same(What::FreeMinutes, &fact.free_minutes, &free_minutes);
        checks.same(What::DueAt, &fact.due_at, &due_at);
        let facts = Meter {
            started_at: fact.started_at,
            due_at,
            extended_minutes: 0,
            free_minutes,
            returned_at: None,
            attempts: Vec::new(),
            reported_at: None,
        };
        let case = Case {
            rental_id: fact.rental_id,
            customer_id: fact.customer_id,
            station_id: fact.station_id,
            terms,
            start: position,
            earlier_starts,
            erased: false,
            facts,
            bill: None,
            ruled: None,
        };
        (case, checks.found)
    }

    /// The rental as its own stream and its customer's tell it, up to a position. Nothing if it never started.
    pub(super) fn replay(stream: &[Placed], customer: &[Placed], before: i64) -> Option<Case> {
        let mut case: Option<Case> = None;
        let erased_at = customer
            .iter()
            .find(|placed| matches!(placed.event, Event::CustomerErased(_)))
            .map_or(i64::MAX, |placed| placed.position);
        for placed in stream.iter().filter(|placed| placed.position < before) {
            match (&placed.event, &mut case) {
                (Event::RentalStarted(fact), None) => {
                    let earlier = counted(customer, placed.position, business_day(fact.started_at));
                    case = Some(Case::begin(placed.position, fact, earlier).0);
                }
                (event, Some(case)) => {
                    case.erased = placed.position > erased_at;
                    case.follow(placed.position, event);
                }
                (_, None) => {}
            }
        }
        if let Some(case) = &mut case {
            case.erased = erased_at < before;
        }
        case
    }

    /// Rates a rental again from its own stream alone. Whether its customer had free minutes left that day, and whether
    /// they were erased, is in other streams: the start and the recovery are believed there.
    pub(super) fn check(stream: &[Placed]) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut case: Option<Case> = None;
        for placed in stream {
            match (&placed.event, &mut case) {
                (Event::RentalStarted(fact), None) => {
                    let had_none = fact.free_minutes == 0 && fact.tariff.terms.free_minutes != 0;
                    let earlier = if had_none { u32::MAX } else { 0 };
                    let (begun, differences) = Case::begin(placed.position, fact, earlier);
                    found.extend(differences);
                    case = Some(begun);
                }
                (event, Some(case)) => {
                    case.erased |= matches!(event, Event::DeviceRecovered(_)) && case.fee_stands();
                    found.extend(case.follow(placed.position, event));
                }
                (_, None) => {}
            }
        }
        found
    }

    /// Whether the replacement fee is charged and not given back: a recovery that leaves it so moves no money.
    fn fee_stands(&self) -> bool {
        self.bill.as_ref().is_some_and(|bill| !bill.standing.amounts.replacement.is_zero())
    }

    /// Takes in one more event, and says what of it does not follow from the facts.
    pub(super) fn follow(&mut self, position: i64, event: &Event) -> Vec<Difference> {
        let mut checks = Checks::of(position, self.rental_id);
        #[expect(clippy::wildcard_enum_match_arm, reason = "the pass hands over what concerns a bill")]
        match event {
            // Whatever comes after an erasure is waived: it is no fact of the bill.
            Event::ReturnAttemptRecorded(_) | Event::DeviceDocked(_) if self.erased => {}
            Event::RentalStarted(_) => checks.out_of_order("RentalStarted", "a rental starts once"),
            Event::RentalExtended(fact) => self.extended(fact, &mut checks),
            Event::ReturnAttemptRecorded(fact) => self.facts = self.facts.with_attempt(fact.attempted_at),
            Event::RentalEnded(fact) => self.ended(position, fact, &mut checks),
            Event::RentalSold(fact) => self.sold(fact, &mut checks),
            Event::RentalCorrected(fact) => self.corrected(fact, &mut checks),
            Event::ReplacementFeeReversed(fact) => self.reversed(fact, &mut checks),
            Event::DeviceRecovered(fact) => self.recovered(fact, &mut checks),
            Event::DeviceDocked(fact) => {
                if let Some(evidence) = &fact.evidence {
                    self.facts = self.facts.with_return(evidence.billed_at);
                }
            }
            _ => {}
        }
        checks.found
    }

    fn extended(&mut self, fact: &RentalExtended, checks: &mut Checks) {
        let due_at = plus_minutes(self.facts.due_at, fact.minutes);
        checks.same(What::DueAt, &fact.due_at, &due_at);
        self.facts.due_at = due_at;
        self.facts.extended_minutes = self.facts.extended_minutes.saturating_add(fact.minutes);
    }

    fn ended(&mut self, position: i64, fact: &RentalEnded, checks: &mut Checks) {
        if self.bill.is_some() {
            return checks.out_of_order("RentalEnded", "the rental is billed already");
        }
        checks.same(What::Start, &fact.started_at, &self.facts.started_at);
        self.facts = self.facts.with_return(fact.evidence.billed_at);
        let (at, rated) = match self.facts.settle(&self.terms) {
            Settlement::Ended { at, charge } => (at, charge),
            other @ (Settlement::Recovered { .. } | Settlement::TooLate | Settlement::NotReturned) => {
                checks.note(What::Outcome, &"ended", &name(&other));
                (fact.ended_at, self.rated().returned(fact.ended_at))
            }
        };
        // Put back while it was being released: started and ended in one decision, for nothing.
        let put_back = position == self.start.saturating_add(1) && at == self.facts.started_at;
        let charge = if put_back && fact.charge == not_taken(at) { not_taken(at) } else { rated };
        checks.same(What::End, &fact.ended_at, &at);
        checks.charge(What::Charge, &fact.charge, &charge);
        self.bill = Some(Bill::new(at, charge, &fact.charge));
    }

    fn sold(&mut self, fact: &RentalSold, checks: &mut Checks) {
        if self.bill.is_some() {
            return checks.out_of_order("RentalSold", "the rental is billed already");
        }
        checks.same(What::Start, &fact.started_at, &self.facts.started_at);
        if fact.cause == SaleCause::Report {
            self.facts.reported_at = Some(fact.sold_at);
        }
        let (at, cause) = self.facts.sale(&self.terms);
        let charge = self.facts.sale_charge(&self.terms);
        checks.same(What::Outcome, &fact.cause, &cause);
        checks.same(What::End, &fact.sold_at, &at);
        checks.charge(What::Charge, &fact.charge, &charge);
        self.bill = Some(Bill::new(at, charge, &fact.charge));
    }

    fn reversed(&mut self, fact: &ReplacementFeeReversed, checks: &mut Checks) {
        let Some(bill) = &mut self.bill else {
            return checks.out_of_order("ReplacementFeeReversed", "the rental is not billed yet");
        };
        let fee = bill.standing.replacement_only();
        checks.same(What::Reversed, &fact.reversed, &fee);
        bill.standing = bill.standing.less(fee);
        bill.recorded = bill.recorded.less(fact.reversed);
    }

    fn recovered(&mut self, fact: &DeviceRecovered, checks: &mut Checks) {
        let Some(bill) = self.bill.clone() else {
            return checks.out_of_order("DeviceRecovered", "the rental is not billed yet");
        };
        let (at, charge, whole) = if self.erased {
            (fact.recovered_at, Charge::posted(Posted::ZERO, Vec::new()), bill.whole)
        } else {
            self.facts = self.facts.with_return(fact.evidence.billed_at);
            match self.facts.settle(&self.terms) {
                Settlement::Recovered { at, whole } => {
                    (at, self.facts.recovery_charge(&self.terms, at, bill.standing), whole)
                }
                other @ (Settlement::Ended { .. } | Settlement::TooLate | Settlement::NotReturned) => {
                    checks.note(What::Outcome, &"recovered", &name(&other));
                    (fact.recovered_at, fact.charge.clone(), fact.whole.clone())
                }
            }
        };
        checks.same(What::End, &fact.recovered_at, &at);
        checks.charge(What::Charge, &fact.charge, &charge);
        checks.charge(What::Whole, &fact.whole, &whole);
        let standing = bill.standing.plus(charge.to_posted());
        self.bill = Some(Bill { at, standing, whole, recorded: fact.whole.to_posted() });
    }

    fn corrected(&mut self, fact: &RentalCorrected, checks: &mut Checks) {
        let Some(bill) = self.bill.clone() else {
            return checks.out_of_order("RentalCorrected", "the rental is not billed yet");
        };
        checks.same(What::Reversed, &fact.reversed, &bill.standing);
        if let Some(evidence) = &fact.evidence {
            self.facts = self.facts.with_return(evidence.billed_at);
        }
        if fact.cause == CorrectionCause::Staff {
            return self.corrected_by_staff(fact, bill.at, checks);
        }
        if self.ruled.is_some() {
            // A return that is kept beside a bill of staff: the bill is as it was.
            let charge = Charge::posted(bill.standing, bill.whole.lines);
            checks.same(What::End, &fact.ended_at, &Some(bill.at));
            checks.charge(What::Charge, &fact.charge, &charge);
            self.bill = Some(Bill::new(bill.at, charge, &fact.charge));
            return;
        }
        let (at, charge) = match (fact.stage, self.facts.settle(&self.terms)) {
            (
                CorrectedStage::Ended,
                Settlement::Ended { at, charge } | Settlement::Recovered { at, whole: charge },
            ) => (at, charge),
            (CorrectedStage::Sold, Settlement::TooLate) => {
                (self.facts.sale(&self.terms).0, self.facts.sale_charge(&self.terms))
            }
            (stage, other) => {
                checks.note(What::Outcome, &stage, &name(&other));
                (fact.ended_at.unwrap_or(bill.at), fact.charge.clone())
            }
        };
        checks.same(What::End, &fact.ended_at, &Some(at));
        checks.charge(What::Charge, &fact.charge, &charge);
        self.bill = Some(Bill::new(at, charge, &fact.charge));
    }

    /// What staff left out stays as it is; a total is believed, and nothing else.
    fn corrected_by_staff(&mut self, fact: &RentalCorrected, before: Time, checks: &mut Checks) {
        if let Some(started_at) = fact.started_at {
            self.facts = self.facts.with_start(started_at);
        }
        let at = fact.ended_at.unwrap_or(self.facts.sale(&self.terms).0);
        let total = fact.charge.lines.iter().any(|line| line.rule == Rule::SetByStaff);
        let charge = if total {
            checks.same(What::End, &at, &before);
            set_by_staff(fact.charge.total, self.terms.vat_percent, (self.facts.started_at, at))
        } else {
            let settled = fact.ended_at.map(|end| self.facts.settled_at(end, &self.terms));
            match settled {
                Some(Settlement::Ended { charge, .. } | Settlement::Recovered { whole: charge, .. }) => {
                    charge
                }
                Some(Settlement::TooLate | Settlement::NotReturned) | None => {
                    self.facts.sale_charge(&self.terms)
                }
            }
        };
        checks.charge(What::Charge, &fact.charge, &charge);
        self.ruled = match fact.stage {
            CorrectedStage::Sold => None,
            CorrectedStage::Ended | CorrectedStage::Recovered if total => {
                Some(Ruled::Total(charge.to_posted()))
            }
            CorrectedStage::Ended | CorrectedStage::Recovered => Some(Ruled::End(at)),
        };
        self.bill = Some(Bill::new(at, charge, &fact.charge));
    }

    const fn rated(&self) -> Rated<'_> {
        let Meter { started_at, due_at, free_minutes, .. } = self.facts;
        Rated { terms: &self.terms, free_minutes, started_at, due_at }
    }

    /// What the same facts come to under other terms. Nothing if the bank is not back and would not be sold by `now`.
    pub(super) fn under(&self, terms: &Terms, now: Time) -> Option<Posted> {
        let minutes = terms.term_minutes.saturating_add(self.facts.extended_minutes);
        let facts = Meter {
            due_at: plus_minutes(self.facts.started_at, minutes),
            free_minutes: if self.earlier_starts < terms.free_rentals_per_day {
                terms.free_minutes
            } else {
                0
            },
            ..self.facts.clone()
        };
        let settled = match self.ruled {
            Some(Ruled::Total(posted)) => return Some(posted),
            Some(Ruled::End(end)) => facts.settled_at(end, terms),
            None => facts.settle(terms),
        };
        let charge = match settled {
            Settlement::Ended { charge, .. } => charge,
            Settlement::Recovered { whole, .. } => whole,
            Settlement::TooLate => facts.sale_charge(terms),
            Settlement::NotReturned if facts.sale(terms).0 <= now => facts.sale_charge(terms),
            Settlement::NotReturned => return None,
        };
        Some(charge.to_posted())
    }
}

impl Bill {
    fn new(at: Time, charge: Charge, recorded: &Charge) -> Bill {
        Bill { at, standing: charge.to_posted(), whole: charge, recorded: recorded.to_posted() }
    }
}

const fn name(settlement: &Settlement) -> &'static str {
    match settlement {
        Settlement::NotReturned => "not_returned",
        Settlement::Ended { .. } => "ended",
        Settlement::Recovered { .. } => "recovered",
        Settlement::TooLate => "sold",
    }
}
