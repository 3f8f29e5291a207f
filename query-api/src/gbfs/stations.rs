//! The files about stations: where they are, and what is free there.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tokio_postgres::Row;

use super::{moment, name, system::POWER_BANK};
use crate::{
    read::{self, Desk, Failure},
    statements,
    station::StationView,
};

/// The position of the read model.
pub(super) async fn position(desk: &Desk) -> Result<i64, Failure> {
    read::position(&desk.query(statements::INVENTORY_POSITION, &[]).await?)
}

pub(super) async fn information(desk: &Desk) -> Result<(i64, Value), Failure> {
    feed(desk, |_, station| Ok(describe(station))).await
}

pub(super) async fn status(desk: &Desk, now: DateTime<Utc>) -> Result<(i64, Value), Failure> {
    feed(desk, |row, station| {
        let changed: Option<DateTime<Utc>> = row.try_get("changed_at")?;
        Ok(state(station, changed.unwrap_or(now)))
    })
    .await
}

async fn feed(
    desk: &Desk,
    item: impl Fn(&Row, &StationView) -> Result<Value, Failure>,
) -> Result<(i64, Value), Failure> {
    let rows = desk.query_slowly(statements::FEED_STATIONS, &[]).await?;
    let mut stations = Vec::with_capacity(rows.len());
    for row in &rows {
        if let Some(station) = StationView::read(row)? {
            stations.push(item(row, &station)?);
        }
    }
    Ok((read::position(&rows)?, json!({ "stations": stations })))
}

fn describe(station: &StationView) -> Value {
    json!({
        "station_id": station.station_id,
        "name": name(&station.name),
        "short_name": name(&station.code),
        "lat": station.latitude,
        "lon": station.longitude,
        "capacity": station.slots,
        "is_virtual_station": false,
        "is_charging_station": true,
        "rental_methods": ["phone"],
        "vehicle_docks_capacity": [{"vehicle_type_ids": [POWER_BANK], "count": station.slots}],
    })
}

/// An offline cabinet rents nothing out, but it takes banks back and reports them later.
fn state(station: &StationView, reported: DateTime<Utc>) -> Value {
    let (online, offline) = (station.status == "online", station.status == "offline");
    json!({
        "station_id": station.station_id,
        "num_vehicles_available": station.available_devices,
        "vehicle_types_available": [{"vehicle_type_id": POWER_BANK, "count": station.available_devices}],
        "num_docks_available": station.free_slots,
        "vehicle_docks_available": [{"vehicle_type_ids": [POWER_BANK], "count": station.free_slots}],
        "is_installed": online || offline,
        "is_renting": online && station.renting,
        "is_returning": (online || offline) && station.returning,
        "last_reported": moment(reported),
    })
}
