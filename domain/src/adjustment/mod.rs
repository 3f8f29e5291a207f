//! What staff do to a customer's balance by hand: give, take, give up a debt.
//!
//! Invariants: nothing moves before a second person agreed; what they agreed to is decided again on the balance as it
//! is then. Taking may leave a debt; giving pays a debt first; no more is given up than is owed.

mod decide;

pub(crate) use decide::{Adjustment, adjusted, written_off};
pub use decide::{adjust, write_off};
