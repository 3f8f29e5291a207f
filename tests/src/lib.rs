//! Black-box journeys, races, faults, rebuild, load.

pub mod bench;
pub mod harness;
pub mod verifier;
pub mod witness;
