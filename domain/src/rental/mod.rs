//! Rentals: from the request to the bill, and to every correction of it.
//!
//! Invariants: the bill depends only on when things happened, never on the order in which they were recorded. That
//! is kept by construction: a rental remembers the facts ([`Meter`]), one function says what they come to
//! ([`Meter::settle`]), and every arriving fact is answered with the events that lead from what stands to that.
//! A device and a customer have at most one open rental each (I9).
//!
//! Where to look: [`start`](mod@start) · [`release`] (what a cabinet answers) · [`running`] (extending, deadlines,
//! loss) · [`returning`] · [`attempt`] · [`correct`] (what staff say) · [`settle`] (the facts and what they come to) ·
//! [`transition`] (the events between).

mod attempt;
mod correct;
mod release;
mod returning;
mod running;
mod settle;
mod start;
mod state;
mod transition;

pub use attempt::report_return_refused;
pub use correct::correct;
pub(crate) use correct::{Asked as AskedCorrection, corrected};
pub use release::{
    CANCEL_AFTER, UNKNOWN_AFTER, cancel_release, confirm_release, report_release_failure,
    report_release_unknown,
};
pub use returning::device_returned;
pub use running::{extend, mark_overdue, report_lost, sell};
pub use settle::{Meter, Settlement};
pub use start::start;
pub use state::{Asked, Outcome, Rental, Stage};
