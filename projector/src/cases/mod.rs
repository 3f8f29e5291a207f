//! The read model `cases`: what needs a person's eye, whatever it is about.
//!
//! Rows, written once: `review` by position and code, a row for each code that an event carries. What became of a case is
//! in the model of the thing that it is about.

mod fold;
mod rows;

use crate::{
    Fact, Impossible,
    model::{Model, Sql},
    table::{AnyTable, Appended},
};

pub(crate) use rows::ReviewRow;

/// Raised with every change of what the fold makes of the ledger.
pub(crate) const FOLD: i32 = 1;

pub(crate) const SQL: Sql = Sql {
    tables: include_str!("tables.sql"),
    keys: include_str!("keys.sql"),
    indexes: include_str!("indexes.sql"),
    views: include_str!("views.sql"),
    words: &[],
};

/// The fold and its rows.
#[derive(Debug, Default)]
pub(crate) struct Cases {
    pub(crate) review: Appended<ReviewRow>,
}

impl Model for Cases {
    fn want(&mut self, _: &Fact) {}

    fn fold(&mut self, fact: &Fact) -> Result<(), Impossible> {
        fold::apply(self, fact);
        Ok(())
    }

    fn tables(&mut self) -> Vec<&mut dyn AnyTable> {
        vec![&mut self.review]
    }
}
