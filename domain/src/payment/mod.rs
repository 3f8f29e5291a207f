//! Payments: money that a customer is asked for, and the proof that it came.
//!
//! Invariants: nothing settles without proof, and one transaction of a provider counts once (I10): the pair of
//! provider and reference is claimed by whatever it settled or became.

mod decide;
mod progress;
mod state;

pub use decide::{confirm, expire, initiate};
pub use progress::{charge_back, decline, mark_unknown, record_prompt};
pub use state::{Payment, PaymentStatus};
