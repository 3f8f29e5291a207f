//! Why a rental costs what it costs: which events made the bill, line by line, and which bills were corrected.
//!
//! Read from the rental's own stream. A line rests on the events that its rule looks at: usage on the start and what
//! ended it, a late fee on every extension too, a replacement on the sale.

use chrono::{DateTime, Utc};
use domain::{
    Event, Time,
    event::{CorrectedStage, RentalStarted},
    rating::{Charge, Line, Rule},
    tariff::Terms,
};
use ledger::Envelope;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{charge::Amounts, read::Failure};

/// The tariff pinned at the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PinnedTariffTerms)]
pub(crate) struct TariffView {
    tariff_id: Uuid,
    version: u32,
    #[schema(example = "Standard")]
    name: String,
    effective_from: DateTime<Utc>,
    /// Its numbers.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    terms: Terms,
}

/// An event that the bill rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct BillEvent {
    /// Where it is recorded.
    position: i64,
    /// Its type.
    #[serde(rename = "type")]
    #[schema(example = "RentalEnded")]
    kind: String,
    /// What it is to the bill: `start`, `extension`, `attempt`, `end`, `sale`, `correction`, `reversal`, `recovery` or
    /// `return` (of a bank that stays sold).
    #[schema(example = "end")]
    part: &'static str,
    occurred_at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
}

/// A step of the calculation, and the events that it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ChargeLine)]
pub(crate) struct LineView {
    /// Rule, from, to, units, unit_price, amount.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    line: Line,
    /// Positions.
    events: Vec<i64>,
}

/// A bill as an event made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct BillView {
    /// The event that made it.
    position: i64,
    /// Its type.
    #[serde(rename = "type")]
    #[schema(example = "RentalEnded")]
    kind: String,
    /// `ended`, `sold` or `recovered`.
    #[schema(example = "ended")]
    status: &'static str,
    ended_at: DateTime<Utc>,
    #[serde(flatten)]
    amounts: Amounts,
    lines: Vec<LineView>,
    /// The event that made another bill of it; null for the bill that stands.
    replaced_by: Option<i64>,
}

/// Why a rental costs what it costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Explanation {
    /// Null until the rental has started.
    tariff: Option<TariffView>,
    /// The events that the bill rests on, in the order in which they were recorded.
    events: Vec<BillEvent>,
    /// Every bill there was, the first one first; the last one stands. Empty while the rental is open.
    bills: Vec<BillView>,
    #[serde(skip)]
    extensions: Vec<i64>,
    #[serde(skip)]
    attempts: Vec<(i64, Time)>,
}

impl Explanation {
    /// Reads what is to be known of a rental's stream.
    pub(crate) fn of<'a>(stream: impl Iterator<Item = &'a Envelope>) -> Result<Self, Failure> {
        let mut explained = Self {
            tariff: None,
            events: Vec::new(),
            bills: Vec::new(),
            extensions: Vec::new(),
            attempts: Vec::new(),
        };
        for envelope in stream {
            let event = Event::decode(&envelope.event_type, envelope.schema_version, &envelope.payload)
                .map_err(|_| Failure::Damaged("the payload of an event"))?;
            explained.take(envelope, &event);
        }
        Ok(explained)
    }

    /// The lines of a charge that no event has made yet: what it would cost now.
    pub(crate) fn running(&self, lines: Vec<Line>) -> Vec<LineView> {
        lines.into_iter().map(|line| LineView { events: self.basis(&line, None), line }).collect()
    }

    /// The lines of the bill that stands.
    pub(crate) fn standing(&self) -> Option<Vec<LineView>> {
        self.bills.last().map(|bill| bill.lines.clone())
    }

    fn take(&mut self, envelope: &Envelope, event: &Event) {
        let position = envelope.position.get();
        #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else makes a bill")]
        let part = match event {
            Event::RentalStarted(fact) => {
                self.tariff = Some(TariffView::of(fact));
                "start"
            }
            Event::RentalExtended(_) => {
                self.extensions.push(position);
                "extension"
            }
            Event::ReturnAttemptRecorded(fact) => {
                self.attempts.push((position, fact.attempted_at));
                "attempt"
            }
            Event::RentalEnded(fact) => {
                self.bill(envelope, ("ended", fact.ended_at), &fact.charge);
                "end"
            }
            Event::RentalSold(fact) => {
                self.bill(envelope, ("sold", fact.sold_at), &fact.charge);
                "sale"
            }
            Event::RentalCorrected(fact) => {
                let status = match fact.stage {
                    CorrectedStage::Ended => "ended",
                    CorrectedStage::Sold => "sold",
                    CorrectedStage::Recovered => "recovered",
                };
                let before = self.bills.last().map_or(envelope.occurred_at, |bill| bill.ended_at);
                self.bill(envelope, (status, fact.ended_at.unwrap_or(before)), &fact.charge);
                "correction"
            }
            Event::ReplacementFeeReversed(_) => "reversal",
            Event::DeviceRecovered(fact) => {
                self.bill(envelope, ("recovered", fact.recovered_at), &fact.whole);
                "recovery"
            }
            Event::DeviceDocked(_) => "return",
            _ => return,
        };
        self.events.push(BillEvent {
            position,
            kind: envelope.event_type.clone(),
            part,
            occurred_at: envelope.occurred_at,
            recorded_at: envelope.recorded_at,
        });
    }

    fn bill(&mut self, envelope: &Envelope, (status, ended_at): (&'static str, Time), charge: &Charge) {
        let position = envelope.position.get();
        let made = (position, ended_at);
        let lines = charge.lines.iter();
        let lines =
            lines.map(|line| LineView { events: self.basis(line, Some(made)), line: line.clone() }).collect();
        if let Some(before) = self.bills.last_mut() {
            before.replaced_by = Some(position);
        }
        self.bills.push(BillView {
            position,
            kind: envelope.event_type.clone(),
            status,
            ended_at,
            amounts: Amounts::from(charge),
            lines,
            replaced_by: None,
        });
    }

    /// The events that a line rests on; `made` is the event that makes the bill, and the end that it bills to.
    fn basis(&self, line: &Line, made: Option<(i64, Time)>) -> Vec<i64> {
        let maker = made.map(|(position, _)| position);
        if matches!(line.rule, Rule::ReplacementFee | Rule::SetByStaff) {
            return maker.into_iter().collect();
        }
        let start = self.events.iter().find(|event| event.part == "start").map(|event| event.position);
        let mut basis: Vec<i64> = start.into_iter().collect();
        let by_length = matches!(line.rule, Rule::Usage | Rule::FreeMinutes | Rule::NotTaken);
        if !by_length {
            basis.extend(&self.extensions);
        }
        if line.rule == Rule::ChargedBefore {
            basis.extend(self.bills.first().map(|bill| bill.position));
        }
        if let Some((_, end)) = made {
            basis.extend(self.attempts.iter().filter(|(_, at)| *at == end).map(|(position, _)| position));
        }
        basis.extend(maker);
        basis.sort_unstable();
        basis.dedup();
        basis
    }
}

impl TariffView {
    fn of(fact: &RentalStarted) -> Self {
        let tariff = &fact.tariff;
        Self {
            tariff_id: tariff.tariff_id.0,
            version: tariff.version,
            name: tariff.name.as_str().to_owned(),
            effective_from: tariff.effective_from,
            terms: tariff.terms,
        }
    }
}
