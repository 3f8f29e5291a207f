//! `POST /api/v1/rentals/start`: the customer of the token, or one that staff name, rents the bank in a slot.

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
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
use crate::slot_code::{BadCode, SlotCode};
use crate::submit::{command_id, rendered, respond, usual_status};

/// Which bank: the scanned code of a slot, or a station and a slot.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Start {
    /// The code on the slot's display, alone or as the URL that was scanned.
    #[serde(default)]
    qr: Option<String>,
    #[serde(default)]
    station_id: Option<Uuid>,
    #[serde(default)]
    slot: Option<u16>,
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
    post, path = "/api/v1/rentals/start", tag = "rentals",
    request_body(content = Start, example = json!({"station_id": "0190a6f0-0000-7000-8000-000000000001", "slot": 1})),
    params(("Idempotency-Key" = Option<uuid::Uuid>, Header, description = "the id under which it has one effect; minted if absent")),
    responses(
        (status = 201, description = "started", body = crate::documents::CommandAnswer,
         example = json!({"command_id": "0190a6f0-0000-7000-8000-000000000007", "outcome": "recorded", "position": 1042,
             "events": [{"type": "RentalStarted", "position": 1042}],
             "result": {"rental_id": "0190a6f0-0000-7000-8000-000000000003", "status": "active",
             "device_id": "0190a6f0-0000-7000-8000-000000000002", "started_at": "2026-01-15T08:30:00Z",
             "due_at": "2026-01-16T08:30:00Z"}, "rental_id": "0190a6f0-0000-7000-8000-000000000003",
             "status": "active", "device_id": "0190a6f0-0000-7000-8000-000000000002",
             "started_at": "2026-01-15T08:30:00Z", "due_at": "2026-01-16T08:30:00Z"})),
        (status = 200, description = "it was started before, under another id of the command", body = crate::documents::CommandAnswer,
         example = json!({"command_id": "0190a6f0-0000-7000-8000-000000000007", "outcome": "already_done", "position": 1042,
             "events": [], "result": {"rental_id": "0190a6f0-0000-7000-8000-000000000003", "status": "active"},
             "rental_id": "0190a6f0-0000-7000-8000-000000000003", "status": "active"})),
        (status = 202, description = "the cabinet is asked to release the bank", body = crate::documents::CommandAnswer,
         example = json!({"command_id": "0190a6f0-0000-7000-8000-000000000007", "outcome": "recorded", "position": 1042,
             "events": [{"type": "RentalRequested", "position": 1042}],
             "result": {"rental_id": "0190a6f0-0000-7000-8000-000000000003", "status": "releasing",
             "device_id": "0190a6f0-0000-7000-8000-000000000002"},
             "rental_id": "0190a6f0-0000-7000-8000-000000000003", "status": "releasing",
             "device_id": "0190a6f0-0000-7000-8000-000000000002"})),
        (status = 400, description = "malformed"), (status = 401, description = "no good token"),
        (status = 403, description = "not for this role"), (status = 404, description = "no such customer, or not yours"),
        (status = 422, description = "a rule refuses; qr_expired, qr_altered, qr_foreign"), (status = 503, description = "send the same id again"),
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
    let start: Start = json_body(&body)?;
    let customer_id = on_behalf_of(&speaker, start.customer_id)?;
    let (station_id, slot) = start.place(&api, request.headers()).await?;
    let data = data([
        ("customer_id", Some(json!(customer_id))),
        ("station_id", Some(json!(station_id))),
        ("slot", Some(json!(slot))),
        ("rental_id", start.rental_id.map(|id| json!(id))),
        ("tariff_id", start.tariff_id.map(|id| json!(id))),
    ]);
    let command = ("StartRental", data);
    let answer = write(&api, &speaker, &context, request.headers(), command, None).await?;
    Ok(respond(&answer, status(&answer), rendered(answer.render_flat())?))
}

impl Start {
    /// The slot that is meant.
    async fn place(&self, api: &CommandApi, headers: &HeaderMap) -> Result<(Uuid, u16), Problem> {
        match (&self.qr, self.station_id, self.slot) {
            (None, Some(station), Some(slot)) => Ok((station, slot)),
            (Some(scanned), None, None) => {
                let code = SlotCode::read(scanned, &api.sealer().keys()).map_err(refused)?;
                still_holds(&code, api, headers).await?;
                Ok((code.station, code.slot))
            }
            _ => Err(Problem::malformed("give qr, or station_id and slot")),
        }
    }
}

/// A code that has ended starts nothing. A request that was answered before is answered the same again all the same.
async fn still_holds(code: &SlotCode, api: &CommandApi, headers: &HeaderMap) -> Result<(), Problem> {
    if api.clock().now() < code.expires_at {
        return Ok(());
    }
    match command_id(headers, None)? {
        Some(id) if api.present().is_known(id).await? => Ok(()),
        Some(_) | None => {
            Err(refusal_of("qr_expired", "This code has ended; scan the one on the display now"))
        }
    }
}

fn refused(bad: BadCode) -> Problem {
    match bad {
        BadCode::Foreign => refusal_of("qr_foreign", "This is not the code of a slot of ours"),
        BadCode::Altered => refusal_of("qr_altered", "This code was altered, or was not made by us"),
    }
}

fn refusal_of(code: &'static str, detail: &'static str) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
}

/// 202 while the cabinet has not answered. The stored answer says so for ever, so a replay has it too.
fn status(answer: &Answer) -> StatusCode {
    match answer.result_text("status").as_deref() {
        Some("releasing") => StatusCode::ACCEPTED,
        Some(_) | None => usual_status(answer),
    }
}
