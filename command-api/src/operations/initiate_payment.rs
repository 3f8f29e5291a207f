//! `POST /api/v1/payments/initiate`: asks for money; the prompt follows by itself.

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data as Shared};
use actix_web::{HttpRequest, HttpResponse};
use edge::http::{Context, json_body};
use edge::{Identity, Problem};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{data, on_behalf_of, write};
use crate::CommandApi;
use crate::submit::{rendered, respond};

/// How much, what for, and through whom.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Initiate {
    /// Whole shillings.
    amount: i64,
    /// `deposit` or `debt`.
    purpose: String,
    /// `mpesa`, `mixx`, `airtel`, `halopesa` or `azampesa`.
    provider: String,
    /// Another phone than the customer's own; kept sealed.
    #[serde(default)]
    phone: Option<String>,
    /// Whom for; staff only.
    #[serde(default)]
    customer_id: Option<Uuid>,
    /// The payment's id; minted if absent.
    #[serde(default)]
    payment_id: Option<Uuid>,
}

/// Initiates a payment.
#[utoipa::path(
    post, path = "/api/v1/payments/initiate", tag = "payments",
    request_body(content = Initiate, example = json!({"amount": 20000, "purpose": "deposit", "provider": "mpesa"})),
    params(("Idempotency-Key" = Option<uuid::Uuid>, Header, description = "the id under which it has one effect; minted if absent")),
    responses(
        (status = 202, description = "the customer is being asked", body = crate::documents::CommandAnswer,
         example = json!({"command_id": "0190a6f0-0000-7000-8000-000000000007", "outcome": "recorded", "position": 1042,
             "events": [{"type": "PaymentInitiated", "position": 1042}],
             "result": {"payment_id": "0190a6f0-0000-7000-8000-000000000005", "status": "initiated"},
             "payment_id": "0190a6f0-0000-7000-8000-000000000005", "status": "initiated"})),
        (status = 400, description = "malformed"), (status = 401, description = "no good token"),
        (status = 403, description = "not for this role"), (status = 404, description = "no such customer, or not yours"),
        (status = 422, description = "a rule refuses"),
        (status = 429, description = "too_many_prompts: this phone was asked to pay too often in this hour; Retry-After says when again"),
        (status = 503, description = "send the same id again"),
    ),
    security(("bearer" = ["customer", "support", "admin"]))
)]
pub(crate) async fn post(
    api: Shared<CommandApi>,
    speaker: Identity,
    context: Context,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let initiate: Initiate = json_body(&body)?;
    let data = data([
        ("customer_id", Some(json!(on_behalf_of(&speaker, initiate.customer_id)?))),
        ("amount", Some(json!(initiate.amount))),
        ("purpose", Some(json!(initiate.purpose))),
        ("provider", Some(json!(initiate.provider))),
        ("phone", initiate.phone.map(|phone| json!(phone))),
        ("payment_id", initiate.payment_id.map(|id| json!(id))),
    ]);
    let command = ("InitiatePayment", data);
    let answer = write(&api, &speaker, &context, request.headers(), command, None).await?;
    Ok(respond(&answer, StatusCode::ACCEPTED, rendered(answer.render_flat())?))
}
