//! The providers that carry messages, each as its documentation has it, and which of them are used.
//!
//! What they keep true together: a provider recognises no repeat, so what may have been sent is never called refused.
//! Surely not sent are: what could not be connected, what was answered 4xx (but for 408, which a gateway may answer after
//! it has passed the request on), and what the provider's own answer refuses. A lost, cut or unreadable answer and every
//! 5xx leave it unknown. Number, text and secrets are never part of an error or a log line.

mod account;
mod africastalking;
mod basic;
mod beem;
mod exchange;
mod nextsms;

pub use account::{Account, Accounts};
pub(crate) use africastalking::AFRICASTALKING;
pub use africastalking::{AfricasTalking, SmsSettings};
pub use basic::BasicAccount;
pub(crate) use beem::BEEM;
pub use beem::Beem;
pub(crate) use nextsms::NEXTSMS;
pub use nextsms::NextSms;
