//! `POST /api/v1/rentals/{id}/extend`: moves the due time.

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

/// By how much.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Extend {
    /// Minutes, at least one.
    minutes: i64,
}

/// Extends a rental.
#[utoipa::path(
    post, path = "/api/v1/rentals/{id}/extend", tag = "rentals",
    request_body(content = Extend, example = json!({"minutes": 120})),
    params(("id" = uuid::Uuid, Path, description = "the rental"),
           ("Idempotency-Key" = Option<uuid::Uuid>, Header, description = "the id under which it has one effect; minted if absent")),
    responses(
        (status = 201, description = "extended", body = crate::documents::CommandAnswer,
         example = json!({"command_id": "0190a6f0-0000-7000-8000-000000000007", "outcome": "recorded", "position": 1042,
             "events": [{"type": "RentalExtended", "position": 1042}],
             "result": {"due_at": "2026-01-16T10:30:00Z"}, "due_at": "2026-01-16T10:30:00Z"})),
        (status = 400, description = "malformed"), (status = 401, description = "no good token"),
        (status = 403, description = "not for this role"), (status = 404, description = "not there, or not yours"),
        (status = 422, description = "a rule refuses"), (status = 503, description = "send the same id again"),
    ),
    security(("bearer" = ["customer", "agent", "support", "admin"]))
)]
pub(crate) async fn post(
    api: Shared<CommandApi>,
    speaker: Identity,
    context: Context,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let rental = path_id(&request, "id")?;
    let extend: Extend = json_body(&body)?;
    let data = data([("rental_id", Some(json!(rental))), ("minutes", Some(json!(extend.minutes)))]);
    let command = ("ExtendRental", data);
    let answer = write(&api, &speaker, &context, request.headers(), command, Some(rental)).await?;
    Ok(respond(&answer, usual_status(&answer), rendered(answer.render_flat())?))
}
