//! Closed periods: business days on which nothing is booked any more.
//!
//! Invariant: closed days are a prefix of all days; a close moves its end forward and never back.

mod books;
mod day;
mod decide;
mod state;

pub use books::{Books, OutOfOrder};
pub use day::booking_day;
pub use decide::close;
pub use state::Periods;
