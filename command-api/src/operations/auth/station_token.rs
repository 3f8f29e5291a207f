//! `POST /api/v1/auth/station/token`: a station's secret, against an access token.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data as Shared};
use edge::http::json_body;
use edge::token::ACCESS_LIFETIME;
use edge::{Problem, Role};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::CommandApi;
use crate::access::away;

/// Which station, and its secret.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StationLogin {
    station_id: Uuid,
    #[schema(example = "b0m9o2c2mB1v0hS1cJcKx8l3nXhQZ4f0Yt1mJp6c0m0w")]
    secret: String,
}

/// A station's access token; it shows its secret again for the next.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StationToken {
    access_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds until it ends.
    #[schema(example = 600)]
    expires_in: i64,
}

/// An access token for a station.
#[utoipa::path(
    post, path = "/api/v1/auth/station/token", tag = "access",
    request_body(content = StationLogin, example = json!({"station_id": "0190a6f0-0000-7000-8000-000000000001",
        "secret": "b0m9o2c2mB1v0hS1cJcKx8l3nXhQZ4f0Yt1mJp6c0m0w"})),
    responses(
        (status = 200, description = "a token for ten minutes", body = StationToken,
         example = json!({"access_token": "eyJhbGciOiJFZERTQSIsImtpZCI6IjAwMDEifQ.eyJyb2xlIjoic3RhdGlvbiJ9.c2lnbmF0dXJl",
             "token_type": "Bearer", "expires_in": 600})),
        (status = 400, description = "malformed"),
        (status = 401, description = "credentials_wrong"),
        (status = 429, description = "too many requests"),
        (status = 503, description = "the database is away"),
    )
)]
pub(crate) async fn post(api: Shared<CommandApi>, body: Bytes) -> Result<HttpResponse, Problem> {
    let asked: StationLogin = json_body(&body)?;
    if !api.station_secrets().is_known(asked.station_id, &asked.secret).await.map_err(away)? {
        return Err(Problem::unauthorized_as("credentials_wrong", "this is not the station's secret"));
    }
    let access_token = api.sessions().access_token(Role::Station, asked.station_id).map_err(away)?;
    let expires_in = ACCESS_LIFETIME.num_seconds();
    let token = StationToken { access_token, token_type: "Bearer", expires_in };
    Ok(HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(token))
}
