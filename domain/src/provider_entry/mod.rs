//! What a provider books on its own: the fees it takes, and its payouts to our bank.
//!
//! Invariant: one transaction of a provider is booked once; the pair of provider and reference is claimed by it.

mod decide;
mod state;

pub use decide::{record_fee, record_payout};
pub use state::{EntryKind, ProviderEntry};
