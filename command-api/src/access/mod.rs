//! Who gets in: one-time codes, sessions with rotating refresh tokens, staff passwords, station secrets.
//!
//! None of it is a fact of the business, so none of it goes through the ledger: it lives in tables of its own (schema
//! `access`) and is forgotten in time. Secrets are kept as hashes only. What has to be counted exactly (tries, codes of a
//! day, prompts of an hour, failed log-ins) is counted in Postgres, in the transaction that checks it, so that a thousand at once count as a
//! thousand.

mod codes;
mod error;
mod housekeeping;
mod prompts;
mod secrets;
mod sessions;
mod staff;
mod statements;
mod tally;

pub use codes::CodeLimits;
pub(crate) use codes::{CodeDesk, Proof};
pub use error::AccessError;
pub(crate) use error::away;
pub(crate) use housekeeping::tidy;
pub(crate) use prompts::{Counted, PromptDesk};
pub(crate) use secrets::StationSecrets;
pub(crate) use sessions::{Grant, Sessions};
pub use sessions::{Tokens, watch_endings};
pub use staff::{Member, Staff, StaffRole};
