//! Rating the whole ledger again ([`domain::rerating`]): reading it, and telling what came out.
//!
//! Reads only, in short statements by position, with the next stretch on its way while the present one is rated. Only
//! events that concern a bill are decoded. What the pass has forgotten is read again by stream.

mod history;
mod report;
mod tariff_file;

pub use history::{Progress, RerateError, Rerated, run};
pub(crate) use report::{csv_of, differences_in_words, json_of, totals_in_words};
pub use tariff_file::{TariffFileError, read as read_tariff};
