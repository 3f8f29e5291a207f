//! Events that a read model may pass over.
//!
//! Invariants: a skip only ever excuses an event that cannot be applied, so recording one too many changes no figure;
//! for a read model of money it takes a second person.

mod decide;
mod state;

pub use decide::skip;
pub(crate) use decide::skipped;
pub use state::Skips;
