//! `POST /api/v1/refunds/{id}/approve`: the second person says yes.

use actix_web::web::{Bytes, Data as Shared};
use actix_web::{HttpRequest, HttpResponse};
use edge::http::Context;
use edge::{Identity, Problem};

use super::{Word, say};
use crate::CommandApi;
use crate::submit::{rendered, respond, usual_status};

/// Approves a refund.
#[utoipa::path(
    post, path = "/api/v1/refunds/{id}/approve", tag = "refunds",
    request_body(content = Word, example = json!({"reason": "looked at the account"})),
    params(("id" = uuid::Uuid, Path, description = "the refund"),
           ("Idempotency-Key" = Option<uuid::Uuid>, Header, description = "the id under which it has one effect; minted if absent")),
    responses(
        (status = 201, description = "approved, or rejected because the customer has a rental or a debt by now", body = crate::documents::CommandAnswer,
         example = json!({"command_id": "0190a6f0-0000-7000-8000-000000000007", "outcome": "recorded", "position": 1042,
             "events": [{"type": "RefundApproved", "position": 1042}],
             "result": {"refund_id": "0190a6f0-0000-7000-8000-000000000008", "status": "approved"},
             "refund_id": "0190a6f0-0000-7000-8000-000000000008", "status": "approved"})),
        (status = 200, description = "it was so already", body = crate::documents::CommandAnswer,
         example = json!({"command_id": "0190a6f0-0000-7000-8000-000000000007", "outcome": "already_done", "position": 1043,
             "events": [],
             "result": {"refund_id": "0190a6f0-0000-7000-8000-000000000008", "status": "approved"},
             "refund_id": "0190a6f0-0000-7000-8000-000000000008", "status": "approved"})),
        (status = 400, description = "malformed"), (status = 401, description = "no good token"),
        (status = 403, description = "not for this role"), (status = 404, description = "no such refund"),
        (status = 422, description = "a rule refuses"), (status = 503, description = "send the same id again"),
    ),
    security(("bearer" = ["finance", "admin"]))
)]
pub(crate) async fn post(
    api: Shared<CommandApi>,
    speaker: Identity,
    context: Context,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let answer = say("ApproveRefund", &api, &speaker, &context, (&request, &body)).await?;
    Ok(respond(&answer, usual_status(&answer), rendered(answer.render_flat())?))
}
