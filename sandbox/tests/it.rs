//! The sandbox from outside: its own HTTP interface on one side, a ledger that a test plays on the other.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets what it did not expect has failed"
)]

#[path = "it/harness.rs"]
mod harness;
#[path = "it/interface.rs"]
mod interface;
#[path = "it/ledger.rs"]
mod ledger;
#[path = "it/link.rs"]
mod link;
#[path = "it/mischief.rs"]
mod mischief;
#[path = "it/restart.rs"]
mod restart;
#[path = "it/sms.rs"]
mod sms;
