//! `POST /api/v1/auth/logout`: ends a session, its access tokens included.

use actix_web::web::{Bytes, Data as Shared};
use actix_web::{FromRequest as _, HttpRequest, HttpResponse};
use edge::http::json_body;
use edge::{Identity, Problem};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::CommandApi;
use crate::access::away;

const BECAUSE: &str = "logged out";

/// Whose session, where no access token says so.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Logout {
    /// Any refresh token of the session; needed only where the access token has ended.
    #[schema(example = "Z4f0Yt1mJp6c0m0wFq1o2c2mB1v0hS1cJcKx8l3nXhQ")]
    refresh_token: Option<String>,
}

/// Logs out: the session of the access token, of the refresh token, or of both.
#[utoipa::path(
    post, path = "/api/v1/auth/logout", tag = "access",
    request_body(content = Logout, example = json!({})),
    responses(
        (status = 204, description = "the session has ended"),
        (status = 400, description = "malformed"),
        (status = 401, description = "neither a good access token nor a refresh token"),
        (status = 429, description = "too many requests"),
        (status = 503, description = "the database is away"),
    ),
    security((), ("bearer" = ["customer", "station", "agent", "support", "finance", "analyst", "admin", "payments"]))
)]
pub(crate) async fn post(
    api: Shared<CommandApi>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let asked: Logout = json_body(&body)?;
    let speaker = Identity::extract(&request).await;
    if let Some(token) = &asked.refresh_token {
        api.sessions().end_of_token(token, BECAUSE).await.map_err(away)?;
    }
    match speaker {
        Ok(speaker) => {
            if let Some(session) = speaker.session {
                api.sessions().end(session, BECAUSE).await.map_err(away)?;
            }
        }
        Err(problem) if asked.refresh_token.is_none() => return Err(problem),
        Err(_) => {}
    }
    Ok(HttpResponse::NoContent().finish())
}
