//! What the system does by itself: it marks rentals overdue, sells banks that did not come back, gives up on releases
//! and payments, asks for money and pays it back, and sends messages.
//!
//! It writes nothing into the ledger: it acts by sending commands, like everybody else. What it keeps true:
//!
//! - deadlines are derived from events ([`deadline`]) and stored with the position they stand for, in one transaction
//!   ([`follow`]), so that a restart loses and doubles nothing;
//! - a deadline has one effect: the id of its command follows from kind, thing and moment ([`fire`]), so that two
//!   reactors, a repeat after a lost answer and a restart all send the same command (I3);
//! - nothing is fired before the ledger has been read to its end: what is long settled stays settled;
//! - what customers are told follows from events as well, one notice for each event and kind ([`notice`]);
//! - a message is sent at most once ([`message`]), by one of several providers ([`sms`]);
//! - a customer is prompted once for a payment, a refund is paid once, and nothing settles but by proof ([`money`]).
//!
//! It has no rule of its own: whether something is due is decided by the domain, on the ledger's state.

mod azampay;
mod commands;
mod connection;
mod customer;
pub mod deadline;
mod error;
mod fire;
mod follow;
mod message;
mod money;
pub mod notice;
mod past;
mod reactor;
mod sms;
mod statements;
mod status;
mod stop;

pub use azampay::{
    AzamPay, AzamPaySettings, Collection, Inquiry, KeyError, PayOut, PayOutName, PublicKey, Reply, Source,
    Standing,
};
pub use commands::{Answer, Commands};
pub use error::ReactorError;
pub use fire::command_id;
pub use message::{
    Allowance, Delivery, Messenger, Outbox, Post, QuietHours, Report, Route, Sending, State, Text,
    apply_report,
};
pub use money::{Cashier, Cashing, MoneyStatus};
pub use reactor::{Reactor, Running, Sources};
pub use sms::{Account, Accounts, AfricasTalking, BasicAccount, Beem, NextSms, SmsSettings};
pub use status::{Snapshot, Status};
