//! The black-box suite: one program, so that it links once. Each module is one concern.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::float_arithmetic,
    reason = "a test that meets what it did not expect has failed"
)]

#[path = "suite/analysts.rs"]
mod analysts;
#[path = "suite/attacks.rs"]
mod attacks;
#[path = "suite/cabinets.rs"]
mod cabinets;
#[path = "suite/city.rs"]
mod city;
#[path = "suite/cloudevents.rs"]
mod cloudevents;
#[path = "suite/cluster.rs"]
mod cluster;
#[path = "suite/erasure.rs"]
mod erasure;
#[path = "suite/exports.rs"]
mod exports;
#[path = "suite/faults.rs"]
mod faults;
#[path = "suite/input.rs"]
mod input;
#[path = "suite/journey.rs"]
mod journey;
#[path = "suite/load.rs"]
mod load;
#[path = "suite/matrix.rs"]
mod matrix;
#[path = "suite/matrix_commands.rs"]
mod matrix_commands;
#[path = "suite/matrix_scene.rs"]
mod matrix_scene;
#[path = "suite/matrix_stage.rs"]
mod matrix_stage;
#[path = "suite/moments.rs"]
mod moments;
#[path = "suite/money.rs"]
mod money;
#[path = "suite/openapi.rs"]
mod openapi;
#[path = "suite/parts.rs"]
mod parts;
#[path = "suite/poison.rs"]
mod poison;
#[path = "suite/projector.rs"]
mod projector;
#[path = "suite/proofs.rs"]
mod proofs;
#[path = "suite/public.rs"]
mod public;
#[path = "suite/query.rs"]
mod query;
#[path = "suite/races.rs"]
mod races;
#[path = "suite/rebuild.rs"]
mod rebuild;
#[path = "suite/receipts.rs"]
mod receipts;
#[path = "suite/relay.rs"]
mod relay;
#[path = "suite/rotation.rs"]
mod rotation;
#[path = "suite/sessions.rs"]
mod sessions;
#[path = "suite/simulate.rs"]
mod simulate;
#[path = "suite/stale.rs"]
mod stale;
#[path = "suite/town.rs"]
mod town;
#[path = "suite/traces.rs"]
mod traces;
#[path = "suite/ussd.rs"]
mod ussd;
#[path = "suite/verifier.rs"]
mod verifier;
#[path = "suite/versions.rs"]
mod versions;
#[path = "suite/walk.rs"]
mod walk;
#[path = "suite/wallets.rs"]
mod wallets;
