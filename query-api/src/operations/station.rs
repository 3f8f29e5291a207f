//! `GET /api/v1/stations/{id}`: one station and its slots, now or at another moment. Public.

use actix_web::{HttpRequest, HttpResponse};
use edge::{
    Problem,
    http::{MinPosition, path_id},
};
use serde::Serialize;
use serde_json::Value;
use tokio_postgres::Row;
use utoipa::ToSchema;

use uuid::Uuid;

use crate::{
    as_of::{Known, Standing, Times, moment, standing},
    read::{Desk, Failure, Found, Source, absent, position},
    statements,
    station::StationView,
};

/// A station with its slots.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct StationWithSlots {
    #[serde(flatten)]
    station: StationView,
    /// Each slot: slot, status (`empty`, `occupied`, `faulty`, `disabled`), rentable, battery_percent, device_id.
    #[schema(value_type = Vec<Object>)]
    slot_list: Value,
}

fn read(row: &Row) -> Result<Option<StationWithSlots>, Failure> {
    let Some(station) = StationView::read(row)? else { return Ok(None) };
    let slots: &str = row.try_get("slot_list")?;
    let slot_list = serde_json::from_str(slots).map_err(|_| Failure::Damaged("the slots of a station"))?;
    Ok(Some(StationWithSlots { station, slot_list }))
}

/// One station.
#[utoipa::path(
    get, path = "/api/v1/stations/{id}", tag = "stations", params(("id" = uuid::Uuid, Path), Times),
    responses((status = 200, description = "the station and its slots", body = Standing<StationWithSlots>,
               example = json!({"station_id": "0190a6f0-0000-7000-8000-000000000001", "code": "DAR-001",
                   "name": "Kariakoo Market", "latitude": -6.8161, "longitude": 39.2724, "status": "online",
                   "release_mode": "confirmed", "renting": true, "returning": true, "slots": 8,
                   "available_devices": 5, "free_banks": 5, "free_slots": 3, "slot_list": [{"slot": 1,
                   "status": "occupied", "rentable": true, "battery_percent": 96,
                   "device_id": "0190a6f0-0000-7000-8000-000000000002"}, {"slot": 2, "status": "empty",
                   "rentable": false, "battery_percent": null, "device_id": null}], "position": 1042})),
              (status = 400, description = "malformed"),
              (status = 404, description = "no such station; `not_there_yet`: not at that moment"),              (status = 503, description = "`not_caught_up`: the read model has not come so far"))
)]
pub(crate) async fn get(request: HttpRequest, min: MinPosition) -> Result<HttpResponse, Problem> {
    let moment = moment(&request)?;
    let id = path_id(&request, "id")?;
    let desk = Desk::of(&request)?;
    let (known, min) = moment.find(&desk, min).await?;
    let found = desk.read(min, async |desk| find(desk, id, known).await).await?;
    match (found.what, known) {
        (Some(station), _) => standing(found.position, known, station),
        (None, Some(known))
            if desk.read(min, async |desk| find(desk, id, None).await).await?.what.is_some() =>
        {
            Err(known.not_there_yet(found.position))
        }
        (None, _) => Err(absent(found.position)),
    }
}

async fn find(
    desk: &Desk,
    id: Uuid,
    known: Option<Known>,
) -> Result<Found<Option<StationWithSlots>>, Failure> {
    let rows = match known {
        None => desk.query(statements::STATION, &[&id]).await?,
        Some(known) => {
            let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
                [&id, &known.position(), &known.occurred_until];
            desk.query_slowly(statements::known::STATION, &parameters).await?
        }
    };
    let station = rows.first().map(read).transpose()?.flatten();
    Ok(Found::of(Source::Inventory, position(&rows)?, station))
}
