//! The tariff catalogue: every version of every tariff, in one stream.
//!
//! Invariants: versions of a tariff are numbered 1, 2, 3 …; a version is never in force before it was
//! published; a rental keeps the whole version that was in force at its start, so nothing published later can
//! change a bill.

mod catalogue;
mod decide;
mod terms;

pub use catalogue::{Catalogue, NotInForce};
pub use decide::{check, publish, retire};
pub use terms::{Tariff, Terms};
