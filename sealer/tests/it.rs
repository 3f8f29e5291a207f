//! The sealer against a real Postgres: killed at every step, two at once, a ledger that was restored or altered, and the
//! proofs that are read from what it leaves. `CHAJIPOA_TEST_PG` names a superuser of a test cluster.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets what it did not expect has failed"
)]

#[path = "it/altered.rs"]
mod altered;
#[path = "../../ledger/tests/support/database.rs"]
mod database;
#[path = "it/harness.rs"]
mod harness;
#[path = "it/killed.rs"]
mod killed;
#[path = "it/published.rs"]
mod published;
#[path = "it/sealing.rs"]
mod sealing;
