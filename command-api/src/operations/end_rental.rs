//! `POST /api/v1/rentals/{id}/end`: for agents and stations a DeviceReturned of the rental's bank; for a
//! customer the question whether it has ended, because only a docked bank ends a rental.

use actix_web::web::{Bytes, Data as Shared};
use actix_web::{HttpRequest, HttpResponse};
use domain::Rejection;
use domain::rental::{Outcome, Rental, Stage};
use edge::http::{Context, json_body, ledger_position, path_id};
use edge::{Identity, Problem, Role};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{data, write};
use crate::CommandApi;
use crate::refusal;
use crate::submit::{rendered, respond, usual_status};

/// Where the bank is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct End {
    #[serde(default)]
    station_id: Option<Uuid>,
    #[serde(default)]
    slot: Option<u16>,
}

/// Ends a rental.
#[utoipa::path(
    post, path = "/api/v1/rentals/{id}/end", tag = "rentals",
    request_body(content = End, example = json!({"station_id": "0190a6f0-0000-7000-8000-000000000001", "slot": 2})),
    params(("id" = Uuid, Path, description = "the rental"),
           ("Idempotency-Key" = Option<uuid::Uuid>, Header, description = "the id under which it has one effect; minted if absent")),
    responses(
        (status = 201, description = "the return is recorded (agents, stations)", body = crate::documents::CommandAnswer,
         example = json!({"command_id": "0190a6f0-0000-7000-8000-000000000007", "outcome": "recorded", "position": 1042,
             "events": [{"type": "RentalEnded", "position": 1042}],
             "result": {"rental_id": "0190a6f0-0000-7000-8000-000000000003", "status": "ended",
             "ended_at": "2026-01-15T09:10:00Z", "charge": {"total": 1000, "usage": 1000, "late": 0,
             "replacement": 0, "vat": 153}, "balance": 18000, "debt": 0},
             "rental_id": "0190a6f0-0000-7000-8000-000000000003", "status": "ended",
             "ended_at": "2026-01-15T09:10:00Z", "charge": {"total": 1000, "usage": 1000, "late": 0,
             "replacement": 0, "vat": 153}, "balance": 18000, "debt": 0})),
        (status = 200, description = "it has ended, or the return was known already", body = crate::documents::EndedRental,
         example = json!({"rental_id": "0190a6f0-0000-7000-8000-000000000003", "status": "ended",
             "started_at": "2026-01-15T08:30:00Z", "due_at": "2026-01-16T08:30:00Z",
             "ended_at": "2026-01-15T09:10:00Z", "charge": {"total": 1000, "usage": 1000, "late": 0,
             "replacement": 0, "vat": 153}})),
        (status = 400, description = "malformed"), (status = 401, description = "no good token"),
        (status = 403, description = "not for this role"), (status = 404, description = "not there, or not yours"),
        (status = 409, description = "device_not_docked: put the bank into a station first"),
        (status = 422, description = "a rule refuses"), (status = 503, description = "send the same id again"),
    ),
    security(("bearer" = ["customer", "station", "agent", "admin"]))
)]
pub(crate) async fn post(
    api: Shared<CommandApi>,
    speaker: Identity,
    context: Context,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    speaker.must_be(&[Role::Customer, Role::Agent, Role::Station, Role::Admin])?;
    let id = path_id(&request, "id")?;
    let end: End = json_body(&body)?;
    // Read first: the state is at least as new as this position.
    let position = api.present().position().await?;
    let rental = api.present().rental(id).await?;
    let unknown = || refusal::problem(&Rejection::RentalUnknown { rental_id: id }, &speaker, Some(id));
    let rental = rental.ok_or_else(unknown)?;
    if speaker.role == Role::Customer {
        if rental.customer_id.0 != speaker.subject {
            return Err(unknown());
        }
        let body = ended(&rental).ok_or_else(|| not_docked(&rental, &speaker))?;
        return Ok(HttpResponse::Ok().insert_header(ledger_position(position.get())).json(body));
    }
    let (Some(station), Some(slot)) = (end.station_id, end.slot) else {
        return Err(Problem::malformed("station_id and slot are needed"));
    };
    let data = data([
        ("device_id", Some(json!(rental.device_id))),
        ("station_id", Some(json!(station))),
        ("slot", Some(json!(slot))),
    ]);
    let command = ("DeviceReturned", data);
    let answer = write(&api, &speaker, &context, request.headers(), command, Some(id)).await?;
    Ok(respond(&answer, usual_status(&answer), rendered(answer.render_flat())?))
}

/// What a rental that is over came to; `None` while it is open.
fn ended(rental: &Rental) -> Option<Value> {
    let (ended_at, charge) = match &rental.stage {
        Stage::Releasing { .. } | Stage::Running { .. } => return None,
        Stage::Cancelled { .. } => (None, None),
        Stage::Closed { outcome, whole, .. } => {
            let at = match outcome {
                Outcome::Ended { at } | Outcome::Sold { at, .. } | Outcome::Recovered { at, .. } => *at,
            };
            (Some(at), Some(whole))
        }
    };
    Some(json!({
        "rental_id": rental.id,
        "status": rental.status(),
        "started_at": rental.meter().map(|meter| meter.started_at),
        "due_at": rental.meter().map(|meter| meter.due_at),
        "ended_at": ended_at,
        "charge": charge,
    }))
}

fn not_docked(rental: &Rental, speaker: &Identity) -> Problem {
    let rejection = Rejection::DeviceNotDocked { rental_id: rental.id.0, rental_status: rental.status() };
    refusal::problem(&rejection, speaker, None)
}
