//! What another tariff would have earned, by station and business day.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;

use super::case::Case;
use crate::{StationId, Time, rating::Posted, tariff::Terms, timing::business_day};

/// Money earned, VAT included, in whole shillings. Differences may be negative.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Earned {
    /// Everything together.
    pub total: i64,
    /// For using banks.
    pub usage: i64,
    /// For bringing them late.
    pub late: i64,
    /// For not bringing them.
    pub replacement: i64,
    /// The VAT inside the total.
    pub vat: i64,
}

impl Earned {
    fn of(posted: Posted) -> Earned {
        let Posted { amounts, vat } = posted;
        Earned {
            total: amounts.total().shillings(),
            usage: amounts.usage.shillings(),
            late: amounts.late.shillings(),
            replacement: amounts.replacement.shillings(),
            vat: vat.total().shillings(),
        }
    }

    /// Field by field, the sum.
    #[must_use]
    pub const fn plus(self, other: Earned) -> Earned {
        Earned {
            total: self.total.saturating_add(other.total),
            usage: self.usage.saturating_add(other.usage),
            late: self.late.saturating_add(other.late),
            replacement: self.replacement.saturating_add(other.replacement),
            vat: self.vat.saturating_add(other.vat),
        }
    }

    /// Field by field, the difference.
    #[must_use]
    pub const fn minus(self, other: Earned) -> Earned {
        Earned {
            total: self.total.saturating_sub(other.total),
            usage: self.usage.saturating_sub(other.usage),
            late: self.late.saturating_sub(other.late),
            replacement: self.replacement.saturating_sub(other.replacement),
            vat: self.vat.saturating_sub(other.vat),
        }
    }
}

/// The billed rentals that began at one station and ended on one business day, or of all of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// How many.
    pub rentals: i64,
    /// How many of them would still be out under the other tariff: neither back nor sold, so they earn nothing yet.
    pub not_billed: i64,
    /// What they cost as recorded, corrections included.
    pub old: Earned,
    /// What they would have cost.
    pub new: Earned,
}

impl Cell {
    /// New less old.
    #[must_use]
    pub const fn difference(&self) -> Earned {
        self.new.minus(self.old)
    }

    /// Field by field, the sum.
    #[must_use]
    pub const fn plus(self, other: Cell) -> Cell {
        Cell {
            rentals: self.rentals.saturating_add(other.rentals),
            not_billed: self.not_billed.saturating_add(other.not_billed),
            old: self.old.plus(other.old),
            new: self.new.plus(other.new),
        }
    }

    const fn minus(self, other: Cell) -> Cell {
        Cell {
            rentals: self.rentals.saturating_sub(other.rentals),
            not_billed: self.not_billed.saturating_sub(other.not_billed),
            old: self.old.minus(other.old),
            new: self.new.minus(other.new),
        }
    }
}

/// Where a billed rental is counted.
pub(super) type Place = (StationId, NaiveDate);

/// Another tariff over the same history.
#[derive(Debug, Clone)]
pub struct WhatIf {
    terms: Terms,
    now: Time,
    cells: BTreeMap<Place, Cell>,
}

impl WhatIf {
    /// Rates under these terms. A bank that is not back counts as sold if its sale moment is not after `now`, the last
    /// recorded time of the history.
    #[must_use]
    pub const fn new(terms: Terms, now: Time) -> WhatIf {
        WhatIf { terms, now, cells: BTreeMap::new() }
    }

    /// By station where the rental began and business day (Africa/Dar_es_Salaam) of its recorded end.
    #[must_use]
    pub const fn cells(&self) -> &BTreeMap<(StationId, NaiveDate), Cell> {
        &self.cells
    }

    /// All of them together.
    #[must_use]
    pub fn total(&self) -> Cell {
        self.cells.values().fold(Cell::default(), |sum, cell| sum.plus(*cell))
    }

    /// What a rental adds as it stands; nothing while it is open.
    pub(super) fn weigh(&self, case: &Case) -> Option<(Place, Cell)> {
        let bill = case.bill.as_ref()?;
        let new = case.under(&self.terms, self.now);
        let cell = Cell {
            rentals: 1,
            not_billed: i64::from(new.is_none()),
            old: Earned::of(bill.recorded),
            new: new.map(Earned::of).unwrap_or_default(),
        };
        Some(((case.station_id, business_day(bill.at)), cell))
    }

    /// Counts a rental as it stands now in place of what it was before.
    pub(super) fn replace(&mut self, before: Option<(Place, Cell)>, after: Option<(Place, Cell)>) {
        if before == after {
            return;
        }
        if let Some((place, cell)) = before {
            let left = self.cells.entry(place).or_default();
            *left = left.minus(cell);
            if *left == Cell::default() {
                self.cells.remove(&place);
            }
        }
        if let Some((place, cell)) = after {
            let sum = self.cells.entry(place).or_default();
            *sum = sum.plus(cell);
        }
    }
}
