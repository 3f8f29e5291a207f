//! A station as it is shown. Nothing about people is in it, so anybody may see it.

use serde::Serialize;
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::read::Failure;

/// A station.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct StationView {
    pub(crate) station_id: Uuid,
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
    /// `online`, `offline`, `maintenance` or `decommissioned`.
    pub(crate) status: String,
    /// `instant` or `confirmed`.
    pub(crate) release_mode: String,
    pub(crate) renting: bool,
    pub(crate) returning: bool,
    pub(crate) slots: i16,
    /// Banks that can be rented: docked in a slot that works, with 20 % or more.
    pub(crate) available_devices: i64,
    /// The same as `available_devices`, under its older name.
    pub(crate) free_banks: i64,
    /// Slots that can take a bank.
    pub(crate) free_slots: i64,
    /// How far it is, in metres; where a place was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) distance_m: Option<i64>,
    /// In millimetres: the key of the order.
    #[serde(skip)]
    pub(crate) distance: Option<i64>,
}

impl StationView {
    pub(crate) fn read(row: &Row) -> Result<Option<Self>, Failure> {
        let Some(station_id) = row.try_get("station_id")? else { return Ok(None) };
        let distance: Option<i64> = row.try_get("distance")?;
        let free_banks = row.try_get("free_banks")?;
        Ok(Some(Self {
            station_id,
            code: row.try_get("code")?,
            name: row.try_get("name")?,
            latitude: row.try_get("latitude")?,
            longitude: row.try_get("longitude")?,
            status: row.try_get("status")?,
            release_mode: row.try_get("release_mode")?,
            renting: row.try_get("rents_out")?,
            returning: row.try_get("takes_back")?,
            slots: row.try_get("slots")?,
            available_devices: free_banks,
            free_banks,
            free_slots: row.try_get("free_slots")?,
            distance_m: distance.map(crate::near::whole_metres),
            distance,
        }))
    }
}
