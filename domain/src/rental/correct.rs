//! Corrections by staff: a closed rental is billed anew because two people say so.
//!
//! What is asked for is a start, an end, or both, rated anew with the pinned tariff, or a total, booked as usage.
//! What staff leave out stays as it stands; a due time is as long after the start as it was. The free minutes are those
//! that were granted when the rental began. Every line of the rental still standing is taken back, and the new charge
//! posted: [`RentalCorrected`], at the moment at which the second person agreed. A new charge without a replacement fee
//! makes a sold or recovered rental `ended`; otherwise the stage stays.
//!
//! It is judged twice, when it is asked for and when it is approved ([`crate::approval`]), each time on the state as it
//! is then. What equals that which stands is already done when it is asked for, and refused when it is approved, so that
//! the request is not left open.
//!
//! A correction is a decision by people. What is learned afterwards, a return uploaded late or a refused attempt, is kept
//! and does not move the bill, neither back nor further: it is flagged `after_correction`, and staff may correct again.
//! One thing goes on: a rental that staff left `sold` still waits for its bank, and a return is settled as ever, from the
//! corrected start. So a fee that stands is given back once, and one that was corrected away is not given back again.

use super::{
    settle::{Meter, Settlement},
    start::customer_of,
    state::{Outcome, Rental, Stage},
    transition::{Bill, ended_at},
};
use crate::{
    Money, Rejection, Time, View,
    approval::{self, Agreement},
    command::CorrectRental,
    customer::{Customer, Status},
    decide::{Decision, Fact, Order, Stop, fact},
    event::{Action, CorrectedStage, CorrectionCause, RentalCorrected},
    ids::RentalId,
    personal::Sealed,
    purse::Purse,
    rating::{Charge, Posted, set_by_staff},
    timing,
};

/// What staff say of a rental.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) rental_id: RentalId,
    pub(crate) started_at: Option<Time>,
    pub(crate) ended_at: Option<Time>,
    pub(crate) total: Option<Money>,
}

/// A closed rental and whose it is.
struct Closed<'a> {
    rental: &'a Rental,
    customer: &'a Customer,
    meter: &'a Meter,
    outcome: Outcome,
    standing: Posted,
}

/// What the rental becomes.
struct Anew {
    stage: CorrectedStage,
    started_at: Option<Time>,
    ended_at: Option<Time>,
    charge: Charge,
}

/// CorrectRental, in order: rental unknown · account closed · not ended, sold or recovered · a time ahead of now · an end
/// before the start · equal to what stands: already done · the sender's time. It moves no money; a second person does.
///
/// # Errors
/// The first of these refusals.
pub fn correct(command: &CorrectRental, order: &Order, view: &View<'_>) -> Result<Decision, Stop> {
    let asked = Asked {
        rental_id: command.rental_id,
        started_at: command.started_at.map(timing::to_micros),
        ended_at: command.ended_at.map(timing::to_micros),
        total: command.total,
    };
    let closed = closed(asked.rental_id, view)?;
    let anew = closed.anew(asked, order.now)?;
    if closed.stands(&anew) {
        return Ok(Decision::already_done(&Bill::of(closed.rental, closed.customer.purse)));
    }
    let action = Action::CorrectRental {
        rental_id: asked.rental_id,
        customer_id: closed.rental.customer_id,
        started_at: asked.started_at,
        ended_at: asked.ended_at,
        total: asked.total,
        reason: command.reason.clone(),
    };
    approval::request(action, order)
}

/// The correction that was approved, on the present state, and the purse after it.
///
/// # Errors
/// As [`correct`], and `correction_changes_nothing`.
pub(crate) fn corrected(
    (asked, reason): (Asked, &Sealed),
    agreement: Agreement,
    order: &Order,
    view: &View<'_>,
) -> Result<(Fact, Purse, Charge), Stop> {
    let closed = closed(asked.rental_id, view)?;
    let anew = closed.anew(asked, order.now)?;
    if closed.stands(&anew) {
        let (rental_id, total) = (asked.rental_id.0, anew.charge.total);
        return Err(Rejection::CorrectionChangesNothing { rental_id, total }.into());
    }
    let occurred_at = timing::occurred(order)?;
    let mut purse = closed.customer.purse;
    let credited = purse.refund(closed.standing.amounts.total());
    let debited = purse.charge(anew.charge.total);
    let Anew { stage, started_at, ended_at, charge } = anew;
    let corrected = RentalCorrected {
        rental_id: closed.rental.id,
        customer_id: closed.rental.customer_id,
        device_id: closed.rental.device_id,
        stage,
        ended_at,
        cause: CorrectionCause::Staff,
        reversed: closed.standing,
        credited,
        charge: charge.clone(),
        debited,
        evidence: None,
        docked: None,
        review: Vec::new(),
        started_at,
        approval_id: Some(agreement.approval_id),
        approved_by: Some(agreement.approved_by),
        reason: Some(reason.clone()),
    };
    Ok((fact(corrected, occurred_at), purse, charge))
}

fn closed<'a>(id: RentalId, view: &View<'a>) -> Result<Closed<'a>, Stop> {
    let unknown = Rejection::RentalUnknown { rental_id: id.0 };
    let rental = view.rental(id)?.here().ok_or(unknown)?;
    let customer = customer_of(rental, view)?;
    if customer.status == Status::Closed {
        return Err(Rejection::CustomerClosed { customer_id: customer.id.0 }.into());
    }
    let Stage::Closed { meter, outcome, standing, .. } = &rental.stage else {
        return Err(Rejection::RentalNotClosed { rental_id: id.0, rental_status: rental.status() }.into());
    };
    Ok(Closed { rental, customer, meter, outcome: *outcome, standing: *standing })
}

impl Closed<'_> {
    /// The end that stands; a sold rental has none.
    const fn end(&self) -> Option<Time> {
        match self.outcome {
            Outcome::Ended { at } | Outcome::Recovered { at, .. } => Some(at),
            Outcome::Sold { .. } => None,
        }
    }

    /// What it becomes, with what was left out as it stands.
    fn anew(&self, asked: Asked, now: Time) -> Result<Anew, Rejection> {
        if let Some(at) = [asked.started_at, asked.ended_at].into_iter().flatten().find(|at| *at > now) {
            return Err(Rejection::CorrectionInFuture { at, now });
        }
        let terms = &self.rental.tariff.terms;
        if let Some(total) = asked.total {
            let ended_at = ended_at(self.outcome);
            let charge = set_by_staff(total, terms.vat_percent, (self.meter.started_at, ended_at));
            let stage = CorrectedStage::Ended;
            return Ok(Anew { stage, started_at: None, ended_at: Some(ended_at), charge });
        }
        let meter = asked.started_at.map_or_else(|| self.meter.clone(), |at| self.meter.with_start(at));
        let end = asked.ended_at.or(self.end());
        let latest = end.unwrap_or(meter.sale(terms).0);
        if latest < meter.started_at {
            let started_at = meter.started_at;
            return Err(Rejection::CorrectionEndBeforeStart { started_at, ended_at: latest });
        }
        let settled = end.map_or(Settlement::NotReturned, |end| meter.settled_at(end, terms));
        let charge = match settled {
            Settlement::Ended { charge, .. } | Settlement::Recovered { whole: charge, .. } => charge,
            Settlement::TooLate | Settlement::NotReturned => meter.sale_charge(terms),
        };
        let stage = self.stage_with(&charge);
        let ended_at = if stage == CorrectedStage::Sold { None } else { Some(latest) };
        Ok(Anew { stage, started_at: asked.started_at, ended_at, charge })
    }

    fn stage_with(&self, charge: &Charge) -> CorrectedStage {
        match self.outcome {
            Outcome::Sold { .. } if !charge.replacement.is_zero() => CorrectedStage::Sold,
            Outcome::Recovered { .. } if !charge.replacement.is_zero() => CorrectedStage::Recovered,
            Outcome::Ended { .. } | Outcome::Sold { .. } | Outcome::Recovered { .. } => CorrectedStage::Ended,
        }
    }

    /// Whether that is what stands: the same times, the same stage, the same amounts.
    fn stands(&self, anew: &Anew) -> bool {
        let same_stage = match (anew.stage, self.outcome) {
            // To bill a recovered rental as it is billed is no reason to call it ended.
            (CorrectedStage::Ended, Outcome::Ended { at } | Outcome::Recovered { at, .. })
            | (CorrectedStage::Recovered, Outcome::Recovered { at, .. }) => anew.ended_at == Some(at),
            (CorrectedStage::Sold, Outcome::Sold { .. }) => true,
            (CorrectedStage::Ended | CorrectedStage::Recovered | CorrectedStage::Sold, _) => false,
        };
        let same_start = anew.started_at.is_none_or(|at| at == self.meter.started_at);
        same_stage && same_start && anew.charge.to_posted() == self.standing
    }
}
