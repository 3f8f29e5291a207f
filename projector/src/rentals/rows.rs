//! The rows of the read model `rentals`.

use domain::Time;
use uuid::Uuid;

use crate::table::{Json, row, words};

words! {
    /// Where a rental stands.
    Status {
        Releasing = "releasing",
        Active = "active",
        Overdue = "overdue",
        Ended = "ended",
        Sold = "sold",
        Recovered = "recovered",
        Cancelled = "cancelled",
    }
}

row! {
    /// A rental, from the request on.
    RentalRow in "rental"
    key { rental_id: Uuid, }
    columns {
        customer_id: Uuid,
        device_id: Uuid,
        station_id: Uuid,
        slot: i16,
        status: Status,
        requested_at: Time,
        started_at: Option<Time>,
        due_at: Option<Time>,
        ended_at: Option<Time>,
        return_station_id: Option<Uuid>,
        return_slot: Option<i16>,
        tariff_id: Uuid,
        tariff_version: i32,
        free_minutes: Option<i64>,
        extended_minutes: i64,
        charge_total: Option<i64>,
        charge_usage: Option<i64>,
        charge_late: Option<i64>,
        charge_replacement: Option<i64>,
        charge_vat: Option<i64>,
        position: i64,
    }
}

row! {
    /// One version of a tariff, whole; it never changes.
    TariffRow in "tariff" (no_past)
    key { tariff_id: Uuid, version: i32, }
    columns {
        name: String,
        effective_from: Time,
        is_default: bool,
        terms: Json,
        position: i64,
    }
}

row! {
    /// A tariff that takes no new starts, and never will again.
    RetiredRow in "tariff_retired" (no_past)
    key { tariff_id: Uuid, }
    columns {
        retired_at: Time,
        position: i64,
    }
}
