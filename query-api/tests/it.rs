//! The live streams on a real Postgres: commands in, read models built, events out, in one process as `up` has it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets what it did not expect has failed"
)]

#[path = "it/harness.rs"]
mod harness;
#[path = "it/rental_stream.rs"]
mod rental_stream;
#[path = "it/sessions.rs"]
mod sessions;
#[path = "it/station_stream.rs"]
mod station_stream;
