//! The read model `rentals`: every rental with its times and what it costs, and the tariffs they refer to.
//!
//! Rows: `rental` by rental, `tariff` by tariff and version, `tariff_retired` by tariff. The trace of a charge is
//! not here but in `billing`. What a rental was before is in `rental_past`.

mod fold;
mod rows;

use crate::{
    Fact, Impossible,
    model::{Model, Sql},
    table::{AnyTable, Keyed},
};

pub(crate) use rows::{RentalRow, RetiredRow, Status, TariffRow};

/// Raised with every change of what the fold makes of the ledger.
pub(crate) const FOLD: i32 = 2;

pub(crate) const SQL: Sql = Sql {
    tables: include_str!("tables.sql"),
    keys: include_str!("keys.sql"),
    indexes: include_str!("indexes.sql"),
    views: concat!(include_str!("views.sql"), include_str!("analysts.sql")),
    words: &[],
};

/// The fold and its rows.
#[derive(Debug, Default)]
pub(crate) struct Rentals {
    pub(crate) rental: Keyed<RentalRow>,
    pub(crate) tariff: Keyed<TariffRow>,
    pub(crate) retired: Keyed<RetiredRow>,
}

impl Model for Rentals {
    fn want(&mut self, fact: &Fact) {
        fold::want(self, fact);
    }

    fn fold(&mut self, fact: &Fact) -> Result<(), Impossible> {
        fold::apply(self, fact)
    }

    fn tables(&mut self) -> Vec<&mut dyn AnyTable> {
        self.rental.tables().chain(self.tariff.tables()).chain(self.retired.tables()).collect()
    }
}
