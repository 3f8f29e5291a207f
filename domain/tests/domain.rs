//! The rules of the rental domain, in one test binary: given / when / then for every rule and refusal, property
//! tests against slow models, golden files for what is stored, and the manifest that keeps the crate pure.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::indexing_slicing, reason = "reading a JSON answer; a missing field fails the test")]

#[path = "domain/adjusting.rs"]
mod adjusting;
#[path = "domain/always.rs"]
mod always;
#[path = "domain/given.rs"]
mod given;

#[path = "domain/batteries.rs"]
mod batteries;
#[path = "domain/closing.rs"]
mod closing;
#[path = "domain/correcting.rs"]
mod correcting;
#[path = "domain/customers.rs"]
mod customers;
#[path = "domain/devices.rs"]
mod devices;
#[path = "domain/erasing.rs"]
mod erasing;
#[path = "domain/field.rs"]
mod field;
#[path = "domain/golden.rs"]
mod golden;
#[path = "domain/law.rs"]
mod law;
#[path = "domain/lineage.rs"]
mod lineage;
#[path = "domain/manifest.rs"]
mod manifest;
#[path = "domain/model.rs"]
mod model;
#[path = "domain/money.rs"]
mod money;
#[path = "domain/parsing.rs"]
mod parsing;
#[path = "domain/payments.rs"]
mod payments;
#[path = "domain/price.rs"]
mod price;
#[path = "domain/progress.rs"]
mod progress;
#[path = "domain/random_city.rs"]
mod random_city;
#[path = "domain/rating_model.rs"]
mod rating_model;
#[path = "domain/rating_steps.rs"]
mod rating_steps;
#[path = "domain/receipts.rs"]
mod receipts;
#[path = "domain/reconciling.rs"]
mod reconciling;
#[path = "domain/refunds.rs"]
mod refunds;
#[path = "domain/releasing.rs"]
mod releasing;
#[path = "domain/rerating.rs"]
mod rerating;
#[path = "domain/returning.rs"]
mod returning;
#[path = "domain/returning_late.rs"]
mod returning_late;
#[path = "domain/running.rs"]
mod running;
#[path = "domain/starting.rs"]
mod starting;
#[path = "domain/stations.rs"]
mod stations;
#[path = "domain/steps.rs"]
mod steps;
#[path = "domain/tariffs.rs"]
mod tariffs;
#[path = "domain/times.rs"]
mod times;
