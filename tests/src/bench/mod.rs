//! The ratio table of `make bench`: the product beside its baselines, on one Postgres, in one run.
//!
//! Everything happens on a private cluster that is made for the run and removed after it, with `fsync`,
//! `full_page_writes` and `synchronous_commit` on. Rounds interleave the product with its baselines, so whatever else
//! the machine does hits both; a row is the median of its rounds' ratios. Absolute rates are shown on the terminal
//! and never written down.
//!
//! Where to look: [`options`] (what may be asked for) · `ground` (cluster and databases) · `grow` (ledgers of millions
//! of events) · `city` (whom and what the load is about) · `http` and `load` (the load generator) · `baseline`
//! (`pgbench`) · `starting`, `growth`, `readable`, `relaying`, `rebuilding`, `verifying` (the rows) · `table` (what
//! comes out).
//!
//! What it does not do: judge. A ratio that is not reached is shown as it is.

mod baseline;
mod city;
mod error;
mod ground;
mod grow;
mod growth;
mod http;
mod kafka;
mod load;
pub mod options;
mod readable;
mod rebuilding;
mod relaying;
mod run;
mod starting;
mod table;
mod verifying;

pub use error::BenchError;
pub use run::run;
