//! Notices: what customers are told because of an event.
//!
//! What they keep true: notices follow from events alone ([`notices`], pure), and are rows of `reactor.notice`, one for
//! each event and kind, written in the transaction that moves the reactor's position ([`Notices`]). So an event that is
//! read again, by another reactor or after a lost position, says nothing twice. A reminder is a notice for later, which
//! an extension, a return or a sale takes back as long as it has not gone out. A row names a customer and holds numbers,
//! never a phone or a text: those come together only when it is sent, by the sender of [`crate::message`].

mod derive;
mod fold;
mod kind;
mod text;
mod value;

pub use derive::{Notice, Told, notices, settles_reminders};
pub(crate) use fold::{KEPT, Notices};
pub use kind::Kind;
pub use text::{Unwritable, render};
pub use value::{Facts, FiscalStatus, Value};

#[cfg(test)]
mod tests;
