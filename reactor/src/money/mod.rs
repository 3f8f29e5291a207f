//! Money in and out: what the ledger intends becomes a call, what AzamPay answers becomes a command.
//!
//! What it keeps true, whatever is killed between any two steps:
//!
//! - a customer is prompted at most once for a payment ([`prompts`]), and a refund is paid out at most once ([`pay_outs`]);
//! - the intent is in the ledger before the call, and every call can be found again by a reference that we made;
//! - what a call came to is written together with the command that says so, and that is sent until it has its answer
//!   ([`report`]);
//! - nothing settles but by proof ([`judge`]), and a callback is recorded before it is marked as read ([`letters`]).
//!
//! It has no rule about money: whether a payment settles or a refund may go is decided by the domain.

mod callback;
mod cashier;
mod desk;
mod figures;
mod ids;
mod judge;
mod letters;
mod pay_outs;
mod prompts;
mod report;
mod rows;
mod said;

pub use cashier::{Cashier, Cashing};
pub use figures::MoneyStatus;
pub(crate) use rows::Rows;
