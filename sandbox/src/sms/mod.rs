//! The SMS providers: they take messages as Africa's Talking, Beem and NextSMS do, show what arrived, and report on it.
//!
//! Where to look: `africas_talking`, `beem`, `nextsms` (the wire formats, pure) · `inbox` (what arrived) · `taking` (what is
//! done with a message, whoever carries it) · `operations` (HTTP).

mod africas_talking;
mod beem;
mod inbox;
mod nextsms;
mod operations;
mod taking;

pub(crate) use inbox::{Inbox, number};
pub(crate) use operations::configure;
