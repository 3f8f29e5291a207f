//! The command-line tool, and everything in one process for a single machine.
//!
//! Where to look: [`cli`] (the commands and their exit codes) · [`up`] (one process, one machine) · [`services`]
//! (each service as a process of its own) · [`cluster`] (the private Postgres) · [`installation`] (where keys,
//! data and passwords lie) · [`verify`] (proves the ledger) · [`stand_ins`] (the sandbox beside it all) · [`seed`] and [`simulate`] (a demo city and a busy one, both through the public
//! interface).

pub mod api;
pub mod cli;
pub mod cluster;
pub mod installation;
pub mod rerate;
pub mod seed;
pub mod services;
pub mod simulate;
pub mod stand_ins;
pub mod up;
pub mod verify;
