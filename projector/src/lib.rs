//! Builds the read models from the feed.
//!
//! A read model is a pure fold from events to rows ([`rentals`](crate::ModelName::Rentals), `billing`,
//! `inventory`: one folder each) in a thin loop. Keeps true I7: each read model equals the fold of the ledger up to
//! its position, live, replayed with duplicates, and rebuilt from zero. Nothing here has an effect outside of the
//! read models' own schemas.
//!
//! - [`Projector`]: the live loops;
//! - [`rebuild()`], [`diff()`], [`promote()`], [`drop_version()`]: what an operator does.

mod billing;
mod cases;
mod connection;
mod control;
mod diff;
mod error;
mod fact;
mod history;
mod inventory;
mod live;
mod model;
mod operate;
mod projector;
mod rebuild;
mod rentals;
mod skips;
mod statements;
mod status;
mod store;
mod table;

#[cfg(test)]
mod tests;

pub use billing::TOTALS_EVERY;
pub use control::Version;
pub use diff::{AccountDifference, Difference, MoneyDifference, RowDifference, Sides, TableDifference, diff};
pub use error::{Poison, ProjectorError};
pub use fact::Fact;
pub use model::{ModelName, UnknownModel};
pub use operate::{drop_version, list, promote, standing_before};
pub use projector::{Projector, Sources};
pub use rebuild::{Progress, Rebuilt, rebuild};
pub use status::{Cause, ModelStatus, State, Status};
pub use table::Impossible;
