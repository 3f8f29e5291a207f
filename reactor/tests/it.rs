//! The reactor against a real Postgres and a real command-api, on a clock that the test moves: months in seconds.
//! `CHAJIPOA_TEST_PG` names a superuser of a test cluster; `make test` and `scripts/pg.sh` start one. Each test has a
//! database of its own.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect has failed"
)]

#[path = "it/azampay.rs"]
mod azampay;
#[path = "it/callbacks.rs"]
mod callbacks;
#[path = "../../ledger/tests/support/database.rs"]
mod database;
#[path = "it/deadlines.rs"]
mod deadlines;
#[path = "it/harness.rs"]
mod harness;
#[path = "it/messages.rs"]
mod messages;
#[path = "it/notices.rs"]
mod notices;
#[path = "it/payments.rs"]
mod payments;
#[path = "it/post.rs"]
mod post;
#[path = "it/provider.rs"]
mod provider;
#[path = "it/recovery.rs"]
mod recovery;
#[path = "it/refunds.rs"]
mod refunds;
#[path = "it/till.rs"]
mod till;
