//! `POST /api/v1/sms/delivery/{secret}`: what became of a message, as its provider says. It is kept, nothing more.

use actix_web::HttpResponse;
use actix_web::web::{Data as Shared, Path, Payload};
use edge::Problem;
use ledger::inbox::LetterKind;
use serde::Deserialize;
use utoipa::ToSchema;

use super::payment_callback::{Kept, nothing_here};
use crate::CommandApi;
use crate::inbox::body;

/// Africa's Talking's shape; other providers' are kept as they come.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "it documents the form; what comes is kept unread")]
pub(crate) struct DeliveryReport {
    #[schema(example = "ATXid_0f1e2d3c4b5a69788796a5b4c3d2e1f0")]
    id: String,
    /// `Success`, `Failed`, `Rejected` are final.
    #[schema(example = "Success")]
    status: String,
    #[serde(rename = "phoneNumber")]
    #[schema(example = "+255712345678")]
    phone_number: Option<String>,
    #[serde(rename = "networkCode")]
    #[schema(example = "64004")]
    network_code: Option<String>,
    #[serde(rename = "failureReason")]
    #[schema(example = "UserDoesNotExist")]
    failure_reason: Option<String>,
    #[serde(rename = "retryCount")]
    #[schema(example = "0")]
    retry_count: Option<String>,
}

/// Keeps a delivery report, whatever it says, before it answers; the same bytes again are counted.
#[utoipa::path(
    post, path = "/api/v1/sms/delivery/{secret}", tag = "providers",
    params(("secret" = String, Path, description = "the secret of this installation; `chajipoa keys secrets` shows it")),
    request_body(content = DeliveryReport, content_type = "application/x-www-form-urlencoded",
        example = json!({"id": "ATXid_0f1e2d3c4b5a69788796a5b4c3d2e1f0", "status": "Success",
            "phoneNumber": "+255712345678", "networkCode": "64004", "retryCount": "0"})),
    responses(
        (status = 200, description = "kept", body = Kept, example = json!({"received": true})),
        (status = 404, description = "nothing is at this path"),
        (status = 413, description = "larger than 8 KiB"),
        (status = 429, description = "too many requests"),
        (status = 503, description = "it could not be kept: send it again"),
    )
)]
pub(crate) async fn post(
    api: Shared<CommandApi>,
    secret: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    if !api.delivery_secrets().accept(&secret) {
        return Err(nothing_here());
    }
    api.mailbox().keep(LetterKind::SmsDelivery, body(payload).await?).await?;
    Ok(Kept::respond())
}
