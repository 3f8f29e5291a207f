//! What finance's reports share: accounts and their sides, which lines are asked for, and the links from each number to
//! the lines behind it.
//!
//! Keeps true: an answer of several statements stands for one position, that of the first; a link asks for exactly the
//! lines that the number was made of, at that position, for ever.

mod account;
mod chart;
mod day;
mod entry;
mod filter;
mod income;
mod link;
mod period;

pub(crate) use account::{Class, named, of_path, on_its_side};
pub(crate) use chart::{Moved, chart};
pub(crate) use day::{Days, known_day};
pub(crate) use entry::Entry;
pub(crate) use filter::{Filter, Lines};
pub(crate) use income::{Income, IncomeLinks};
pub(crate) use link::{Moored, Span};
pub(crate) use period::{ClosedPeriod, PeriodAccount};
