//! What cabinets say beside commands: heartbeats and inventories, and what follows from them.
//!
//! An inventory is compared with the present state ([`compare`]); what differs becomes commands with ids that follow
//! from the inventory ([`ids`]), so that the same inventory sent twice has one effect. What the station itself may
//! report is recorded as the station's, the rest as the system's. Nothing here decides: every command goes the way of
//! all others, and a rule may refuse it.
//!
//! Keeps true: an inventory that is older than the last one, or than a later fact of a slot, changes nothing there;
//! a slot that was not listed, or could not be read, says nothing about the bank in it. It never reads a read model.

pub(crate) mod compare;
pub(crate) mod ids;
pub(crate) mod reported;
pub(crate) mod send;
mod silence;
pub(crate) mod store;

pub(crate) use silence::Listening;
pub(crate) use store::Store;
