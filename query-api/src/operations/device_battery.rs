//! `GET /api/v1/devices/{id}/battery`: how full a bank was, as the cabinets read it; oldest first.
//!
//! The readings are telemetry: kept for some days, and no part of the ledger. The position is that of the read model
//! that knows the device.

use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use edge::{
    Identity, Problem,
    http::{Cursor, Limit, MinPosition, Page, path_id, query},
};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    access,
    read::{Desk, Failure, Found, Source, absent, answer, items_of_device, position},
    statements,
};

/// Which readings.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// What was read at this time or later.
    from: Option<DateTime<Utc>>,
    /// What was read before this time.
    to: Option<DateTime<Utc>>,
    /// 1 to 500.
    #[serde(default)]
    #[param(value_type = Option<u16>)]
    limit: Limit,
    /// Where the page before ended.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// A reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct BatteryView {
    taken_at: DateTime<Utc>,
    battery_percent: i16,
    station_id: Uuid,
    slot: i16,
}

impl BatteryView {
    fn read(row: &Row) -> Result<Option<Self>, Failure> {
        let Some(taken_at) = row.try_get("taken_at")? else { return Ok(None) };
        Ok(Some(Self {
            taken_at,
            battery_percent: row.try_get("battery_percent")?,
            station_id: row.try_get("station_id")?,
            slot: row.try_get("slot")?,
        }))
    }
}

/// How full a device was.
#[utoipa::path(
    get, path = "/api/v1/devices/{id}/battery", tag = "stations", params(("id" = uuid::Uuid, Path), Input),
    responses((status = 200, description = "oldest first", body = Page<BatteryView>,
               example = json!({"items": [{"taken_at": "2026-03-02T06:00:00Z", "battery_percent": 87,
                   "station_id": "019c0000-0000-7000-8000-000000000003", "slot": 4}], "next_cursor": null})),
              (status = 400, description = "malformed"), (status = 401, description = "no good token"),
              (status = 403, description = "not for this role"), (status = 404, description = "no such device"),
              (status = 503, description = "not_caught_up, unavailable")),
    security(("bearer" = ["agent", "support", "finance", "analyst", "admin"]))
)]
pub(crate) async fn get(
    request: HttpRequest,
    identity: Identity,
    min: MinPosition,
) -> Result<HttpResponse, Problem> {
    identity.must_be(access::TELEMETRY)?;
    let id = path_id(&request, "id")?;
    let input: Input = query(&request)?;
    if let (Some(from), Some(to)) = (input.from, input.to)
        && from > to
    {
        return Err(Problem::malformed("from is after to"));
    }
    let after: Option<(DateTime<Utc>, Uuid, i16)> = input.cursor.as_ref().map(Cursor::key).transpose()?;
    let (taken_at, station, slot) =
        after.map_or((None, None, None), |(at, station, slot)| (Some(at), Some(station), Some(slot)));
    let limit = i64::from(input.limit.get()).saturating_add(1);
    let found = Desk::of(&request)?
        .read(min, async |desk| {
            let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 7] =
                [&id, &input.from, &input.to, &taken_at, &station, &slot, &limit];
            let rows = desk.query_slowly(statements::BATTERY, &parameters).await?;
            Ok(Found::of(Source::Inventory, position(&rows)?, items_of_device(&rows, BatteryView::read)?))
        })
        .await?;
    let items = found.what.ok_or_else(|| absent(found.position))?;
    let key = |item: &BatteryView| (item.taken_at, item.station_id, item.slot);
    answer(found.position, &Page::cut(items, input.limit, key))
}
