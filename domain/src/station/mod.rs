//! Stations and their slots.
//!
//! Invariants: a slot holds at most one bank, and a bank stands in at most one slot of a station; slots are
//! numbered from 1 and only become more. A station's report of something physical is never refused for the state
//! of station or slot.

mod decide;
mod state;

pub use decide::{
    bring_online, change, clear_fault, disable_slot, enable_slot, register, report_fault, take_offline,
};
pub(crate) use decide::{check_empty_slot, known, own};
pub use state::{NO_HEARTBEAT, Service, Slot, Station};
