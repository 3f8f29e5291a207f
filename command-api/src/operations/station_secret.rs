//! `POST /api/v1/stations/{id}/secret`: a new secret for a station, told once.

use actix_web::web::Data as Shared;
use actix_web::{HttpRequest, HttpResponse};
use edge::http::path_id;
use edge::{Identity, Problem, Role};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::CommandApi;
use crate::access::away;

/// A secret; it is not told again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewSecret {
    station_id: Uuid,
    /// What the station shows at `auth/station/token`.
    #[schema(example = "b0m9o2c2mB1v0hS1cJcKx8l3nXhQZ4f0Yt1mJp6c0m0w")]
    secret: String,
}

/// Makes a new secret. The one before it counts until the new one is used for the first time.
#[utoipa::path(
    post, path = "/api/v1/stations/{id}/secret", tag = "access",
    params(("id" = Uuid, Path, description = "the station")),
    responses(
        (status = 201, description = "the new secret", body = NewSecret,
         example = json!({"station_id": "0190a6f0-0000-7000-8000-000000000001",
             "secret": "b0m9o2c2mB1v0hS1cJcKx8l3nXhQZ4f0Yt1mJp6c0m0w"})),
        (status = 400, description = "malformed"), (status = 401, description = "no good token"),
        (status = 403, description = "not for this role"), (status = 404, description = "no such station"),
        (status = 429, description = "too many requests"), (status = 503, description = "the database is away"),
    ),
    security(("bearer" = ["admin"]))
)]
pub(crate) async fn post(
    api: Shared<CommandApi>,
    speaker: Identity,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let station_id = path_id(&request, "id")?;
    speaker.must_be(&[Role::Admin])?;
    let station = api.present().station(station_id).await?;
    station.ok_or_else(|| Problem::not_found("there is no such station"))?;
    let secret = api.station_secrets().renew(station_id).await.map_err(away)?;
    let secret = NewSecret { station_id, secret };
    Ok(HttpResponse::Created().insert_header(("Cache-Control", "no-store")).json(secret))
}
