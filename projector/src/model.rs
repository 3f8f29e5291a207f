//! The read models: which there are, and what each of them gives to the loop.
//!
//! A model is a pure fold. For each event it first says which rows it needs; once those are at hand it turns the
//! event into changes of rows. It does no input or output, so the live loop, the rebuild and the tests drive the
//! very same code (I7).

use std::{fmt, str::FromStr};

use domain::event::Projection;

use crate::{
    Fact, Impossible,
    billing::Billing,
    cases::Cases,
    inventory::Inventory,
    rentals::Rentals,
    table::{AnyTable, Table},
};

/// A read model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ModelName {
    /// Rentals: history and the open ones, tariffs.
    Rentals,
    /// Money: balances, charges, payments, receipts, the journal.
    Billing,
    /// Things: stations, slots, devices.
    Inventory,
    /// What needs a person's eye.
    Cases,
}

/// A fold and its rows in memory.
pub(crate) trait Model: Send + Sync {
    /// Asks for the rows that this event needs.
    fn want(&mut self, fact: &Fact);
    /// Turns the event into changes of the rows.
    fn fold(&mut self, fact: &Fact) -> Result<(), Impossible>;
    /// Its tables, always in the same order.
    fn tables(&mut self) -> Vec<&mut dyn AnyTable>;

    /// Applies the event to the rows: every row that it changes becomes a version of its own.
    fn apply(&mut self, fact: &Fact) -> Result<(), Impossible> {
        for table in self.tables() {
            table.at(fact.position.get(), fact.occurred_at);
        }
        self.fold(fact)
    }
}

/// The SQL beside a model, that of the past aside (`history`), with `{schema}` for the schema of a version.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sql {
    /// Its tables, without indexes.
    pub(crate) tables: &'static str,
    /// Primary keys, which a rebuild needs as soon as it has to find a row again.
    pub(crate) keys: &'static str,
    /// All other indexes.
    pub(crate) indexes: &'static str,
    /// Its views in `read_model`, with comments and rights.
    pub(crate) views: &'static str,
    /// What columns mean that only the views of versions show: table, column, meaning.
    pub(crate) words: &'static [(&'static str, &'static str, &'static str)],
}

/// A word that names no read model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no read model; there are rentals, billing, inventory and cases")]
pub struct UnknownModel(pub String);

impl ModelName {
    /// Every read model.
    pub const ALL: [Self; 4] = [Self::Rentals, Self::Billing, Self::Inventory, Self::Cases];

    /// Its name in SQL, on the command line and on health.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rentals => "rentals",
            Self::Billing => "billing",
            Self::Inventory => "inventory",
            Self::Cases => "cases",
        }
    }

    /// The schema of one of its versions.
    #[must_use]
    pub fn schema(self, version: i16) -> String {
        format!("{}_v{version}", self.as_str())
    }

    /// The number of its fold: raised with every change of what the fold makes of the ledger.
    #[must_use]
    pub const fn fold(self) -> i32 {
        match self {
            Self::Rentals => crate::rentals::FOLD,
            Self::Billing => crate::billing::FOLD,
            Self::Inventory => crate::inventory::FOLD,
            Self::Cases => crate::cases::FOLD,
        }
    }

    /// What the ledger calls it.
    pub(crate) const fn projection(self) -> Projection {
        match self {
            Self::Rentals => Projection::Rentals,
            Self::Billing => Projection::Billing,
            Self::Inventory => Projection::Inventory,
            Self::Cases => Projection::Cases,
        }
    }

    /// The number of its advisory lock.
    pub(crate) const fn lock(self) -> i32 {
        match self {
            Self::Rentals => 1,
            Self::Billing => 2,
            Self::Inventory => 3,
            Self::Cases => 4,
        }
    }

    /// An empty fold.
    pub(crate) fn start(self) -> Box<dyn Model> {
        match self {
            Self::Rentals => Box::new(Rentals::default()),
            Self::Billing => Box::new(Billing::default()),
            Self::Inventory => Box::new(Inventory::default()),
            Self::Cases => Box::new(Cases::default()),
        }
    }

    /// Its SQL.
    pub(crate) const fn sql(self) -> Sql {
        match self {
            Self::Rentals => crate::rentals::SQL,
            Self::Billing => crate::billing::SQL,
            Self::Inventory => crate::inventory::SQL,
            Self::Cases => crate::cases::SQL,
        }
    }

    /// Its tables.
    pub(crate) fn tables(self) -> Vec<&'static Table> {
        self.start().tables().into_iter().map(|table| table.table()).collect()
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ModelName {
    type Err = UnknownModel;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|name| name.as_str() == text).ok_or_else(|| UnknownModel(text.to_owned()))
    }
}
