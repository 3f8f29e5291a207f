//! `POST /api/v1/rentals/{id}/report-lost`: the customer says that the bank is gone.

use actix_web::web::{Bytes, Data as Shared};
use actix_web::{HttpRequest, HttpResponse};
use edge::http::{Context, json_body, path_id};
use edge::{Identity, Problem};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{data, write};
use crate::CommandApi;
use crate::submit::{rendered, respond, usual_status};

/// What happened.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lost {
    /// In the customer's words; kept sealed.
    #[serde(default)]
    reason: Option<String>,
}

/// Reports a bank lost.
#[utoipa::path(
    post, path = "/api/v1/rentals/{id}/report-lost", tag = "rentals",
    request_body(content = Lost, example = json!({"reason": "left in a bus"})),
    params(("id" = uuid::Uuid, Path, description = "the rental"),
           ("Idempotency-Key" = Option<uuid::Uuid>, Header, description = "the id under which it has one effect; minted if absent")),
    responses(
        (status = 201, description = "billed as sold", body = crate::documents::CommandAnswer,
         example = json!({"command_id": "0190a6f0-0000-7000-8000-000000000007", "outcome": "recorded", "position": 1042,
             "events": [{"type": "RentalSold", "position": 1042}], "result": {"charge": {"total": 46000,
             "usage": 1000, "late": 0, "replacement": 45000, "vat": 7017}, "balance": 0, "debt": 26000},
             "charge": {"total": 46000, "usage": 1000, "late": 0, "replacement": 45000, "vat": 7017},
             "balance": 0, "debt": 26000})),
        (status = 200, description = "it was sold already", body = crate::documents::CommandAnswer,
         example = json!({"command_id": "0190a6f0-0000-7000-8000-000000000007", "outcome": "already_done", "position": 1042,
             "events": [], "result": {"charge": {"total": 46000, "usage": 1000, "late": 0, "replacement": 45000,
             "vat": 7017}, "balance": 0, "debt": 26000}, "charge": {"total": 46000, "usage": 1000, "late": 0,
             "replacement": 45000, "vat": 7017}, "balance": 0, "debt": 26000})),
        (status = 400, description = "malformed"), (status = 401, description = "no good token"),
        (status = 403, description = "not for this role"), (status = 404, description = "not there, or not yours"),
        (status = 422, description = "a rule refuses"), (status = 503, description = "send the same id again"),
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
    let rental = path_id(&request, "id")?;
    let lost: Lost = json_body(&body)?;
    let data =
        data([("rental_id", Some(json!(rental))), ("reason", lost.reason.map(|reason| json!(reason)))]);
    let command = ("ReportLost", data);
    let answer = write(&api, &speaker, &context, request.headers(), command, Some(rental)).await?;
    Ok(respond(&answer, usual_status(&answer), rendered(answer.render_flat())?))
}
