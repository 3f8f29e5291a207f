//! Stand-ins for the world around the ledger, beside `make up` and in tests, never in production: an SMS provider that
//! speaks Africa's Talking's wire format, and cabinets that speak the cabinet link.
//!
//! Keeps true: it knows the ledger only as anybody outside does, over HTTP; what it shows and keeps is bounded; a cabinet's
//! bank is in one place at a time, whatever the ledger believes. It answers nobody but this machine unless told
//! otherwise, and has no logins: whoever reaches its port plays with it.
//!
//! Where to look: [`Sandbox`] (how it starts and stops) · `sms` (the messages) · `cabinets` (the cabinets: their physical
//! truth, their link, their mischief) · [`Settings`] · [`register`] (what a seed calls) · `page.html` (what a person sees).

mod api;
mod cabinets;
mod connection;
mod page;
mod register;
mod running;
mod settings;
mod sms;

pub use register::{CabinetToRegister, RegisterError, SlotToRegister, register};
pub use running::{DEFAULT_BIND, Options, Running, Sandbox};
pub use settings::Settings;
