//! USSD: the menu on any phone, without an app and without the internet.
//!
//! The gateway sends every input so far, so nothing is kept here between two screens: [`menu`] walks the inputs from the
//! beginning each time and comes to a screen or to something to do. What is done ends the session. So an input that is not
//! the last one and would have done something was refused, and what follows it is another try.
//!
//! [`menu`], [`page`] and the words are pure; [`serve`] reads the ledger (never a read model) and submits commands as the
//! customer. Their ids follow from session and inputs: what a gateway sends twice has one effect.

mod allowed;
mod facts;
mod gsm;
mod menu;
mod page;
mod refused;
mod serve;
mod words;

#[cfg(test)]
mod tests;

pub use allowed::{Allowed, NotAnAddress};
pub(crate) use menu::MOST_INPUTS;
pub(crate) use serve::Session;
