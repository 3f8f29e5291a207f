//! The bill of a rental as people read it, computed from its events alone.

use chrono::{DateTime, Utc};
use domain::{
    Event,
    event::{CorrectedStage, RentalCorrected, RentalStarted},
    purse::{Credited, Debited},
    rating::{Charge, Line},
    rerating::Placed,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::rental::CURRENCY;

/// The bill. Amounts are whole shillings, VAT included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReceiptBill)]
pub struct Figures {
    /// Which rental.
    pub rental_id: Uuid,
    /// Whose.
    pub customer_id: Uuid,
    /// The bank.
    pub device_id: Uuid,
    /// Where it began.
    pub station_id: Uuid,
    /// Where the bank came back.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub return_station_id: Option<Uuid>,
    /// `ended`, `sold` or `recovered`.
    #[schema(example = "ended")]
    pub status: String,
    /// When the bank left.
    pub started_at: DateTime<Utc>,
    /// When it was due, extensions included.
    pub due_at: DateTime<Utc>,
    /// The billed end, the sale moment, or when the bank came back after it.
    pub ended_at: DateTime<Utc>,
    /// The tariff pinned at the start.
    pub tariff: PinnedTariff,
    /// Everything together.
    pub total: i64,
    /// For using the bank.
    pub usage: i64,
    /// For bringing it late.
    pub late: i64,
    /// For not bringing it.
    pub replacement: i64,
    /// The VAT inside the total.
    pub vat: i64,
    /// `TZS`.
    #[schema(example = "TZS")]
    pub currency: String,
    /// How it was calculated: rule, from, to, units, unit_price, amount.
    #[schema(value_type = Vec<Object>)]
    pub lines: Vec<Line>,
    /// What was taken from the deposit for it, less what a correction gave back there.
    pub from_deposit: i64,
    /// What became debt, less what a correction paid off. It may have been paid since.
    pub to_debt: i64,
    /// The event that made the bill what it is.
    pub position: i64,
    /// Bills that were corrected, the first one first.
    pub corrected: Vec<EarlierBill>,
}

/// Which version of which tariff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PinnedTariff {
    /// The tariff.
    pub tariff_id: Uuid,
    /// Its version.
    pub version: u32,
    /// Its name.
    pub name: String,
    /// The percentage of VAT inside every price.
    pub vat_percent: u32,
}

/// A bill that does not stand any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EarlierBill {
    /// The event that made it.
    pub position: i64,
    /// What it came to.
    pub total: i64,
}

impl Figures {
    /// The bill that follows from a rental's events; nothing if there is none.
    #[must_use]
    pub fn of(stream: &[Placed]) -> Option<Self> {
        let mut draft: Option<Draft> = None;
        for Placed { position, event } in stream {
            if let (Event::RentalStarted(fact), None) = (event, &draft) {
                draft = Some(Draft::begin(fact));
            } else if let Some(draft) = &mut draft {
                draft.follow(*position, event);
            }
        }
        draft.filter(|draft| draft.billed).map(|draft| draft.figures)
    }
}

/// The bill while its events are read.
struct Draft {
    figures: Figures,
    billed: bool,
}

impl Draft {
    fn begin(fact: &RentalStarted) -> Self {
        let tariff = &fact.tariff;
        let figures = Figures {
            rental_id: fact.rental_id.0,
            customer_id: fact.customer_id.0,
            device_id: fact.device_id.0,
            station_id: fact.station_id.0,
            return_station_id: None,
            status: String::new(),
            started_at: fact.started_at,
            due_at: fact.due_at,
            ended_at: fact.started_at,
            tariff: PinnedTariff {
                tariff_id: tariff.tariff_id.0,
                version: tariff.version,
                name: tariff.name.as_str().to_owned(),
                vat_percent: tariff.terms.vat_percent,
            },
            total: 0,
            usage: 0,
            late: 0,
            replacement: 0,
            vat: 0,
            currency: CURRENCY.to_owned(),
            lines: Vec::new(),
            from_deposit: 0,
            to_debt: 0,
            position: 0,
            corrected: Vec::new(),
        };
        Self { figures, billed: false }
    }

    fn follow(&mut self, position: i64, event: &Event) {
        #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else changes a bill")]
        match event {
            Event::RentalExtended(fact) => self.figures.due_at = fact.due_at,
            Event::RentalEnded(fact) => {
                self.came("ended", fact.ended_at, Some(fact.station_id.0));
                self.bill(position, &fact.charge);
                self.debit(fact.debited);
            }
            Event::RentalSold(fact) => {
                self.came("sold", fact.sold_at, None);
                self.bill(position, &fact.charge);
                self.debit(fact.debited);
            }
            Event::ReplacementFeeReversed(fact) => self.credit(fact.credited),
            Event::DeviceRecovered(fact) => {
                self.came("recovered", fact.recovered_at, Some(fact.station_id.0));
                self.bill(position, &fact.whole);
                self.debit(fact.debited);
            }
            Event::RentalCorrected(fact) => self.correct(position, fact),
            _ => {}
        }
    }

    fn came(&mut self, status: &str, at: DateTime<Utc>, station: Option<Uuid>) {
        status.clone_into(&mut self.figures.status);
        self.figures.ended_at = at;
        self.figures.return_station_id = station.or(self.figures.return_station_id);
    }

    fn correct(&mut self, position: i64, fact: &RentalCorrected) {
        let status = match fact.stage {
            CorrectedStage::Ended => "ended",
            CorrectedStage::Sold => "sold",
            CorrectedStage::Recovered => "recovered",
        };
        if let Some(started_at) = fact.started_at {
            let moved = started_at - self.figures.started_at;
            self.figures.started_at = started_at;
            self.figures.due_at = domain::timing::plus(self.figures.due_at, moved);
        }
        let station = fact.evidence.as_ref().map(|evidence| evidence.place.station_id.0);
        self.came(status, fact.ended_at.unwrap_or(self.figures.ended_at), station);
        self.bill(position, &fact.charge);
        self.credit(fact.credited);
        self.debit(fact.debited);
    }

    fn bill(&mut self, position: i64, charge: &Charge) {
        let figures = &mut self.figures;
        if self.billed {
            figures.corrected.push(EarlierBill { position: figures.position, total: figures.total });
        }
        self.billed = true;
        figures.position = position;
        figures.total = charge.total.shillings();
        figures.usage = charge.usage.shillings();
        figures.late = charge.late.shillings();
        figures.replacement = charge.replacement.shillings();
        figures.vat = charge.vat.shillings();
        charge.lines.clone_into(&mut figures.lines);
    }

    fn debit(&mut self, debited: Debited) {
        let figures = &mut self.figures;
        figures.from_deposit = figures.from_deposit.saturating_add(debited.deposit.shillings());
        figures.to_debt = figures.to_debt.saturating_add(debited.debt.shillings());
    }

    /// A debt that was written off is restored before money goes back: the customer is given neither.
    fn credit(&mut self, credited: Credited) {
        let figures = &mut self.figures;
        figures.from_deposit = figures.from_deposit.saturating_sub(credited.deposit.shillings());
        let debt = credited.debt.plus(credited.write_off).shillings();
        figures.to_debt = figures.to_debt.saturating_sub(debt);
    }
}
