//! The events that lead from what stands to what the facts come to.
//!
//! One function for every arriving fact, so a late return, a late proof of an attempt and a return in time cannot
//! come to different bills: [`settle_with`] compares the rental as recorded with [`Meter::settle`] of the facts
//! including the new one.

use super::{
    settle::{Meter, Settlement},
    state::{Outcome, Rental, Stage},
};
use crate::{
    Money, Time,
    customer::{Customer, Status},
    decide::{Fact, fact},
    event::{
        CorrectedStage, CorrectionCause, DeviceDocked, DeviceRecovered, RentalCorrected, RentalEnded,
        RentalSold, ReplacementFeeReversed, ReturnEvidence, Review,
    },
    ids::RentalId,
    personal::Sealed,
    purse::{Debited, Purse},
    rating::{Charge, Posted},
};
use serde::Serialize;

/// What arrived.
pub(super) enum Arrival {
    /// A return: what was seen, whether the bank is taken to stand there now, what to look at.
    Return { evidence: ReturnEvidence, docks: bool, review: Vec<Review> },
    /// Proof of a refused attempt at a rental that may be closed.
    Attempt,
}

/// Who a rental is settled with.
#[derive(Clone, Copy)]
pub(super) struct Payer {
    pub(super) purse: Purse,
    /// Nobody knows any more who they were, so no money moves.
    erased: bool,
}

impl Payer {
    pub(super) fn of(customer: &Customer) -> Payer {
        Payer { purse: customer.purse, erased: customer.status == Status::Closed }
    }
}

/// The facts that follow, and what the rental and its customer are like afterwards.
pub(super) struct Settled {
    pub(super) facts: Vec<Fact>,
    pub(super) bill: Bill,
}

/// The answer to whatever closes or corrects a rental.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Bill {
    pub(super) rental_id: Option<crate::RentalId>,
    pub(super) status: &'static str,
    pub(super) ended_at: Option<Time>,
    pub(super) charge: Option<Charge>,
    pub(super) balance: Option<Money>,
    pub(super) debt: Option<Money>,
    pub(super) currency: &'static str,
}

impl Bill {
    /// The bill as it stands.
    pub(super) fn of(rental: &Rental, purse: Purse) -> Bill {
        let (ended_at, charge) = match &rental.stage {
            Stage::Closed { outcome, whole, .. } => (Some(ended_at(*outcome)), Some(whole.clone())),
            Stage::Releasing { .. } | Stage::Cancelled { .. } | Stage::Running { .. } => (None, None),
        };
        Bill::new(rental, rental.status(), ended_at, charge, purse)
    }

    pub(super) fn new(
        rental: &Rental,
        status: &'static str,
        ended_at: Option<Time>,
        charge: Option<Charge>,
        purse: Purse,
    ) -> Bill {
        Bill {
            rental_id: Some(rental.id),
            status,
            ended_at,
            charge,
            balance: Some(purse.balance),
            debt: Some(purse.debt),
            currency: "TZS",
        }
    }

    /// The answer where no rental is concerned.
    pub(super) const fn none(status: &'static str) -> Bill {
        Bill {
            rental_id: None,
            status,
            ended_at: None,
            charge: None,
            balance: None,
            debt: None,
            currency: "TZS",
        }
    }
}

pub(super) const fn ended_at(outcome: Outcome) -> Time {
    match outcome {
        Outcome::Ended { at } | Outcome::Sold { at, .. } | Outcome::Recovered { at, .. } => at,
    }
}

/// Sells a running rental at its sale moment. Changes the purse.
pub(super) fn sale(
    rental: &Rental,
    meter: &Meter,
    purse: &mut Purse,
    reason: Option<Sealed>,
) -> (Fact, Charge) {
    let terms = &rental.tariff.terms;
    let (sold_at, cause) = meter.sale(terms);
    let charge = meter.sale_charge(terms);
    let sold = RentalSold {
        rental_id: rental.id,
        customer_id: rental.customer_id,
        device_id: rental.device_id,
        started_at: meter.started_at,
        sold_at,
        cause,
        charge: charge.clone(),
        debited: purse.charge(charge.total),
        reason,
    };
    (fact(sold, sold_at), charge)
}

/// The events that follow when `meter` has become what is known of `rental`.
pub(super) fn settle_with(rental: &Rental, meter: &Meter, payer: Payer, arrival: Arrival) -> Settled {
    let settlement = meter.settle(&rental.tariff.terms);
    let mut purse = payer.purse;
    match (&rental.stage, arrival) {
        (Stage::Running { .. }, Arrival::Return { evidence, docks, review }) => {
            close(rental, meter, &mut purse, settlement, (evidence, docks, review))
        }
        (Stage::Closed { outcome, whole, .. }, arrival) if payer.erased => {
            waive(rental, purse, (&settlement, *outcome, whole), arrival)
        }
        (Stage::Closed { outcome, standing, whole, .. }, arrival) if rental.staff_end().is_some() => {
            keep(rental, purse, (*outcome, *standing, whole), arrival)
        }
        (Stage::Closed { outcome, standing, whole, .. }, arrival) => {
            amend(rental, meter, &mut purse, settlement, (*outcome, *standing, whole), arrival)
        }
        (Stage::Running { .. }, Arrival::Attempt)
        | (Stage::Releasing { .. } | Stage::Cancelled { .. }, _) => {
            Settled { facts: Vec::new(), bill: Bill::of(rental, purse) }
        }
    }
}

/// A running rental got its return.
fn close(
    rental: &Rental,
    meter: &Meter,
    purse: &mut Purse,
    settlement: Settlement,
    (evidence, docks, review): (ReturnEvidence, bool, Vec<Review>),
) -> Settled {
    match settlement {
        Settlement::Ended { at, charge } => {
            let debited = purse.charge(charge.total);
            let bill = Bill::new(rental, "ended", Some(at), Some(charge.clone()), *purse);
            let ended = RentalEnded {
                rental_id: rental.id,
                customer_id: rental.customer_id,
                device_id: rental.device_id,
                station_id: evidence.place.station_id,
                slot: evidence.place.slot,
                started_at: meter.started_at,
                ended_at: at,
                charge,
                debited,
                evidence,
                review,
            };
            Settled { facts: vec![fact(ended, at)], bill }
        }
        Settlement::Recovered { at, whole } => {
            let (sold, charge) = sale(rental, meter, purse, None);
            let standing = charge.to_posted();
            let mut settled = recover(rental, meter, purse, (standing, at, whole), (evidence, docks, review));
            settled.facts.insert(0, sold);
            settled
        }
        Settlement::TooLate | Settlement::NotReturned => {
            let (sold, charge) = sale(rental, meter, purse, None);
            let sold_at = sold.occurred_at;
            let bill = Bill::new(rental, "sold", Some(sold_at), Some(charge), *purse);
            Settled { facts: vec![sold, dock_sold(rental, evidence, review)], bill }
        }
    }
}

/// A closed rental got another fact.
fn amend(
    rental: &Rental,
    meter: &Meter,
    purse: &mut Purse,
    settlement: Settlement,
    (outcome, standing, whole): (Outcome, Posted, &Charge),
    arrival: Arrival,
) -> Settled {
    let unchanged = |facts| Settled { facts, bill: Bill::of(rental, *purse) };
    match (settlement, outcome) {
        (Settlement::Ended { at, .. }, Outcome::Ended { at: before }) if at == before => {
            unchanged(Vec::new())
        }
        (Settlement::Ended { at, charge }, _) => {
            let to = (CorrectedStage::Ended, at, charge);
            correct(rental, purse, standing, to, arrival)
        }
        (Settlement::Recovered { at, whole }, Outcome::Sold { .. }) => {
            let seen = match arrival {
                Arrival::Return { evidence, docks, review } => (evidence, docks, review),
                // The return was on record as too late; the attempt brings it into the recovery days.
                Arrival::Attempt => {
                    let to = (CorrectedStage::Ended, at, whole);
                    return correct(rental, purse, standing, to, Arrival::Attempt);
                }
            };
            recover(rental, meter, purse, (standing, at, whole), seen)
        }
        (
            Settlement::Recovered { at, .. },
            Outcome::Recovered { at: before, .. } | Outcome::Ended { at: before },
        ) if at == before => unchanged(Vec::new()),
        (Settlement::Recovered { at, whole }, Outcome::Recovered { .. } | Outcome::Ended { .. }) => {
            correct(rental, purse, standing, (CorrectedStage::Ended, at, whole), arrival)
        }
        (Settlement::TooLate, Outcome::Sold { .. }) => match arrival {
            Arrival::Return { evidence, docks: true, review } => {
                unchanged(vec![dock_sold(rental, evidence, review)])
            }
            // Nothing moves, but the return is kept: a refused attempt within the hour before it may still come.
            Arrival::Return { evidence, docks: false, review } => {
                unchanged(vec![remember(rental, *purse, (outcome, standing, whole), (evidence, review))])
            }
            Arrival::Attempt => unchanged(Vec::new()),
        },
        // A bill only ever moves to an earlier end: these need a later one.
        (Settlement::TooLate, Outcome::Ended { .. } | Outcome::Recovered { .. })
        | (Settlement::NotReturned, _) => unchanged(Vec::new()),
    }
}

/// A closed rental of somebody erased got another fact: the bank is taken in, and the bill stays as it is.
fn waive(
    rental: &Rental,
    mut purse: Purse,
    (settlement, outcome, whole): (&Settlement, Outcome, &Charge),
    arrival: Arrival,
) -> Settled {
    let unchanged = |facts| Settled { facts, bill: Bill::of(rental, purse) };
    let Arrival::Return { evidence, docks, review } = arrival else { return unchanged(Vec::new()) };
    match (settlement, outcome) {
        (Settlement::Recovered { at, .. }, Outcome::Sold { .. }) => {
            let nothing = Charge::posted(Posted::ZERO, Vec::new());
            let debited = purse.charge(nothing.total);
            let back = Recovery { at: *at, charge: nothing, whole: whole.clone() };
            let bill = Bill::new(rental, "recovered", Some(*at), Some(whole.clone()), purse);
            let recovered = recovered(rental, back, debited, (evidence, docks, review));
            Settled { facts: vec![recovered], bill }
        }
        (_, _) if docks => unchanged(vec![dock_closed(rental, outcome, evidence, review)]),
        (_, _) => unchanged(Vec::new()),
    }
}

/// A rental that staff billed got another fact: the bank is taken in, somebody is to look at it, and the bill stays.
fn keep(rental: &Rental, purse: Purse, stands: (Outcome, Posted, &Charge), arrival: Arrival) -> Settled {
    let facts = match arrival {
        Arrival::Return { evidence, docks, mut review } => {
            review.push(Review::AfterCorrection);
            vec![if docks {
                docked(rental, Some(rental.id), evidence, review)
            } else {
                remember(rental, purse, stands, (evidence, review))
            }]
        }
        // It is flagged where it is recorded.
        Arrival::Attempt => Vec::new(),
    };
    Settled { facts, bill: Bill::of(rental, purse) }
}

/// Keeps a return that moves neither bill nor bank: the charge that stands is taken back and posted again, and the purse
/// is as it was. A write-off is left alone, for nothing is given back.
fn remember(
    rental: &Rental,
    mut purse: Purse,
    (outcome, standing, whole): (Outcome, Posted, &Charge),
    (evidence, review): (ReturnEvidence, Vec<Review>),
) -> Fact {
    let observed_at = evidence.observed_at;
    let credited = purse.pay(standing.amounts.total());
    let debited = purse.charge(standing.amounts.total());
    let stage = match outcome {
        Outcome::Ended { .. } => CorrectedStage::Ended,
        Outcome::Sold { .. } => CorrectedStage::Sold,
        Outcome::Recovered { .. } => CorrectedStage::Recovered,
    };
    let kept = RentalCorrected {
        rental_id: rental.id,
        customer_id: rental.customer_id,
        device_id: rental.device_id,
        stage,
        ended_at: Some(ended_at(outcome)),
        cause: CorrectionCause::LateReturn,
        reversed: standing,
        credited,
        charge: Charge::posted(standing, whole.lines.clone()),
        debited,
        evidence: Some(evidence),
        docked: None,
        review,
        started_at: None,
        approval_id: None,
        approved_by: None,
        reason: None,
    };
    fact(kept, observed_at)
}

/// Takes the old charge back whole and posts the new one.
fn correct(
    rental: &Rental,
    purse: &mut Purse,
    standing: Posted,
    (stage, at, charge): (CorrectedStage, Time, Charge),
    arrival: Arrival,
) -> Settled {
    let credited = purse.refund(standing.amounts.total());
    let debited = purse.charge(charge.total);
    let status = match stage {
        CorrectedStage::Ended => "ended",
        CorrectedStage::Sold => "sold",
        CorrectedStage::Recovered => "recovered",
    };
    let bill = Bill::new(rental, status, Some(at), Some(charge.clone()), *purse);
    let (cause, evidence, docked, review) = match arrival {
        Arrival::Return { evidence, docks, review } => {
            let docked = docks.then_some(evidence.place);
            (CorrectionCause::LateReturn, Some(evidence), docked, review)
        }
        Arrival::Attempt => (CorrectionCause::ReturnAttempt, None, None, Vec::new()),
    };
    let corrected = RentalCorrected {
        rental_id: rental.id,
        customer_id: rental.customer_id,
        device_id: rental.device_id,
        stage,
        ended_at: Some(at),
        cause,
        reversed: standing,
        credited,
        charge,
        debited,
        evidence,
        docked,
        review,
        started_at: None,
        approval_id: None,
        approved_by: None,
        reason: None,
    };
    Settled { facts: vec![fact(corrected, at)], bill }
}

/// Gives the replacement fee back, as far as it stands, and takes the bank in.
fn recover(
    rental: &Rental,
    meter: &Meter,
    purse: &mut Purse,
    (standing, at, whole): (Posted, Time, Charge),
    (evidence, docks, review): (ReturnEvidence, bool, Vec<Review>),
) -> Settled {
    let mut facts = Vec::new();
    let fee = standing.replacement_only();
    if !fee.amounts.replacement.is_zero() {
        let credited = purse.refund(fee.amounts.replacement);
        let (rental_id, customer_id) = (rental.id, rental.customer_id);
        let reversed = ReplacementFeeReversed { rental_id, customer_id, reversed: fee, credited };
        facts.push(fact(reversed, at));
    }
    let charge = meter.recovery_charge(&rental.tariff.terms, at, standing.less(fee));
    let debited = purse.charge(charge.total);
    let bill = Bill::new(rental, "recovered", Some(at), Some(whole.clone()), *purse);
    let back = Recovery { at, charge, whole };
    facts.push(recovered(rental, back, debited, (evidence, docks, review)));
    Settled { facts, bill }
}

/// A sold bank that came back in time: when, for which charge, and what the rental costs in all.
struct Recovery {
    at: Time,
    charge: Charge,
    whole: Charge,
}

fn recovered(
    rental: &Rental,
    Recovery { at, charge, whole }: Recovery,
    debited: Debited,
    (evidence, docked, review): (ReturnEvidence, bool, Vec<Review>),
) -> Fact {
    let recovered = DeviceRecovered {
        rental_id: rental.id,
        customer_id: rental.customer_id,
        device_id: rental.device_id,
        station_id: evidence.place.station_id,
        slot: evidence.place.slot,
        recovered_at: at,
        charge,
        whole,
        debited,
        evidence,
        docked,
        review,
    };
    fact(recovered, at)
}

/// A sold bank came back after its recovery days: it is taken in, no money moves.
fn dock_sold(rental: &Rental, evidence: ReturnEvidence, review: Vec<Review>) -> Fact {
    docked(rental, Some(rental.id), evidence, review)
}

/// A bank of a rental that stays as it is; the rental learns of it only where it waits for its bank.
fn dock_closed(rental: &Rental, outcome: Outcome, evidence: ReturnEvidence, review: Vec<Review>) -> Fact {
    let waits = matches!(outcome, Outcome::Sold { .. });
    docked(rental, waits.then_some(rental.id), evidence, review)
}

fn docked(
    rental: &Rental,
    rental_id: Option<RentalId>,
    evidence: ReturnEvidence,
    review: Vec<Review>,
) -> Fact {
    let observed_at = evidence.observed_at;
    let docked = DeviceDocked {
        device_id: rental.device_id,
        station_id: evidence.place.station_id,
        slot: evidence.place.slot,
        battery_percent: evidence.battery_percent,
        left: None,
        rental_id,
        evidence: Some(evidence),
        review,
    };
    fact(docked, observed_at)
}
