//! The commands over HTTP against a real Postgres. `CHAJIPOA_TEST_PG` names a superuser of a test cluster;
//! `make test` and `scripts/pg.sh` start one. Each test has a database of its own.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets what it did not expect has failed"
)]

#[path = "it/access.rs"]
mod access;
#[path = "it/bill_pay.rs"]
mod bill_pay;
#[path = "it/cabinet.rs"]
mod cabinet;
#[path = "it/closing.rs"]
mod closing;
#[path = "../../ledger/tests/support/database.rs"]
mod database;
#[path = "it/faults.rs"]
mod faults;
#[path = "it/harness.rs"]
mod harness;
#[path = "it/heartbeats.rs"]
mod heartbeats;
#[path = "it/inventories.rs"]
mod inventories;
#[path = "it/inventory_input.rs"]
mod inventory_input;
#[path = "it/letters.rs"]
mod letters;
#[path = "it/maintenance.rs"]
mod maintenance;
#[path = "it/money.rs"]
mod money;
#[path = "it/profiles.rs"]
mod profiles;
#[path = "it/prompts.rs"]
mod prompts;
#[path = "it/provider_statements.rs"]
mod provider_statements;
#[path = "it/races.rs"]
mod races;
#[path = "it/refunds.rs"]
mod refunds;
#[path = "it/requests.rs"]
mod requests;
#[path = "it/second_person.rs"]
mod second_person;
#[path = "it/slot_codes.rs"]
mod slot_codes;
#[path = "it/telemetry.rs"]
mod telemetry;
#[path = "it/ussd.rs"]
mod ussd;
#[path = "it/walk.rs"]
mod walk;
