//! AzamPay on the wire: asking for money, paying it out, asking what became of either, and what it calls us with.
//!
//! It keeps true:
//!
//! - every answer is one of four ([`Reply`]): accepted, refused, certainly not sent, or nobody knows; what cannot be
//!   read is never taken for a refusal, because the money may have moved all the same;
//! - a checkout is sent once: only an answer that says the request was not let in (401) is followed by another try, with
//!   a new token;
//! - neither token nor secret, neither phone nor text of a person is in an error or a log line.
//!
//! It decides nothing about payments; that is [`crate::money`]'s.

mod client;
mod fields;
mod keys;
mod reply;
mod settings;
mod token;
mod wallet;

pub use client::{AzamPay, Collection, PayOut, PayOutName};
pub(crate) use fields::Fields;
pub use keys::{KeyError, PublicKey};
pub(crate) use reply::plain;
pub use reply::{Reply, Standing};
pub use settings::{AzamPaySettings, Inquiry, Source};
pub(crate) use wallet::{operator, pays_out};
