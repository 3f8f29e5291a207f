//! The rows of the read model `inventory`.

use domain::Time;
use uuid::Uuid;

use crate::table::{row, words};

words! {
    /// Whether a station is meant to work.
    Service {
        InService = "in_service",
        Maintenance = "maintenance",
        Decommissioned = "decommissioned",
    }
}

words! {
    /// Where a device is.
    DeviceStatus {
        Provisioned = "provisioned",
        Docked = "docked",
        Releasing = "releasing",
        Rented = "rented",
        Maintenance = "maintenance",
        Lost = "lost",
        Sold = "sold",
        Retired = "retired",
    }
}

row! {
    /// A station.
    StationRow in "station"
    key { station_id: Uuid, }
    columns {
        code: String,
        name: String,
        latitude: f64,
        longitude: f64,
        slots: i16,
        release_mode: String,
        tariff_id: Option<Uuid>,
        service: Service,
        online: bool,
        rents_out: bool,
        takes_back: bool,
        position: i64,
    }
}

row! {
    /// A slot's own condition; which bank stands in it is the device's row to say.
    SlotRow in "slot"
    key { station_id: Uuid, slot: i16, }
    columns {
        faulty: bool,
        disabled: bool,
        position: i64,
    }
}

row! {
    /// A power bank.
    DeviceRow in "device"
    key { device_id: Uuid, }
    columns {
        serial: String,
        capacity_mah: Option<i32>,
        status: DeviceStatus,
        station_id: Option<Uuid>,
        slot: Option<i16>,
        rental_id: Option<Uuid>,
        battery_percent: Option<i16>,
        since: Time,
        registered_at: Time,
        gone_at: Option<Time>,
        position: i64,
    }
}
