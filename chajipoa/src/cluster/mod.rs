//! The private Postgres cluster of one machine: made on first use, started, adopted, stopped.
//!
//! What it keeps true:
//! - it listens on 127.0.0.1 only, on its own port, with scram passwords that stand in a 0600 file, and it has data
//!   checksums; no other cluster of the machine is touched;
//! - one process at a time owns it (a lock on a file that the kernel releases when the process dies);
//! - it is never run by root: as root everything is done as the user `postgres`;
//! - it lives in a session of its own, so Ctrl-C reaches this program first, which then stops it;
//! - a cluster that survived a kill of this program is adopted, not started a second time; a `postmaster.pid` of a
//!   process that is no longer this cluster's is removed.
//!
//! What it does not do: create databases, roles or tables (that is `migrate`), or keep Postgres alive: when Postgres
//! ends while the program runs, the services report it and [`PrivateCluster::ensure_running`] brings it back.
//!
//! All calls block; a caller in an async context moves them to a blocking thread.

mod account;
mod binaries;
mod control;
mod create;
mod error;
mod files;
mod home;
mod private;
mod settings;
#[cfg(test)]
mod tests;

pub use error::ClusterError;
pub use private::{Connection, PrivateCluster};
