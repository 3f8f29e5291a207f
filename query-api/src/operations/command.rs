//! `GET /api/v1/commands/{id}`: the fate of a command, read on the primary.
//!
//! 404 means "not recorded up to this `Ledger-Position`". The final answer always comes from sending the same id
//! again.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse};
use edge::{
    Identity, Problem, Role,
    http::{MinPosition, path_id},
};
use ledger::{Decided, StoredCommand};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::nothing;
use crate::{
    projections,
    read::{Desk, Failure, Found, Source, answer, at},
};

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Fate {
    command_id: Uuid,
    /// `recorded` or `already_done`.
    #[schema(example = "recorded")]
    outcome: &'static str,
    /// The position of its last event; for `already_done` where the ledger stood.
    position: i64,
    /// Which read models have it.
    read_models: BTreeMap<String, bool>,
}

const fn outcome(decided: Decided) -> &'static str {
    match decided {
        Decided::Recorded => "recorded",
        Decided::AlreadyDone => "already_done",
        // A refusal leaves no row.
        Decided::Refused => "refused",
    }
}

fn last_position(command: &StoredCommand) -> i64 {
    let later = i64::from(command.event_count).saturating_sub(1).max(0);
    command.first_position.get().saturating_add(later)
}

/// The fate of a command.
#[utoipa::path(
    get, path = "/api/v1/commands/{id}", tag = "commands", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, description = "recorded or already done", body = Fate,
               example = json!({"command_id": "0190a6f0-0000-7000-8000-000000000007", "outcome": "recorded",
                   "position": 1042, "read_models": {"billing": true, "cases": true, "inventory": true, "rentals": true}})),
              (status = 401, description = "no good token"),
              (status = 404, description = "not recorded up to this Ledger-Position, or not yours")),
    security(("bearer" = ["customer", "station", "agent", "support", "finance", "analyst", "admin", "payments"]))
)]
pub(crate) async fn get(
    request: HttpRequest,
    identity: Identity,
    min: MinPosition,
) -> Result<HttpResponse, Problem> {
    nothing(&request)?;
    let id = path_id(&request, "id")?;
    let found = Desk::of(&request)?.read(min, async |desk| read(desk, id).await).await?;
    let staff = [Role::Finance, Role::Admin].contains(&identity.role);
    let (_, fate) = found
        .what
        .filter(|(actor, _)| staff || *actor == identity.actor())
        .ok_or_else(|| at(Problem::not_found("not recorded up to this Ledger-Position"), found.position))?;
    answer(found.position, &fate)
}

async fn read(desk: &Desk, id: Uuid) -> Result<Found<Option<(String, Fate)>>, Failure> {
    let primary = &desk.stacks().primary;
    let (stored, last) = primary.stored_command(id).await?;
    let fate = match stored {
        None => None,
        Some(command) => {
            let position = last_position(&command);
            let live = projections::read(primary).await?.models;
            let read_models =
                live.into_iter().map(|model| (model.name, model.position >= position)).collect();
            let fate = Fate { command_id: id, outcome: outcome(command.decided), position, read_models };
            Some((command.actor, fate))
        }
    };
    Ok(Found::of(Source::Ledger, last.get(), fate))
}
