//! Closed periods: business days on which nothing is booked any more.
//!
//! Invariant: closed days are a prefix of all days; a close moves its end forward and never back.

mod state;

pub use state::Periods;
