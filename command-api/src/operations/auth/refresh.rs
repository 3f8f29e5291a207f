//! `POST /api/v1/auth/refresh`: the next tokens of a session.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data as Shared};
use edge::Problem;
use edge::http::json_body;
use serde::Deserialize;
use utoipa::ToSchema;

use super::LoggedIn;
use crate::CommandApi;

/// The refresh token of the last answer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refresh {
    /// Good for one use; one that is used twice ends the session.
    #[schema(example = "Z4f0Yt1mJp6c0m0wFq1o2c2mB1v0hS1cJcKx8l3nXhQ")]
    refresh_token: String,
}

/// New tokens for a refresh token, which is spent by this.
#[utoipa::path(
    post, path = "/api/v1/auth/refresh", tag = "access",
    request_body(content = Refresh, example = json!({"refresh_token": "Z4f0Yt1mJp6c0m0wFq1o2c2mB1v0hS1cJcKx8l3nXhQ"})),
    responses(
        (status = 200, description = "the next tokens", body = LoggedIn,
         example = json!({"access_token": "eyJhbGciOiJFZERTQSIsImtpZCI6IjAwMDEifQ.eyJyb2xlIjoiY3VzdG9tZXIifQ.c2lnbmF0dXJl",
             "refresh_token": "Z4f0Yt1mJp6c0m0wFq1o2c2mB1v0hS1cJcKx8l3nXhQ", "token_type": "Bearer", "expires_in": 600,
             "customer_id": "0190a6f0-0000-7000-8000-000000000004", "role": "customer"})),
        (status = 400, description = "malformed"),
        (status = 401, description = "refresh_token_invalid, or refresh_token_reused: the session has ended"),
        (status = 429, description = "too many requests"),
        (status = 503, description = "the database is away"),
    )
)]
pub(crate) async fn post(api: Shared<CommandApi>, body: Bytes) -> Result<HttpResponse, Problem> {
    let asked: Refresh = json_body(&body)?;
    let grant = api.sessions().refresh(&asked.refresh_token).await?;
    Ok(LoggedIn::of(grant).respond())
}
