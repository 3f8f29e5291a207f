//! The services, each in a process of its own, and the parts that the single process shares with them.
//!
//! A service gets `DATABASE_URL` with its own login, `CHAJIPOA_BIND`, `CHAJIPOA_KEYS` where it needs keys, and
//! `KAFKA_BROKERS` where events come from Kafka. It prints `listening on ADDRESS` once it serves, and stops
//! gracefully on SIGINT and SIGTERM.

mod commands;
mod projecting;
mod queries;
mod reacting;
mod relaying;
mod sealing;
mod serving;

pub use commands::{command_api, run_command_api};
pub use projecting::{projector_sources, run_projector};
pub use queries::{documents, end_streams, query_api, run_query_api};
pub use reacting::{cashier, commands_to, outbox, reactor, run_reactor};
pub use relaying::run_relay;
pub use sealing::{Sealing, places, sealer};
pub use serving::{
    announce, asked_to_stop, clock, limits, serve_until_stopped, serve_until_stopping, tokens, verifier,
};
