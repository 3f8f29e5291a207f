//! Receipts: money that came and settles nothing, until staff say whose it is.
//!
//! Invariants: a receipt's money is in one place at a time: unmatched, a customer's, or on its way back (I6). It leaves
//! only with the consent of two members of staff. Who paid is sealed under a key of the receipt.

mod decide;
mod state;

pub(crate) use decide::assigned;
pub use decide::{assign, record, refund};
pub use state::{Holding, Receipt};
