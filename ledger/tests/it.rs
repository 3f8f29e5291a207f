//! The ledger against a real Postgres. `CHAJIPOA_TEST_PG` names a superuser of a test cluster; `make test` and
//! `scripts/pg.sh` start one. Each test has a database of its own.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that meets what it did not expect has failed"
)]

#[path = "it/append.rs"]
mod append;
#[path = "it/catalogue.rs"]
mod catalogue;
#[path = "it/concurrency.rs"]
mod concurrency;
#[path = "support/database.rs"]
mod database;
#[path = "it/feeds.rs"]
mod feeds;
#[path = "it/harness.rs"]
mod harness;
#[path = "it/kafka.rs"]
mod kafka;
#[path = "it/partitions.rs"]
mod partitions;
#[path = "it/reading.rs"]
mod reading;
#[path = "it/renewal.rs"]
mod renewal;
#[path = "it/rights.rs"]
mod rights;
#[path = "it/sealing.rs"]
mod sealing;
#[path = "it/statements.rs"]
mod statements;
#[path = "it/telemetry.rs"]
mod telemetry;
