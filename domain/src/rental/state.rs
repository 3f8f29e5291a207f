//! What a rental's stream adds up to.

use serde::{Deserialize, Serialize};

use super::settle::Meter;
use crate::{
    Event, Time,
    event::{
        CorrectedStage, CorrectionCause, RentalCorrected, RentalStarted, ReturnEvidence, Review, SaleCause,
    },
    ids::{CustomerId, DeviceId, RentalId, StationId},
    rating::{Charge, Posted},
    tariff::{Tariff, Terms},
    values::SlotNumber,
};

/// How a closed rental came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The bank came back in time.
    Ended {
        /// The billed end.
        at: Time,
    },
    /// It did not.
    Sold {
        /// The sale moment.
        at: Time,
        /// Why.
        cause: SaleCause,
    },
    /// It did later.
    Recovered {
        /// The sale moment.
        sold_at: Time,
        /// Why it was sold.
        cause: SaleCause,
        /// When it came back.
        at: Time,
    },
}

/// Where a rental stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// The cabinet was asked to release the bank.
    Releasing {
        /// Since when nobody knows whether it did, if that is so.
        unknown_since: Option<Time>,
    },
    /// The bank did not leave.
    Cancelled {
        /// A confirmation came after all and could not start it.
        late_release: bool,
    },
    /// The bank is out.
    Running {
        /// What the bill depends on.
        meter: Meter,
        /// The due time has passed and was noted.
        overdue: bool,
    },
    /// It is billed.
    Closed {
        /// What the bill depends on.
        meter: Meter,
        /// How it came out.
        outcome: Outcome,
        /// What is posted and not reversed.
        standing: Posted,
        /// What it costs in all, with its trace.
        whole: Charge,
        /// Staff corrected it: what is learned later does not move the bill.
        by_staff: bool,
    },
}

/// The bank and the slot that the start was answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The bank that stood there.
    pub device_id: DeviceId,
    /// The slot that was asked for.
    pub slot: SlotNumber,
}

/// A rental.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rental {
    /// Which.
    pub id: RentalId,
    /// Whose.
    pub customer_id: CustomerId,
    /// The bank: reserved, then the one that really left.
    pub device_id: DeviceId,
    /// Where it began.
    pub station_id: StationId,
    /// In which slot.
    pub slot: SlotNumber,
    /// The tariff version it carries.
    pub tariff: Tariff,
    /// When the cabinet was asked, if it was.
    pub requested_at: Option<Time>,
    /// What the first answer named, whatever left afterwards.
    pub asked: Asked,
    /// Where it stands.
    pub stage: Stage,
}

impl Rental {
    /// The name of its stage in answers.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        match &self.stage {
            Stage::Releasing { .. } => "releasing",
            Stage::Cancelled { .. } => "cancelled",
            Stage::Running { overdue: false, .. } => "active",
            Stage::Running { overdue: true, .. } => "overdue",
            Stage::Closed { outcome, .. } => match outcome {
                Outcome::Ended { .. } => "ended",
                Outcome::Sold { .. } => "sold",
                Outcome::Recovered { .. } => "recovered",
            },
        }
    }

    /// Its meter, once it has started.
    #[must_use]
    pub const fn meter(&self) -> Option<&Meter> {
        match &self.stage {
            Stage::Running { meter, .. } | Stage::Closed { meter, .. } => Some(meter),
            Stage::Releasing { .. } | Stage::Cancelled { .. } => None,
        }
    }

    /// The end that staff billed it to, if its bill is theirs.
    #[must_use]
    pub const fn staff_end(&self) -> Option<Time> {
        match &self.stage {
            Stage::Closed {
                outcome: Outcome::Ended { at } | Outcome::Recovered { at, .. },
                by_staff: true,
                ..
            } => Some(*at),
            Stage::Closed { .. }
            | Stage::Releasing { .. }
            | Stage::Cancelled { .. }
            | Stage::Running { .. } => None,
        }
    }

    fn started(before: Option<Rental>, fact: &RentalStarted) -> Rental {
        let meter = Meter {
            started_at: fact.started_at,
            due_at: fact.due_at,
            extended_minutes: 0,
            free_minutes: fact.free_minutes,
            returned_at: None,
            attempts: Vec::new(),
            reported_at: None,
        };
        let (requested_at, asked) = match before {
            Some(rental) => (rental.requested_at, rental.asked),
            None => (None, Asked { device_id: fact.device_id, slot: fact.slot }),
        };
        Rental {
            id: fact.rental_id,
            customer_id: fact.customer_id,
            device_id: fact.device_id,
            station_id: fact.station_id,
            slot: fact.slot,
            tariff: fact.tariff.clone(),
            requested_at,
            asked,
            stage: Stage::Running { meter, overdue: false },
        }
    }

    /// The first event of a rental.
    #[must_use]
    pub fn begin(event: &Event) -> Option<Rental> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else begins a rental")]
        match event {
            Event::RentalRequested(fact) => Some(Rental {
                id: fact.rental_id,
                customer_id: fact.customer_id,
                device_id: fact.device_id,
                station_id: fact.station_id,
                slot: fact.slot,
                tariff: fact.tariff.clone(),
                requested_at: Some(fact.requested_at),
                asked: Asked { device_id: fact.device_id, slot: fact.slot },
                stage: Stage::Releasing { unknown_since: None },
            }),
            Event::RentalStarted(fact) => Some(Rental::started(None, fact)),
            _ => None,
        }
    }

    /// The rental after one more event; `None` if it cannot follow.
    #[must_use]
    pub fn evolve(mut self, event: &Event, occurred_at: Time) -> Option<Rental> {
        if let Event::RentalStarted(fact) = event {
            let waiting = matches!(self.stage, Stage::Releasing { .. } | Stage::Cancelled { .. });
            return waiting.then(|| Rental::started(Some(self), fact));
        }
        self.stage = match self.stage {
            Stage::Releasing { .. } => releasing(event, occurred_at)?,
            Stage::Cancelled { .. } => cancelled(event)?,
            Stage::Running { meter, overdue } => running(meter, overdue, event)?,
            Stage::Closed { meter, outcome, standing, whole, by_staff } => {
                let bill = Bill { meter, outcome, standing, whole, by_staff };
                closed(bill, event, &self.tariff.terms)?
            }
        };
        Some(self)
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "all that may follow is listed; anything else is impossible"
)]
fn releasing(event: &Event, occurred_at: Time) -> Option<Stage> {
    match event {
        Event::ReleaseOutcomeUnknown(_) => Some(Stage::Releasing { unknown_since: Some(occurred_at) }),
        Event::RentalCancelled(_) => Some(Stage::Cancelled { late_release: false }),
        _ => None,
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "all that may follow is listed; anything else is impossible"
)]
fn cancelled(event: &Event) -> Option<Stage> {
    match event {
        Event::LateReleaseRecorded(_) => Some(Stage::Cancelled { late_release: true }),
        _ => None,
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "all that may follow is listed; anything else is impossible"
)]
fn running(mut meter: Meter, overdue: bool, event: &Event) -> Option<Stage> {
    Some(match event {
        Event::RentalExtended(fact) => {
            meter.due_at = fact.due_at;
            meter.extended_minutes = meter.extended_minutes.saturating_add(fact.minutes);
            Stage::Running { meter, overdue: false }
        }
        Event::RentalBecameOverdue(_) => Stage::Running { meter, overdue: true },
        Event::ReturnAttemptRecorded(fact) => {
            Stage::Running { meter: meter.with_attempt(fact.attempted_at), overdue }
        }
        Event::RentalEnded(fact) => Stage::Closed {
            meter: meter.with_return(fact.evidence.billed_at),
            outcome: Outcome::Ended { at: fact.ended_at },
            standing: fact.charge.to_posted(),
            whole: fact.charge.clone(),
            by_staff: false,
        },
        Event::RentalSold(fact) => {
            if fact.cause == SaleCause::Report {
                meter.reported_at = Some(fact.sold_at);
            }
            Stage::Closed {
                meter,
                outcome: Outcome::Sold { at: fact.sold_at, cause: fact.cause },
                standing: fact.charge.to_posted(),
                whole: fact.charge.clone(),
                by_staff: false,
            }
        }
        _ => return None,
    })
}

fn seen(meter: &mut Meter, evidence: Option<&ReturnEvidence>) {
    if let Some(evidence) = evidence {
        *meter = meter.with_return(evidence.billed_at);
    }
}

/// What a closed rental's stage holds.
struct Bill {
    meter: Meter,
    outcome: Outcome,
    standing: Posted,
    whole: Charge,
    by_staff: bool,
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "all that may follow is listed; anything else is impossible"
)]
fn closed(mut bill: Bill, event: &Event, terms: &Terms) -> Option<Stage> {
    match event {
        Event::ReturnAttemptRecorded(fact) => bill.meter = bill.meter.with_attempt(fact.attempted_at),
        Event::RentalCorrected(fact) => {
            seen(&mut bill.meter, fact.evidence.as_ref());
            if let Some(started_at) = fact.started_at {
                bill.meter = bill.meter.with_start(started_at);
            }
            bill.outcome = corrected(bill.outcome, fact, bill.meter.sale(terms))?;
            bill.standing = fact.charge.to_posted();
            bill.whole = fact.charge.clone();
            let kept = fact.review.contains(&Review::AfterCorrection);
            bill.by_staff = fact.cause == CorrectionCause::Staff || (bill.by_staff && kept);
        }
        Event::ReplacementFeeReversed(fact) => bill.standing = bill.standing.less(fact.reversed),
        Event::DeviceRecovered(fact) => {
            let Outcome::Sold { at: sold_at, cause } = bill.outcome else { return None };
            seen(&mut bill.meter, Some(&fact.evidence));
            bill.outcome = Outcome::Recovered { sold_at, cause, at: fact.recovered_at };
            bill.standing = bill.standing.plus(fact.charge.to_posted());
            bill.whole = fact.whole.clone();
            bill.by_staff = false;
        }
        Event::DeviceDocked(fact) => seen(&mut bill.meter, fact.evidence.as_ref()),
        _ => return None,
    }
    let Bill { meter, outcome, standing, whole, by_staff } = bill;
    Some(Stage::Closed { meter, outcome, standing, whole, by_staff })
}

/// How a corrected rental came out; `sale` is its sale, which moves with a corrected start.
fn corrected(outcome: Outcome, fact: &RentalCorrected, sale: (Time, SaleCause)) -> Option<Outcome> {
    let moved = |at, cause| if fact.started_at.is_some() { sale } else { (at, cause) };
    match (fact.stage, outcome) {
        (CorrectedStage::Ended, _) => Some(Outcome::Ended { at: fact.ended_at? }),
        (
            CorrectedStage::Recovered,
            Outcome::Recovered { sold_at, cause, .. } | Outcome::Sold { at: sold_at, cause },
        ) => {
            let (sold_at, cause) = moved(sold_at, cause);
            Some(Outcome::Recovered { sold_at, cause, at: fact.ended_at? })
        }
        (CorrectedStage::Sold, Outcome::Sold { at, cause }) => {
            let (at, cause) = moved(at, cause);
            Some(Outcome::Sold { at, cause })
        }
        (CorrectedStage::Recovered | CorrectedStage::Sold, _) => None,
    }
}
