//! Black-box journeys, races, faults, rebuild, load.

pub mod harness;
