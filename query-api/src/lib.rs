//! Serves the read models, the audit trail and the finance views.
//!
//! Reads only: it writes nothing anywhere. Every answer carries the position it stands for, from the statement that
//! made it. A request goes: operation → [`access`] (who may) → [`read`] (one statement, waiting for a position) →
//! answer. A live stream goes: operation → [`access`] → a seat in the [`live`] hub → one read → what happens from there on.

mod access;
mod api;
mod as_of;
mod audit;
mod books;
mod charge;
mod device;
mod documents;
mod explanation;
pub mod export;
mod gbfs;
mod listing;
mod live;
mod message;
mod near;
mod operations;
mod payment;
mod projections;
mod read;
pub mod receipt;
mod reconciliation;
mod refund;
mod rental;
mod resume;
mod sealed;
mod statements;
mod station;

pub use api::{Ingredients, QueryApi, STREAMS, StartError};
pub use documents::{joined, openapi};
pub use live::Hub;
