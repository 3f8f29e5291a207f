//! `GET /api/v1/devices/{id}`: one power bank. Staff, and the station it stands at, see where it is; everybody else sees
//! what is printed on it and what to do with it, never where it is or who has it.

use actix_web::{HttpRequest, HttpResponse, http::header};
use chrono::{DateTime, Utc};
use edge::{
    Identity, Problem, Role,
    http::{MinPosition, path_id},
};
use serde::Serialize;
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

use super::nothing;
use crate::{
    access,
    device::PublicDevice,
    read::{Desk, Failure, Found, Source, absent, answer, position},
    statements,
};

/// A power bank.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct DeviceView {
    device_id: Uuid,
    serial: String,
    capacity_mah: Option<i32>,
    /// `provisioned`, `docked`, `releasing`, `rented`, `maintenance`, `lost` or `sold`.
    status: String,
    station_id: Option<Uuid>,
    slot: Option<i16>,
    /// The rental that it is on or was sold on.
    rental_id: Option<Uuid>,
    battery_percent: Option<i16>,
    /// Since when it is so.
    since: DateTime<Utc>,
}

impl DeviceView {
    fn read(row: &Row) -> Result<Option<Self>, Failure> {
        let Some(device_id) = row.try_get("device_id")? else { return Ok(None) };
        Ok(Some(Self {
            device_id,
            serial: row.try_get("serial")?,
            capacity_mah: row.try_get("capacity_mah")?,
            status: row.try_get("status")?,
            station_id: row.try_get("station_id")?,
            slot: row.try_get("slot")?,
            rental_id: row.try_get("rental_id")?,
            battery_percent: row.try_get("battery_percent")?,
            since: row.try_get("since")?,
        }))
    }
}

/// A power bank, as whoever asks may see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum DeviceAnswer {
    /// For staff, and for the station it stands at.
    Whole(DeviceView),
    /// For everybody.
    Public(PublicDevice),
}

/// Whether this speaker sees all of a device.
fn sees_all(speaker: Option<&Identity>, device: &DeviceView) -> bool {
    speaker.is_some_and(|speaker| {
        access::DEVICES.contains(&speaker.role)
            && (speaker.role != Role::Station || device.station_id == Some(speaker.subject))
    })
}

/// One device.
///
/// Without a token, and for roles that may not see devices: what anybody may know of it.
#[utoipa::path(
    get, path = "/api/v1/devices/{id}", tag = "stations", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, description = "the device", body = DeviceAnswer, examples(
                  ("public" = (summary = "without a token", value = json!({
                      "device_id": "0190a6f0-0000-7000-8000-000000000002", "serial": "PB-0001",
                      "status": "in_service", "how_to_rent": "Scan the code on the display of a station.",
                      "how_to_return": "Put the bank into a free slot of any station."}))),
                  ("staff" = (summary = "for staff", value = json!({
                      "device_id": "0190a6f0-0000-7000-8000-000000000002", "serial": "PB-0001",
                      "capacity_mah": 5000, "status": "docked",
                      "station_id": "0190a6f0-0000-7000-8000-000000000001", "slot": 1, "rental_id": null,
                      "battery_percent": 96, "since": "2026-01-15T08:30:00Z"}))))),
              (status = 404, description = "no such device")),
    security((), ("bearer" = ["station", "agent", "support", "finance", "analyst", "admin"]))
)]
pub(crate) async fn get(
    request: HttpRequest,
    speaker: Result<Identity, Problem>,
    min: MinPosition,
) -> Result<HttpResponse, Problem> {
    // No token is fine; one that does not hold is not.
    let speaker = match speaker {
        Ok(speaker) => Some(speaker),
        Err(problem) if request.headers().contains_key(header::AUTHORIZATION) => return Err(problem),
        Err(_) => None,
    };
    nothing(&request)?;
    let id = path_id(&request, "id")?;
    let found = Desk::of(&request)?
        .read(min, async |desk| {
            let rows = desk.query(statements::DEVICE, &[&id]).await?;
            let device = rows.first().map(DeviceView::read).transpose()?.flatten();
            Ok(Found::of(Source::Inventory, position(&rows)?, device))
        })
        .await?;
    let mut device = found.what.ok_or_else(|| absent(found.position))?;
    if !sees_all(speaker.as_ref(), &device) {
        let public = PublicDevice::of(device.device_id, device.serial, &device.status);
        return answer(found.position, &DeviceAnswer::Public(public));
    }
    if speaker.is_some_and(|speaker| speaker.role == Role::Analyst) {
        // A rental leads to a person.
        device.rental_id = None;
    }
    answer(found.position, &DeviceAnswer::Whole(device))
}
