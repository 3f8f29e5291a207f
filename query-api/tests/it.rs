//! What is read beside the read models, over HTTP against a real Postgres and with the service's own login.
//! `CHAJIPOA_TEST_PG` names a superuser of a test cluster; `make test` and `scripts/pg.sh` start one.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets what it did not expect has failed"
)]

#[path = "it/devices.rs"]
mod devices;
#[path = "it/harness.rs"]
mod harness;
