//! Breaks: what a provider's statement and the ledger do not agree about, until somebody has looked at it.
//!
//! A break moves no money. It is opened once for each difference, may be explained any number of times, and is closed
//! once.

mod decide;
mod state;

pub use decide::{close, explain, open};
pub use state::{Break, BreakStatus};
