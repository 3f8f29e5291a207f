//! `POST /api/v1/devices/{id}/maintenance`: what was done to a bank by hand. The log keeps who did it and what it
//! cost; taking a bank out of service and putting it back are commands, sent first, so that nothing is logged that a
//! rule refused.
//!
//! The line's id is the `Idempotency-Key`, and that of its command too: the same request again has one effect.

use actix_web::web::{Bytes, Data as Shared};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use domain::values::{Percent, Reason};
use domain::{Rejection, timing};
use edge::http::{Context, json_body, ledger_position, path_id};
use edge::{Identity, Problem, Role};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::data;
use crate::CommandApi;
use crate::cabinet::store::Maintenance;
use crate::present::away;
use crate::refusal;
use crate::submit::{Asked, Data, answered, command_id, moment_of};

/// The costliest thing that can be done to a bank: what is above it is a slip of the finger.
const LARGEST_COST: i64 = 100_000_000;

/// Whether the bank is taken out of service, put back, or only something noted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MaintenanceAction)]
pub(crate) enum Action {
    Start,
    Complete,
    #[default]
    Note,
}

impl Action {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Complete => "complete",
            Self::Note => "note",
        }
    }

    const fn command(self) -> Option<&'static str> {
        match self {
            Self::Start => Some("StartMaintenance"),
            Self::Complete => Some("CompleteMaintenance"),
            Self::Note => None,
        }
    }
}

/// What was done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MaintenanceNote)]
pub(crate) struct Done {
    /// In a few words, up to 200 characters.
    what: String,
    /// What it cost, in whole shillings (TZS).
    #[serde(default)]
    cost: Option<i64>,
    /// When; the arrival if absent.
    #[serde(default)]
    #[schema(format = DateTime)]
    done_at: Option<String>,
    #[serde(default)]
    action: Action,
    /// How full the battery is.
    #[serde(default)]
    battery_percent: Option<i64>,
}

/// A line of the log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MaintenanceNoted)]
pub(crate) struct Logged {
    maintenance_id: Uuid,
    device_id: Uuid,
    action: String,
    what: String,
    cost: Option<i64>,
    currency: &'static str,
    battery_percent: Option<i16>,
    done_at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
}

/// The request, checked.
struct Checked {
    what: Reason,
    cost: Option<i64>,
    stated: Option<DateTime<Utc>>,
    action: Action,
    battery: Option<Percent>,
}

/// Notes what was done to a bank.
#[utoipa::path(
    post, path = "/api/v1/devices/{id}/maintenance", tag = "stations",
    request_body(content = Done, example = json!({"what": "new cable", "cost": 3500, "action": "complete", "battery_percent": 96})),
    params(("id" = Uuid, Path, description = "the bank"),
           ("Idempotency-Key" = Option<Uuid>, Header, description = "the line's id, and its command's")),
    responses(
        (status = 201, description = "noted, and the command recorded or already done", body = Logged,
         example = json!({"maintenance_id": "019caddb-7800-7a2b-9c3d-4e5f60718293",
            "device_id": "019c0000-0000-7000-8000-000000000001", "action": "complete", "what": "new cable", "cost": 3500,
            "currency": "TZS", "battery_percent": 96, "done_at": "2026-03-02T06:00:00Z", "recorded_at": "2026-03-02T06:00:00Z"})),
        (status = 400, description = "malformed"), (status = 401, description = "no good token"),
        (status = 403, description = "not for this role"), (status = 404, description = "no such bank"),
        (status = 409, description = "idempotency_key_reused, concurrent_update"),
        (status = 422, description = "a rule refuses; nothing is noted"),
        (status = 503, description = "unavailable, outcome_unknown: send the same again"),
    ),
    security(("bearer" = ["agent", "admin"]))
)]
pub(crate) async fn post(
    api: Shared<CommandApi>,
    speaker: Identity,
    context: Context,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let device_id = path_id(&request, "id")?;
    speaker.must_be(&[Role::Agent, Role::Admin])?;
    let done = check(json_body(&body)?)?;
    let id = command_id(request.headers(), None)?.unwrap_or_else(|| api.clock().id());
    if api.present().device(device_id).await?.is_none() {
        return Err(Problem::not_found("there is no such bank"));
    }
    let known = api.cabinets().maintenance(id).await.map_err(|error| away(&error))?;
    if let Some(known) = known {
        return again(&api, known, &line(id, device_id, &done, &speaker, api.clock().now()), &done).await;
    }
    let line = line(id, device_id, &done, &speaker, api.clock().now());
    if line.done_at > timing::plus(line.recorded_at, timing::AHEAD) {
        let ahead = Rejection::OccurredAtInFuture { occurred_at: line.done_at, now: line.recorded_at };
        return Err(refusal::problem(&ahead, &speaker, None));
    }
    send(&api, &speaker, &context, (id, device_id, &done)).await?;
    let added = api.cabinets().add_maintenance(&line).await.map_err(|error| away(&error))?;
    if added {
        return answer(&api, line, false).await;
    }
    let known = api.cabinets().maintenance(id).await.map_err(|error| away(&error))?;
    again(&api, known.unwrap_or_else(|| line.clone()), &line, &done).await
}

fn check(done: Done) -> Result<Checked, Problem> {
    let wrong = |what: &'static str| Problem::malformed(what);
    let what = Reason::parse(&done.what).filter(|what| !what.as_str().trim().is_empty());
    let what = what.ok_or_else(|| wrong("what is 1 to 200 printable characters"))?;
    if done.cost.is_some_and(|cost| !(0..=LARGEST_COST).contains(&cost)) {
        return Err(wrong("cost is 0 to 100000000 whole shillings"));
    }
    let percent = |percent: i64| u8::try_from(percent).ok().and_then(Percent::new);
    let battery = done.battery_percent.map(|read| percent(read).ok_or("battery_percent is 0 to 100"));
    let stated = done.done_at.as_deref().map(|at| moment_of("done_at", at)).transpose()?;
    Ok(Checked {
        what,
        cost: done.cost,
        stated: stated.map(timing::to_micros),
        action: done.action,
        battery: battery.transpose().map_err(wrong)?,
    })
}

fn line(id: Uuid, device_id: Uuid, done: &Checked, speaker: &Identity, now: DateTime<Utc>) -> Maintenance {
    Maintenance {
        maintenance_id: id,
        device_id,
        done_at: done.stated.unwrap_or(now),
        recorded_at: now,
        action: done.action.as_str().to_owned(),
        what: done.what.as_str().to_owned(),
        cost: done.cost,
        battery_percent: done.battery.map(|percent| i16::from(percent.get())),
        actor: speaker.actor(),
    }
}

/// The command that goes with it, if one does.
async fn send(
    api: &CommandApi,
    speaker: &Identity,
    context: &Context,
    (id, device_id, done): (Uuid, Uuid, &Checked),
) -> Result<(), Problem> {
    let Some(kind) = done.action.command() else { return Ok(()) };
    let battery = done.battery.filter(|_| done.action == Action::Complete);
    let data = data([
        ("device_id", Some(json!(device_id))),
        ("reason", Some(json!(done.what))),
        ("battery_percent", battery.map(|percent| json!(percent))),
    ]);
    let occurred_at = done.stated.map(|at| at.to_rfc3339().into());
    let asked = Asked { id: Some(id), kind: kind.into(), occurred_at, data: Data::Made(data) };
    answered(api.submit(speaker, context, asked).await?, speaker, Some(device_id)).map(drop)
}

/// A line of this id is there: the same again, or another.
async fn again(
    api: &CommandApi,
    known: Maintenance,
    asked: &Maintenance,
    done: &Checked,
) -> Result<HttpResponse, Problem> {
    let mut same = asked.clone();
    same.recorded_at = known.recorded_at;
    if done.stated.is_none() {
        same.done_at = known.done_at;
    }
    if same != known {
        return Err(Problem::conflict("idempotency_key_reused", "this id was used for another request"));
    }
    answer(api, known, true).await
}

async fn answer(api: &CommandApi, line: Maintenance, replay: bool) -> Result<HttpResponse, Problem> {
    let position = api.present().position().await?;
    let mut response = HttpResponse::Created();
    response.insert_header(ledger_position(position.get()));
    if replay {
        response.insert_header(("Idempotent-Replay", "true"));
    }
    let Maintenance {
        maintenance_id,
        device_id,
        done_at,
        recorded_at,
        action,
        what,
        cost,
        battery_percent,
        actor: _,
    } = line;
    let logged = Logged {
        maintenance_id,
        device_id,
        action,
        what,
        cost,
        currency: "TZS",
        battery_percent,
        done_at,
        recorded_at,
    };
    Ok(response.json(logged))
}
