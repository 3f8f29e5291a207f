//! `POST /api/v1/refunds`: asks for deposit money, or for a payment, to be paid out.

use actix_web::web::{Bytes, Data as Shared};
use actix_web::{HttpRequest, HttpResponse};
use edge::http::{Context, json_body};
use edge::{Identity, Problem};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::{data, on_behalf_of, write};
use crate::CommandApi;
use crate::submit::{rendered, respond, usual_status};

/// How much, and of what: the deposit, through a wallet; or of a payment, through the wallet it came by.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RefundAsked)]
pub(crate) struct Ask {
    /// Whole shillings.
    amount: i64,
    /// Of the deposit: `mpesa`, `mixx`, `airtel`, `halopesa` or `azampesa`.
    #[serde(default)]
    provider: Option<String>,
    /// Whose deposit; staff only.
    #[serde(default)]
    customer_id: Option<Uuid>,
    /// Which payment; staff only.
    #[serde(default)]
    payment_id: Option<Uuid>,
    /// Why the payment is given back; kept sealed.
    #[serde(default)]
    reason: Option<String>,
    /// The refund's id; minted if absent.
    #[serde(default)]
    refund_id: Option<Uuid>,
}

/// Asks for a refund.
#[utoipa::path(
    post, path = "/api/v1/refunds", tag = "refunds",
    request_body(content = Ask, example = json!({"amount": 10000, "provider": "airtel"})),
    params(("Idempotency-Key" = Option<uuid::Uuid>, Header, description = "the id under which it has one effect; minted if absent")),
    responses(
        (status = 201, description = "the money is set aside; approved where no second person is needed",
         body = crate::documents::CommandAnswer,
         example = json!({"command_id": "0190a6f0-0000-7000-8000-000000000007", "outcome": "recorded", "position": 1043,
             "events": [{"type": "RefundRequested", "position": 1042}, {"type": "RefundApproved", "position": 1043}],
             "result": {"refund_id": "0190a6f0-0000-7000-8000-000000000008", "status": "approved", "balance": 10000,
                 "currency": "TZS"},
             "refund_id": "0190a6f0-0000-7000-8000-000000000008", "status": "approved", "balance": 10000,
             "currency": "TZS"})),
        (status = 200, description = "it was asked for already", body = crate::documents::CommandAnswer,
         example = json!({"command_id": "0190a6f0-0000-7000-8000-000000000007", "outcome": "already_done", "position": 1043,
             "events": [],
             "result": {"refund_id": "0190a6f0-0000-7000-8000-000000000008", "status": "approved", "balance": 10000, "currency": "TZS"},
             "refund_id": "0190a6f0-0000-7000-8000-000000000008", "status": "approved", "balance": 10000, "currency": "TZS"})),
        (status = 400, description = "malformed"), (status = 401, description = "no good token"),
        (status = 403, description = "not for this role"), (status = 404, description = "not yours"),
        (status = 422, description = "a rule refuses"), (status = 503, description = "send the same id again"),
    ),
    security(("bearer" = ["customer", "finance", "admin"]))
)]
pub(crate) async fn post(
    api: Shared<CommandApi>,
    speaker: Identity,
    context: Context,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let command = command(json_body(&body)?, &speaker)?;
    let answer = write(&api, &speaker, &context, request.headers(), command, None).await?;
    Ok(respond(&answer, usual_status(&answer), rendered(answer.render_flat())?))
}

fn command(ask: Ask, speaker: &Identity) -> Result<(&'static str, Map<String, Value>), Problem> {
    let Ask { amount, provider, customer_id, payment_id, reason, refund_id } = ask;
    let refund_id = refund_id.map(|id| json!(id));
    let Some(payment_id) = payment_id else {
        if reason.is_some() {
            return Err(Problem::malformed("reason belongs to the refund of a payment"));
        }
        let provider = provider.ok_or_else(|| Problem::malformed("provider is missing"))?;
        let data = data([
            ("refund_id", refund_id),
            ("customer_id", Some(json!(on_behalf_of(speaker, customer_id)?))),
            ("amount", Some(json!(amount))),
            ("provider", Some(json!(provider))),
        ]);
        return Ok(("RequestDepositRefund", data));
    };
    if provider.is_some() || customer_id.is_some() {
        return Err(Problem::malformed("a payment goes back by the wallet and to the customer it came from"));
    }
    let reason = reason.ok_or_else(|| Problem::malformed("reason is missing"))?;
    let data = data([
        ("refund_id", refund_id),
        ("payment_id", Some(json!(payment_id))),
        ("amount", Some(json!(amount))),
        ("reason", Some(json!(reason))),
    ]);
    Ok(("RequestPaymentRefund", data))
}
