//! `POST /api/v1/stations/{id}/qr`: the code that a slot's display shows for the next two minutes.

use actix_web::web::{Bytes, Data as Shared};
use actix_web::{HttpRequest, HttpResponse};
use domain::Rejection;
use edge::http::{json_body, path_id};
use edge::{Identity, Problem, Role};
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::CommandApi;
use crate::refusal;
use crate::slot_code::SlotCode;

/// The smallest side of the picture, in its own units.
const PICTURE: u32 = 240;

/// Which slot.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    slot: u16,
}

/// A code to show.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Shown {
    station_id: Uuid,
    slot: u16,
    /// What `rentals/start` takes as `qr`; the URL does as well.
    payload: String,
    /// Opens the app at this slot.
    url: String,
    /// The URL as a QR code.
    svg: String,
    /// From then on it starts nothing.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Makes the code of a slot.
#[utoipa::path(
    post, path = "/api/v1/stations/{id}/qr", tag = "stations",
    request_body(content = Asked, example = json!({"slot": 1})),
    params(("id" = Uuid, Path, description = "the station; a station asks for its own")),
    responses(
        (status = 200, description = "a code that holds for 120 seconds", body = Shown,
         example = json!({"station_id": "0190a6f0-0000-7000-8000-000000000001", "slot": 1, "payload": "cp1.AZCm8AAA",
             "url": "https://app.chajipoa.co.tz/rent#cp1.AZCm8AAA",
             "svg": "<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "expires_at": "2026-01-15T08:32:00Z"})),
        (status = 400, description = "malformed"), (status = 401, description = "no good token"),
        (status = 403, description = "not for this role"), (status = 404, description = "no such station, or not yours"),
        (status = 422, description = "the station has no such slot"), (status = 503, description = "the ledger is away"),
    ),
    security(("bearer" = ["station", "admin"]))
)]
pub(crate) async fn post(
    api: Shared<CommandApi>,
    speaker: Identity,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let station_id = path_id(&request, "id")?;
    speaker.must_be(&[Role::Station, Role::Admin])?;
    let asked: Asked = json_body(&body)?;
    let absent = || Problem::not_found("there is no such station, or it is not yours");
    if speaker.role == Role::Station && speaker.subject != station_id {
        return Err(absent());
    }
    let station = api.present().station(station_id).await?.ok_or_else(absent)?;
    if asked.slot == 0 || asked.slot > station.slot_count() {
        let unknown = Rejection::SlotUnknown { station_id, slot: asked.slot, slots: station.slot_count() };
        return Err(refusal::problem(&unknown, &speaker, None));
    }
    let code = SlotCode::new(station_id, asked.slot, api.clock().now());
    let payload = code.text(&api.sealer().keys());
    let url = format!("{}{payload}", api.app_url());
    let shown = Shown {
        station_id,
        slot: asked.slot,
        svg: picture(&url)?,
        payload,
        url,
        expires_at: code.expires_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
    };
    Ok(HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(shown))
}

fn picture(url: &str) -> Result<String, Problem> {
    let code = QrCode::with_error_correction_level(url, EcLevel::M).map_err(|error| {
        tracing::error!(%error, "the URL of the app is too long for a QR code");
        Problem::internal()
    })?;
    Ok(code.render::<svg::Color<'_>>().min_dimensions(PICTURE, PICTURE).build())
}
