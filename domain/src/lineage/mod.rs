//! What restores did to the ledger: each one begins an epoch.
//!
//! No command leads here: a restore is recorded by whoever operates the database, before anything is served again.

mod state;

pub use state::Lineage;
