//! Commands in, events out: authentication, one file per operation, the batcher.
//!
//! Keeps true: a command is answered only after the ledger has said what became of it; a refusal rests on a
//! state that was the present one (I4). It never reads a read model.
//!
//! A request goes: operation → [`submit`] (read, role, seal, hash) → [`batcher`] (decide, append) → answer.

pub mod access;
mod actor;
mod answer;
mod api;
mod batcher;
mod bill_pay;
mod books;
mod cabinet;
mod canonical;
mod documents;
mod housekeeping;
mod inbox;
mod operations;
mod personal;
mod present;
mod prompting;
mod reconciliation;
mod refusal;
mod routes;
mod settings;
mod slot_code;
mod statements;
mod submit;
mod ussd;

pub use api::{CommandApi, Ingredients, StartError};
pub use documents::openapi;
pub use inbox::{PathSecrets, SecretError, SecretName};
pub use settings::{Secret, Settings};
pub use ussd::{Allowed, NotAnAddress};

/// Who speaks where this service itself does. No token has this role.
pub(crate) const SYSTEM: uuid::Uuid = uuid::Uuid::nil();
