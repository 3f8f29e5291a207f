//! The folds without a database: given events, then rows.

mod finance;
mod given;
mod history;
mod money;
mod properties;
mod reports;
mod stories;

use crate::{
    Fact, Impossible, billing::Billing, cases::Cases, inventory::Inventory, model::Model, rentals::Rentals,
    table::Changing, table::Keyed,
};

/// All folds at once, with nothing stored anywhere.
#[derive(Default)]
pub(crate) struct Folds {
    pub(crate) rentals: Rentals,
    pub(crate) billing: Billing,
    pub(crate) inventory: Inventory,
    pub(crate) cases: Cases,
}

impl Folds {
    pub(crate) fn new() -> Self {
        let mut folds = Self::default();
        for model in folds.models() {
            model.tables().into_iter().for_each(|table| table.remember(1));
        }
        folds
    }

    fn models(&mut self) -> [&mut dyn Model; 4] {
        [&mut self.rentals, &mut self.billing, &mut self.inventory, &mut self.cases]
    }

    /// Applies a batch as the writer does: first every wish, then every event.
    pub(crate) fn apply(&mut self, facts: &[Fact]) -> Result<(), Impossible> {
        self.models().into_iter().try_for_each(|model| batch(model, facts))
    }

    pub(crate) fn of(facts: &[Fact]) -> Self {
        let mut folds = Self::new();
        folds.apply(facts).unwrap();
        folds
    }
}

/// Applies a batch to one model.
fn batch(model: &mut dyn Model, facts: &[Fact]) -> Result<(), Impossible> {
    model.tables().into_iter().for_each(|table| table.begin());
    facts.iter().for_each(|fact| model.want(fact));
    facts.iter().try_for_each(|fact| model.apply(fact))
}

/// Applies everything to one model that starts empty.
pub(crate) fn alone(model: &mut dyn Model, facts: &[Fact]) -> Result<(), Impossible> {
    model.tables().into_iter().for_each(|table| table.remember(1));
    batch(model, facts)
}

pub(crate) fn only<R: Changing>(table: &Keyed<R>) -> R {
    let rows = table.rows();
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.into_values().next().unwrap()
}
