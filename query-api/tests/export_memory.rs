//! A million rows leave in constant memory. A program of its own: its resident memory is what is measured, server,
//! client and all.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets what it did not expect has failed"
)]
#![allow(dead_code, reason = "the harness can do more than this test needs")]

#[path = "../../ledger/tests/support/database.rs"]
mod database;
#[path = "it/harness.rs"]
mod harness;

use std::fs;

use edge::Role;
use uuid::Uuid;

use crate::{
    database::connect,
    harness::{ADMIN, Stage, wait_until},
};

const ROWS: usize = 1_000_000;
/// What an export may add at most: a page, a row group, what the allocator keeps.
const BOUND_KIB: u64 = 64 << 10;

/// The most resident memory so far, in KiB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux says so");
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_million_rows_take_no_more_memory_than_a_few_pages() {
    let stage = Stage::new().await;
    let projector = stage.project().await;
    let owner = connect(&stage.owner_url).await;
    let fill = format!(
        "INSERT INTO billing_v1.journal (position, line, debit, credit, amount, customer_id, provider, occurred_at,
             recorded_at, booking_day, event_type)
         SELECT -n, 1, 1000, 2000, n, gen_random_uuid(), 'mpesa', now(), now(), current_date, 'PaymentSettled'
         FROM generate_series(1, {ROWS}) n; ANALYZE billing_v1.journal"
    );
    owner.batch_execute(&fill).await.unwrap();
    wait_until(async || stage.get(ADMIN, "/api/v1/finance/trial-balance").await.0 == 200).await;
    for format in ["csv", "ndjson", "parquet"] {
        let before = peak();
        let path = format!("/api/v1/finance/export?model=journal&format={format}");
        let mut response = stage.ask(&path, (Role::Finance, Uuid::from_u128(1)), None).await;
        let rows: usize = response.headers()["export-rows"].to_str().unwrap().parse().unwrap();
        assert!(rows >= ROWS, "{rows}");
        let mut bytes = 0;
        while let Some(chunk) = response.chunk().await.unwrap() {
            bytes += chunk.len();
        }
        let more = peak() - before;
        println!("{format}: {rows} rows, {bytes} bytes, {more} KiB more at the peak of {}", peak());
        assert!(more <= BOUND_KIB, "{format}: {more} KiB");
    }
    projector.stop().await;
}
