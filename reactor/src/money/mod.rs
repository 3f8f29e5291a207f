//! Money in and out: what the ledger intends becomes a call, what AzamPay answers becomes a command.

pub mod callback;
mod ids;
pub mod judge;
