//! `POST /api/v1/stations/{id}/heartbeat`: a cabinet is there. One that was offline for want of a heartbeat comes back;
//! one that staff took offline stays so.

use actix_web::web::{Bytes, Data as Shared};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use domain::values::Reason;
use edge::http::json_body;
use edge::{Identity, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::own_station;
use crate::CommandApi;
use crate::present::away;
use crate::submit::moment_of;

/// What a cabinet says of itself; it may be empty.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Heartbeat {
    /// What its clock shows. Nothing depends on it: `server_time` tells it how far off it is.
    #[serde(default)]
    #[schema(format = DateTime)]
    at: Option<String>,
    /// The version of its firmware, up to 200 characters.
    #[serde(default)]
    firmware: Option<String>,
}

/// That it was heard.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HeartbeatAnswer)]
pub(crate) struct Heard {
    server_time: DateTime<Utc>,
    /// `online`, `offline`, `maintenance` or `decommissioned`.
    status: &'static str,
}

/// Takes in a heartbeat.
#[utoipa::path(
    post, path = "/api/v1/stations/{id}/heartbeat", tag = "stations",
    request_body(content = Heartbeat, example = json!({"at": "2026-03-02T06:00:00Z", "firmware": "2.4.1"})),
    params(("id" = uuid::Uuid, Path, description = "the station; a station speaks for itself")),
    responses(
        (status = 200, description = "heard", body = Heard,
         example = json!({"server_time": "2026-03-02T06:00:00.120000Z", "status": "online"})),
        (status = 400, description = "malformed"), (status = 401, description = "no good token"),
        (status = 403, description = "not for this role"), (status = 404, description = "no such station, or not yours"),
        (status = 503, description = "the ledger is away"),
    ),
    security(("bearer" = ["station", "admin"]))
)]
pub(crate) async fn post(
    api: Shared<CommandApi>,
    speaker: Identity,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let beat: Heartbeat = json_body(&body)?;
    beat.at.as_deref().map(|at| moment_of("at", at)).transpose()?;
    let firmware = beat.firmware.as_deref().map(|text| Reason::parse(text).ok_or_else(odd)).transpose()?;
    let station = own_station(&api, &speaker, &request).await?;
    let server_time = api.clock().now();
    let firmware = firmware.as_ref().map(Reason::as_str);
    api.cabinets().heard(station.id.0, server_time, firmware).await.map_err(|error| away(&error))?;
    let mut status = station.status();
    if !station.online && station.unheard {
        api.bring_online(station.id.0).await?;
        status = api.present().station(station.id.0).await?.map_or(status, |station| station.status());
    }
    Ok(HttpResponse::Ok().json(Heard { server_time, status }))
}

fn odd() -> Problem {
    Problem::malformed("firmware is at most 200 printable characters")
}
