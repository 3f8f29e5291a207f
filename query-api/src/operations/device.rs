//! `GET /api/v1/devices/{id}`: one power bank.

use actix_web::{HttpRequest, HttpResponse};
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

/// One device.
#[utoipa::path(
    get, path = "/api/v1/devices/{id}", tag = "stations", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, description = "the device", body = DeviceView),
              (status = 401, description = "no good token"), (status = 403, description = "not for this role"),
              (status = 404, description = "no such device, or not at this station")),
    security(("bearer" = []))
)]
pub(crate) async fn get(
    request: HttpRequest,
    identity: Identity,
    min: MinPosition,
) -> Result<HttpResponse, Problem> {
    identity.must_be(access::DEVICES)?;
    nothing(&request)?;
    let id = path_id(&request, "id")?;
    let found = Desk::of(&request)?
        .read(min, async |desk| {
            let rows = desk.query(statements::DEVICE, &[&id]).await?;
            let device = rows.first().map(DeviceView::read).transpose()?.flatten();
            Ok(Found::of(Source::Inventory, position(&rows)?, device))
        })
        .await?;
    let here =
        |device: &DeviceView| identity.role != Role::Station || device.station_id == Some(identity.subject);
    let mut device = found.what.filter(here).ok_or_else(|| absent(found.position))?;
    if identity.role == Role::Analyst {
        // A rental leads to a person.
        device.rental_id = None;
    }
    answer(found.position, &device)
}
