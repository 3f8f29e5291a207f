//! The command-line tool, and everything in one process for a single machine.

pub mod cluster;
