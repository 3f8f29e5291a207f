//! Stand-ins for the world around the ledger, beside `make up` and in tests, never in production: AzamPay, three SMS
//! providers and the USSD gateway in their wire formats, and cabinets that speak the cabinet link.
//!
//! Keeps true: it knows the ledger only as anybody outside does, over HTTP; what it shows and keeps is bounded; a cabinet's
//! bank is in one place at a time, and a shilling was charged or paid or neither, whatever the ledger believes. It answers
//! nobody but this machine unless told otherwise, and has no logins of its own: whoever reaches its port plays with it.
//!
//! Where to look: [`Sandbox`] (how it starts and stops) · `payments` (AzamPay) · `sms` (the messages) · `ussd` (the dialler)
//! · `cabinets` (the cabinets: their physical truth, their link, their mischief) · `courier` (callbacks and reports on their
//! way) · [`Settings`] · [`register`] (what a seed calls) · `page` (what a person sees).

mod api;
mod cabinets;
mod connection;
mod courier;
mod page;
mod payments;
mod register;
mod running;
mod settings;
mod sms;
mod ussd;

pub use register::{CabinetToRegister, RegisterError, SlotToRegister, register};
pub use running::{DEFAULT_BIND, Options, Running, Sandbox};
pub use settings::{
    Cabinets, DisbursementOutcome, Fault, PaymentOutcome, Payments, Report, Settings, Sms, SmsOutcome,
};
