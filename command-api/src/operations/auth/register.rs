//! `POST /api/v1/auth/register`: asks for a code, to register or to log in.

use actix_web::web::{Bytes, Data as Shared};
use actix_web::{HttpRequest, HttpResponse};
use domain::values::Name;
use edge::Problem;
use edge::http::{client_address, json_body};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{code_sent, phone};
use crate::CommandApi;

/// Whose number.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Register {
    /// A Tanzanian mobile number.
    #[schema(example = "+255712345678")]
    phone: String,
    /// How they want to be called; counts when they register.
    #[schema(example = "Asha")]
    name: Option<String>,
}

/// Sends a code to a number. The answer, and what is done for it, is the same whether the number is known or not; nothing
/// reaches the ledger yet.
#[utoipa::path(
    post, path = "/api/v1/auth/register", tag = "access",
    request_body(content = Register, example = json!({"phone": "+255712345678", "name": "Asha"})),
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
    let asked: Register = json_body(&body)?;
    let phone = phone(&asked.phone)?;
    let name = asked.name.as_deref().map(|name| {
        Name::parse(name).ok_or_else(|| Problem::malformed("name is 1 to 200 printable characters"))
    });
    let expires_at = api.codes().issue(&phone, name.transpose()?.as_ref(), client_address(&request)).await?;
    Ok(code_sent(expires_at))
}
