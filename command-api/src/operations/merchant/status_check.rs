//! `POST /api/merchant/status-check`: what became of a payment. By the published shape it comes without a hash; it settles
//! nothing and names nobody.

use actix_web::web::{Data as Shared, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::payment::{Payment, PaymentStatus};
use domain::{Claim, State};
use edge::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::payment::BillReceipt;
use super::{DONE, NOT_DONE, bearer, failed, signed};
use crate::CommandApi;
use crate::inbox::body;

const PROVIDERS: [&str; 5] = ["mpesa", "mixx", "airtel", "halopesa", "azampesa"];

/// Which payment: by our reference or by AzamPay's.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct StatusQuestion {
    /// What `payment` answered.
    #[serde(rename = "MerchantReferenceId")]
    #[schema(example = "0190a6f0-0000-7000-8000-000000000005")]
    merchant_reference_id: Option<String>,
    #[serde(rename = "PgReferenceId")]
    #[schema(example = "bb79c24fea7f44a4a1907c62d5f3e96f")]
    pg_reference_id: Option<String>,
}

/// Says what became of a payment to a bill number. The question may stand alone or in `Data`, then with its `Hash`.
#[utoipa::path(
    post, path = "/api/merchant/status-check", tag = "providers",
    request_body(content = StatusQuestion, example = json!({"MerchantReferenceId": "0190a6f0-0000-7000-8000-000000000005"})),
    responses(
        (status = 200, description = "what became of it", body = BillReceipt,
         example = json!({"MerchantReferenceId": "0190a6f0-0000-7000-8000-000000000005", "Status": "Success", "StatusCode": 0,
             "Message": "Received."})),
        (status = 400, description = "malformed, or hash_wrong"),
        (status = 401, description = "no good token of AzamPay's"),
        (status = 404, description = "nothing is known of it"),
        (status = 413, description = "larger than 8 KiB"),
        (status = 429, description = "too many requests"),
        (status = 503, description = "the ledger is away"),
    )
)]
pub(crate) async fn post(
    api: Shared<CommandApi>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let secret = bearer(&api, &request)?;
    let body = body(payload).await?;
    let is_signed = serde_json::from_slice::<serde_json::Value>(&body)
        .is_ok_and(|body| body.get("Data").is_some() || body.get("Hash").is_some());
    let asked: StatusQuestion = if is_signed {
        signed(&secret, &body)?
    } else {
        serde_json::from_slice(&body).map_err(|error| failed(Problem::malformed(error.to_string())))?
    };
    let found = asked.held_by(&api).await.map_err(failed)?;
    let unknown = || failed(Problem::not_found("nothing is known of this payment"));
    let id = found.ok_or_else(unknown)?;
    let state = api.present().states([id]).await.map_err(failed)?.remove(&id).ok_or_else(unknown)?;
    let (status, status_code, message) = told(&state).ok_or_else(unknown)?;
    let merchant_reference_id = id.to_string();
    Ok(HttpResponse::Ok().json(BillReceipt { merchant_reference_id, status, status_code, message }))
}

impl StatusQuestion {
    /// What it is about.
    async fn held_by(&self, api: &CommandApi) -> Result<Option<Uuid>, Problem> {
        if let Some(ours) = &self.merchant_reference_id {
            return Ok(ours.parse().ok());
        }
        let Some(theirs) = &self.pg_reference_id else {
            return Err(Problem::malformed("give MerchantReferenceId or PgReferenceId"));
        };
        for provider in PROVIDERS {
            let claim = Claim { kind: Claim::PROVIDER_REFERENCE, value: format!("{provider}/{theirs}") };
            if let Some(holder) = api.present().holder(&claim).await? {
                return Ok(Some(holder));
            }
        }
        Ok(None)
    }
}

/// What is told of a payment or a receipt; nothing of anything else.
fn told(state: &State) -> Option<(&'static str, i32, &'static str)> {
    match state {
        State::Payment(payment) => Some(told_of(payment)),
        State::Receipt(_) => Some(("Success", DONE, "Received; a person looks at it.")),
        State::Customer(_)
        | State::Device(_)
        | State::Station(_)
        | State::Rental(_)
        | State::Catalogue(_)
        | State::Refund(_)
        | State::Approval(_)
        | State::Break(_)
        | State::Entry(_)
        | State::Periods(_)
        | State::Lineage(_)
        | State::Projection(_) => None,
    }
}

const fn told_of(payment: &Payment) -> (&'static str, i32, &'static str) {
    match payment.status {
        PaymentStatus::Settled { .. } => ("Success", DONE, "Received."),
        PaymentStatus::Initiated | PaymentStatus::Prompted | PaymentStatus::Unknown => {
            ("Pending", NOT_DONE, "Not received yet.")
        }
        PaymentStatus::Declined | PaymentStatus::Expired => ("Failed", NOT_DONE, "Not received."),
    }
}
