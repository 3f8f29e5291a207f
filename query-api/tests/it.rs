//! What is read beside the read models, and the live streams, over HTTP against a real Postgres.
//! `CHAJIPOA_TEST_PG` names a superuser of a test cluster; `make test` and `scripts/pg.sh` start one.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets what it did not expect has failed"
)]

#[path = "it/analysts.rs"]
mod analysts;
#[path = "it/bare.rs"]
mod bare;
#[path = "../../ledger/tests/support/database.rs"]
mod database;
#[path = "it/devices.rs"]
mod devices;
#[path = "it/exports.rs"]
mod exports;
#[path = "it/finance.rs"]
mod finance;
#[path = "it/harness.rs"]
mod harness;
#[path = "it/moments.rs"]
mod moments;
#[path = "it/receipts.rs"]
mod receipts;
#[path = "it/rental_stream.rs"]
mod rental_stream;
#[path = "it/reports.rs"]
mod reports;
#[path = "it/sessions.rs"]
mod sessions;
#[path = "it/station_stream.rs"]
mod station_stream;
