//! Customers: their status, their money, their one open rental.
//!
//! Invariants: at most one open rental (I9); balance and debt never below zero; a suspended customer may end what
//! is running and pay, but not start or extend; of somebody erased no money moves any more.

mod decide;
mod erase;
mod profile;
mod state;

pub(crate) use decide::{known, not_active, of};
pub use decide::{register, reinstate, suspend, verify};
pub use erase::erase;
pub use profile::update_profile;
pub use state::{Customer, Language, Status};
