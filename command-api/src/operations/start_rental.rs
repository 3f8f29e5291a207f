//! `POST /api/v1/rentals/start`: the customer of the token, or one that staff name, rents the bank in a slot.

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
use crate::answer::Answer;
use crate::submit::{rendered, respond, usual_status};

/// Which bank.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Start {
    station_id: Uuid,
    slot: u16,
    /// Whom for; staff only.
    #[serde(default)]
    customer_id: Option<Uuid>,
    /// The rental's id; minted if absent.
    #[serde(default)]
    rental_id: Option<Uuid>,
    /// Another tariff than the station's; staff only.
    #[serde(default)]
    tariff_id: Option<Uuid>,
}

/// Starts a rental.
#[utoipa::path(
    post, path = "/api/v1/rentals/start", tag = "rentals", request_body = Start,
    responses(
        (status = 201, description = "started", body = crate::documents::CommandAnswer),
        (status = 202, description = "the cabinet is asked to release the bank", body = crate::documents::CommandAnswer),
        (status = 400, description = "malformed"), (status = 401, description = "no good token"),
        (status = 403, description = "not for this role"), (status = 404, description = "no such customer, or not yours"),
        (status = 422, description = "a rule refuses"), (status = 503, description = "send the same id again"),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn post(
    api: Shared<CommandApi>,
    speaker: Identity,
    context: Context,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let start: Start = json_body(&body)?;
    let data = data([
        ("customer_id", Some(json!(on_behalf_of(&speaker, start.customer_id)?))),
        ("station_id", Some(json!(start.station_id))),
        ("slot", Some(json!(start.slot))),
        ("rental_id", start.rental_id.map(|id| json!(id))),
        ("tariff_id", start.tariff_id.map(|id| json!(id))),
    ]);
    let command = ("StartRental", data);
    let answer = write(&api, &speaker, &context, request.headers(), command, None).await?;
    Ok(respond(&answer, status(&answer), rendered(answer.render_flat())?))
}

/// 202 while the cabinet has not answered. The stored answer says so for ever, so a replay has it too.
fn status(answer: &Answer) -> StatusCode {
    match answer.result_text("status").as_deref() {
        Some("releasing") => StatusCode::ACCEPTED,
        Some(_) | None => usual_status(answer),
    }
}
