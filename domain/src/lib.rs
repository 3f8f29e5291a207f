//! The rental domain: what may happen, what it costs, and who owes what.
//!
//! Everything here is a pure function of its inputs: commands and states go in, events come out. Time, ids
//! and random bytes are inputs; there is no clock, no database, no network and no log in this crate.
//!
//! Where to look:
//! - [`command`] and [`event`]: the vocabulary, one struct each;
//! - [`decide()`]: one command on the present state becomes a [`Decision`] or a [`Rejection`];
//! - [`State`]: what a stream of events adds up to;
//! - [`rating`]: what a rental costs; [`postings`]: what that means in the books;
//! - [`rerating`]: every charge of a history once more, under its own tariff or another one.

pub mod actor;
pub mod adjustment;
pub mod approval;
pub mod command;
pub mod customer;
pub mod decide;
pub mod device;
pub mod event;
pub mod ids;
pub mod lineage;
pub mod money;
pub mod payment;
pub mod period;
pub mod personal;
pub mod phone;
pub mod postings;
pub mod projection;
pub mod provider_entry;
pub mod purse;
pub mod rating;
pub mod receipt;
pub mod reconciliation;
pub mod refund;
pub mod rejection;
pub mod rental;
pub mod rerating;
#[cfg(test)]
mod schema;
pub mod state;
pub mod station;
pub mod tariff;
pub mod timing;
pub mod values;
pub mod view;

pub use actor::{Actor, Role};
pub use command::Command;
pub use decide::{Decision, Fact, Order, Seeds, Stop, decide};
pub use event::Event;
pub use ids::{
    ApprovalId, BreakId, CustomerId, DeviceId, EntryId, PaymentId, ReceiptId, RefundId, RentalId, StationId,
    StreamKey, StreamKind, TariffId,
};
pub use money::Money;
pub use rejection::Rejection;
pub use state::{FOLD_VERSION, ImpossibleTransition, State};
pub use view::{Claim, Found, Missing, Reads, Source, View};

/// A moment in UTC, cut to microseconds before it enters the domain.
pub type Time = chrono::DateTime<chrono::Utc>;
