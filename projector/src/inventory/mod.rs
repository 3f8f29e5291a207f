//! The read model `inventory`: stations, their slots, and where every device is.
//!
//! Rows: `station`, `slot` by station and number, `device`. A slot's row says whether the slot works; which bank
//! stands in it is said by the device alone, so the two cannot contradict each other. What each was before is in `station_past`, `slot_past` and
//! `device_past`.

mod device;
mod fold;
mod rows;

use crate::{
    Fact, Impossible,
    model::{Model, Sql},
    table::{AnyTable, Keyed},
};

pub(crate) use rows::{DeviceRow, DeviceStatus, Service, SlotRow, StationRow};

/// Raised with every change of what the fold makes of the ledger.
pub(crate) const FOLD: i32 = 2;

pub(crate) const SQL: Sql = Sql {
    tables: include_str!("tables.sql"),
    keys: include_str!("keys.sql"),
    indexes: include_str!("indexes.sql"),
    views: include_str!("views.sql"),
    words: &[
        ("slot", "faulty", "Whether a fault is known of it."),
        ("slot", "disabled", "Whether staff took it out of service."),
        ("station", "service", "in_service, maintenance or decommissioned."),
        ("station", "online", "Whether it was heard lately."),
    ],
};

/// The fold and its rows.
#[derive(Debug, Default)]
pub(crate) struct Inventory {
    pub(crate) station: Keyed<StationRow>,
    pub(crate) slot: Keyed<SlotRow>,
    pub(crate) device: Keyed<DeviceRow>,
}

impl Model for Inventory {
    fn want(&mut self, fact: &Fact) {
        if let Some(device) = device::device_of(&fact.event) {
            self.device.want((device,));
        }
        fold::want(self, fact);
    }

    fn fold(&mut self, fact: &Fact) -> Result<(), Impossible> {
        device::apply(self, fact)?;
        fold::apply(self, fact)
    }

    fn tables(&mut self) -> Vec<&mut dyn AnyTable> {
        self.station.tables().chain(self.slot.tables()).chain(self.device.tables()).collect()
    }
}
