//! `POST /api/v1/commands`: any command, one at a time.

use std::borrow::Cow;

use actix_web::web::{Bytes, Data as Shared};
use actix_web::{HttpRequest, HttpResponse};
use edge::http::{Context, json_body};
use edge::{Identity, Problem};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::CommandApi;
use crate::submit::{Asked, Data, answered, command_id, rendered, respond, usual_status};

/// A command as it is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Envelope<'a> {
    /// The id under which it has one effect; minted if absent.
    #[serde(default)]
    pub(crate) command_id: Option<Uuid>,
    /// Its name.
    #[serde(rename = "type", borrow)]
    #[schema(example = "StartRental")]
    pub(crate) kind: Cow<'a, str>,
    /// When it happened, where the role may say so.
    #[serde(default, borrow)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) occurred_at: Option<Cow<'a, str>>,
    /// Its data, by type.
    #[serde(borrow)]
    #[schema(value_type = Object)]
    pub(crate) data: &'a RawValue,
}

impl<'a> Envelope<'a> {
    pub(crate) fn asked(self, id: Option<Uuid>) -> Asked<'a> {
        Asked { id, kind: self.kind, occurred_at: self.occurred_at, data: Data::Sent(self.data) }
    }
}

/// Records a command.
#[utoipa::path(
    post, path = "/api/v1/commands", tag = "commands",
    request_body(content = Envelope, example = json!({"command_id": "0190a6f0-0000-7000-8000-000000000007", "type": "StartRental",
        "data": {"customer_id": "0190a6f0-0000-7000-8000-000000000004",
        "station_id": "0190a6f0-0000-7000-8000-000000000001", "slot": 1}})),
    params(("Idempotency-Key" = Option<Uuid>, Header, description = "the command's id, in place of command_id")),
    responses(
        (status = 201, description = "recorded", body = crate::documents::CommandAnswer,
         example = json!({"command_id": "0190a6f0-0000-7000-8000-000000000007", "outcome": "recorded", "position": 1042,
             "events": [{"type": "RentalStarted", "position": 1042}],
             "result": {"rental_id": "0190a6f0-0000-7000-8000-000000000003", "status": "active",
             "device_id": "0190a6f0-0000-7000-8000-000000000002", "started_at": "2026-01-15T08:30:00Z",
             "due_at": "2026-01-16T08:30:00Z"}})),
        (status = 200, description = "already as asked, or a replay of such an answer", body = crate::documents::CommandAnswer,
         example = json!({"command_id": "0190a6f0-0000-7000-8000-000000000007", "outcome": "already_done", "position": 1042,
             "events": [], "result": {"rental_id": "0190a6f0-0000-7000-8000-000000000003", "status": "active",
             "device_id": "0190a6f0-0000-7000-8000-000000000002", "started_at": "2026-01-15T08:30:00Z",
             "due_at": "2026-01-16T08:30:00Z"}})),
        (status = 400, description = "malformed"), (status = 401, description = "no good token"),
        (status = 403, description = "not for this role"), (status = 404, description = "not there, or not yours"),
        (status = 409, description = "idempotency_key_reused, concurrent_update"),
        (status = 422, description = "a rule refuses; the facts stand beside the code"),
        (status = 503, description = "overloaded, unavailable, outcome_unknown: send the same id again"),
    ),
    security(("bearer" = ["customer", "station", "agent", "support", "finance", "admin", "payments", "system"]))
)]
pub(crate) async fn post(
    api: Shared<CommandApi>,
    speaker: Identity,
    context: Context,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let envelope: Envelope<'_> = json_body(&body)?;
    let id = command_id(request.headers(), envelope.command_id)?;
    let outcome = api.submit(&speaker, &context, envelope.asked(id)).await?;
    let answer = answered(outcome, &speaker, None)?;
    Ok(respond(&answer, usual_status(&answer), rendered(answer.render())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_is_read_strictly() {
        let good = br#"{"type":"MarkOverdue","occurred_at":null,"data":{"rental_id":"x"}}"#;
        let envelope: Envelope<'_> = json_body(good).unwrap();
        assert_eq!((envelope.kind.as_ref(), envelope.data.get()), ("MarkOverdue", r#"{"rental_id":"x"}"#));
        for bad in [
            r#"{"type":"MarkOverdue"}"#,
            r#"{"data":{}}"#,
            r#"{"type":"MarkOverdue","data":{},"colour":"red"}"#,
            r#"{"type":"MarkOverdue","data":{},"data":{}}"#,
            r#"{"type":7,"data":{}}"#,
            r#"{"type":"MarkOverdue","data":{},"command_id":"7"}"#,
            "[]",
            "",
        ] {
            assert_eq!(json_body::<Envelope<'_>>(bad.as_bytes()).unwrap_err().code(), "malformed", "{bad}");
        }
    }
}
