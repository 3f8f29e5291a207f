//! `POST /api/v1/payments/callback/{secret}`: what AzamPay says of a collection or a pay-out. It is kept, nothing more.

use actix_web::HttpResponse;
use actix_web::web::{Data as Shared, Path, Payload};
use edge::Problem;
use ledger::inbox::LetterKind;
use serde::Serialize;
use utoipa::ToSchema;

use crate::CommandApi;
use crate::inbox::{body, without_password};

/// That it was kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Kept {
    #[schema(example = true)]
    received: bool,
}

impl Kept {
    pub(crate) fn respond() -> HttpResponse {
        HttpResponse::Ok().json(Self { received: true })
    }
}

/// Where nothing is, and where the secret is not known: the same answer.
pub(crate) fn nothing_here() -> Problem {
    Problem::of_status(actix_web::http::StatusCode::NOT_FOUND)
}

/// Keeps a callback of the payment provider, whatever it says, before it answers; the same bytes again are counted. What
/// follows from it is decided later, and only with proof.
#[utoipa::path(
    post, path = "/api/v1/payments/callback/{secret}", tag = "providers",
    params(("secret" = String, Path, description = "the secret of this installation; `chajipoa keys secrets` shows it")),
    request_body(content = serde_json::Value, description = "AzamPay's shape; at most 8 KiB",
        example = json!({"message": "success", "transactionstatus": "success", "operator": "Mpesa",
            "reference": "bb79c24fea7f44a4a1907c62d5f3e96f", "externalreference": "bb79c24fea7f44a4a1907c62d5f3e96f",
            "utilityref": "0c9h2yq4m8k1v7s3t5w6x9zabd", "amount": "20000", "transid": "bb79c24fea7f44a4a1907c62d5f3e96f",
            "msisdn": "255712345678", "mnoreference": "4d2f0a52-7c36-4a0b-8f7e-1f2b3c4d5e6f"})),
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
    if !api.callback_secrets().accept(&secret) {
        return Err(nothing_here());
    }
    let body = without_password(body(payload).await?);
    api.mailbox().keep(LetterKind::Azampay, body).await?;
    Ok(Kept::respond())
}
