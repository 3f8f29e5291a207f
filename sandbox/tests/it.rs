//! The sandbox from outside: its own HTTP interface on one side, a ledger that a test plays on the other.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets what it did not expect has failed"
)]

#[path = "it/bill_pay.rs"]
mod bill_pay;
#[path = "it/carriers.rs"]
mod carriers;
#[path = "it/collecting.rs"]
mod collecting;
#[path = "it/faults.rs"]
mod faults;
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
#[path = "it/paying_out.rs"]
mod paying_out;
#[path = "it/published_client.rs"]
mod published_client;
#[path = "it/restart.rs"]
mod restart;
#[path = "it/sms.rs"]
mod sms;
#[path = "it/statement.rs"]
mod statement;
#[path = "it/ussd.rs"]
mod ussd;
#[path = "it/wallet.rs"]
mod wallet;
