//! `POST /api/v1/refunds/{id}/reject`: it is not to be paid out; the money goes back.

use actix_web::web::{Bytes, Data as Shared};
use actix_web::{HttpRequest, HttpResponse};
use edge::http::Context;
use edge::{Identity, Problem};

use super::{Word, say};
use crate::CommandApi;
use crate::submit::{rendered, respond, usual_status};

/// Rejects a refund.
#[utoipa::path(
    post, path = "/api/v1/refunds/{id}/reject", tag = "refunds",
    request_body(content = Word, example = json!({"reason": "asked for by mistake"})),
    params(("id" = uuid::Uuid, Path, description = "the refund"),
           ("Idempotency-Key" = Option<uuid::Uuid>, Header, description = "the id under which it has one effect; minted if absent")),
    responses(
        (status = 201, description = "rejected", body = crate::documents::CommandAnswer,
         example = json!({"command_id": "0190a6f0-0000-7000-8000-000000000007", "outcome": "recorded", "position": 1042,
             "events": [{"type": "RefundRejected", "position": 1042}],
             "result": {"refund_id": "0190a6f0-0000-7000-8000-000000000008", "status": "rejected"},
             "refund_id": "0190a6f0-0000-7000-8000-000000000008", "status": "rejected"})),
        (status = 200, description = "it was so already", body = crate::documents::CommandAnswer,
         example = json!({"command_id": "0190a6f0-0000-7000-8000-000000000007", "outcome": "already_done", "position": 1043,
             "events": [],
             "result": {"refund_id": "0190a6f0-0000-7000-8000-000000000008", "status": "rejected"},
             "refund_id": "0190a6f0-0000-7000-8000-000000000008", "status": "rejected"})),
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
    let answer = say("RejectRefund", &api, &speaker, &context, (&request, &body)).await?;
    Ok(respond(&answer, usual_status(&answer), rendered(answer.render_flat())?))
}
