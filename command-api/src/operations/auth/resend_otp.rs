//! `POST /api/v1/auth/resend-otp`: another code in place of one that did not come.

use actix_web::web::{Bytes, Data as Shared};
use actix_web::{HttpRequest, HttpResponse};
use edge::Problem;
use edge::http::{client_address, json_body};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{code_sent, phone};
use crate::CommandApi;

/// To which number.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resend {
    /// The number of the request.
    #[schema(example = "+255712345678")]
    phone: String,
}

/// Sends another code; the earlier one counts no longer.
#[utoipa::path(
    post, path = "/api/v1/auth/resend-otp", tag = "access",
    request_body(content = Resend, example = json!({"phone": "+255712345678"})),
    responses(
        (status = 202, description = "a code is on its way", body = super::CodeSent,
         example = json!({"otp_expires_at": "2026-03-02T06:05:00Z", "resend_after_seconds": 60})),
        (status = 400, description = "malformed, or no Tanzanian mobile number"),
        (status = 429, description = "too many codes; Retry-After says when again"),
        (status = 503, description = "the database is away"),
    )
)]
pub(crate) async fn post(
    api: Shared<CommandApi>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let asked: Resend = json_body(&body)?;
    let phone = phone(&asked.phone)?;
    let expires_at = api.codes().issue_again(&phone, client_address(&request)).await?;
    Ok(code_sent(expires_at))
}
