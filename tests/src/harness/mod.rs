//! What black-box tests stand on: a database of their own, a broker, the real binary as a process, and waiting.
//!
//! It keeps true that no test sees another one's data: every test has its own database (a copy of one that was
//! migrated once), its own topic, its own port. Nothing here sleeps for a time; it waits for conditions with a limit.
//!
//! The harness ends a test by panicking: without a server there is nothing to report. The services come from
//! `scripts/with-services.sh`; without `CHAJIPOA_TEST_PG` a test fails and says so.

mod client;
mod gateway;
mod kafka;
mod place;
mod postgres;
mod private_postgres;
mod process;
mod proxy;
mod topic;
mod wait;

pub use client::{ADMIN, AGENT, ANALYST, Answer, Client, FINANCE, PAYMENTS, SUPPORT, Who};
pub use gateway::Gateway;
pub use kafka::{Kafka, TestTopic};
pub use place::Place;
pub use postgres::{Database, Postgres};
pub use private_postgres::PrivatePostgres;
pub use process::{Process, Spec, binary};
pub use proxy::{Cut, Proxy};
pub use topic::{Raw, assert_i8, raw_records, records, whole_ledger};
pub use wait::{wait_for, wait_until};
