//! AzamPay: whoever it is told to charge gets a prompt, whoever it is told to pay gets the money, and what became of it is
//! told by callback, late, twice or not at all, as a test or a person chooses.
//!
//! Keeps true: the wire is as the provider's own, byte for byte where it was seen; its books ([`AzamPay`]) say what was
//! really charged and paid, whatever was told; no more is kept than the newest. It does not move money between wallets:
//! every wallet is bottomless.
//!
//! Where to look: `wallet`, `wire` (words and shapes, pure) · `outcome` (what a chosen outcome leads to, pure) · `book`
//! (what happened) · `file` (how it survives a restart) · `azampay` (who charges, pays and tells) · `authenticator`,
//! `checkout`, `disburse`, `inquiry` (the provider's paths) · `bill_pay` (it calls the ledger) · `statement` (its books for
//! finance) · `operations` (what a person or a test may do).

mod authenticator;
mod azampay;
mod bill_pay;
mod book;
mod checkout;
mod disburse;
mod fault;
mod file;
mod inquiry;
mod operations;
mod outcome;
mod shelf;
mod signature;
mod statement;
mod tokens;
mod wallet;
mod wire;

pub(crate) use azampay::AzamPay;
pub(crate) use operations::{configure, is_the_providers};
