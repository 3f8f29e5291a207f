//! Power banks: where each one is, and the history of its rentals and returns.
//!
//! Invariants: a device is in at most one open rental (I9); a device that is releasing or rented is not moved by
//! staff; a sighting never moves a device against a later one.

mod battery;
mod decide;
mod state;

pub use battery::{HEALTHY_BATTERY_PERCENT, MIN_BATTERY_PERCENT, crosses_threshold, report_battery};
pub use decide::{complete_maintenance, dock, register, report_missing, retire, start_maintenance, undock};
pub(crate) use decide::{displaced, gone_from, known, resolve};
pub use state::{Device, ReturnSeen, Run, Whereabouts};
