//! Black-box journeys, races, faults, rebuild, load.
