//! `POST /api/v1/auth/staff/login`: staff log in with a password.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data as Shared};
use edge::Problem;
use edge::http::json_body;
use serde::Deserialize;
use utoipa::ToSchema;

use super::LoggedIn;
use crate::CommandApi;
use crate::access::away;

/// Who, and what only they know.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StaffLogin {
    #[schema(example = "asha.m")]
    username: String,
    #[schema(example = "correct horse battery staple")]
    password: String,
}

/// Logs a member of staff in.
#[utoipa::path(
    post, path = "/api/v1/auth/staff/login", tag = "access",
    request_body(content = StaffLogin, example = json!({"username": "asha.m", "password": "correct horse battery staple"})),
    responses(
        (status = 200, description = "logged in", body = LoggedIn,
         example = json!({"access_token": "eyJhbGciOiJFZERTQSIsImtpZCI6IjAwMDEifQ.eyJyb2xlIjoic3VwcG9ydCJ9.c2lnbmF0dXJl",
             "refresh_token": "Z4f0Yt1mJp6c0m0wFq1o2c2mB1v0hS1cJcKx8l3nXhQ", "token_type": "Bearer", "expires_in": 600,
             "subject": "0190a6f0-0000-7000-8000-000000000009", "role": "support"})),
        (status = 400, description = "malformed"),
        (status = 401, description = "credentials_wrong: the same whether there is such a name or not"),
        (status = 429, description = "too many wrong passwords; Retry-After says when again"),
        (status = 503, description = "too many log in at once, or the database is away"),
    )
)]
pub(crate) async fn post(api: Shared<CommandApi>, body: Bytes) -> Result<HttpResponse, Problem> {
    let asked: StaffLogin = json_body(&body)?;
    let (role, subject) = api.staff().log_in(&asked.username, asked.password).await?;
    let grant = api.sessions().open(role, subject).await.map_err(away)?;
    Ok(LoggedIn::of(grant).respond())
}
