//! `GET /api/v1/ledger/checkpoint/keys`: the keys that verify checkpoints, as text. Public, like what they verify.

use actix_web::{HttpRequest, HttpResponse, web};
use edge::{Problem, http::MinPosition};
use ledger::{
    LedgerIdentity, Position,
    tree::{CheckpointKeys, CheckpointText},
};

use super::nothing;
use crate::{
    read::{Desk, not_caught_up},
    sealed::{failed, text},
};

/// The keys of checkpoints.
///
/// One C2SP vkey a line: name, key hash, and the Ed25519 key. The one that signs now comes first; those that signed
/// before, and those of earlier epochs of this ledger, follow. Keep them apart from the ledger: a key that is fetched
/// together with what it verifies proves little.
#[utoipa::path(
    get, path = "/api/v1/ledger/checkpoint/keys", tag = "ledger",
    responses((status = 200, description = "a key on each line", content_type = "text/plain", body = String,
               example = "chajipoa/0190a6f0-0000-7000-8000-000000000001/1+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n"),
              (status = 400, description = "malformed"))
)]
pub(crate) async fn get(request: HttpRequest, min: MinPosition) -> Result<HttpResponse, Problem> {
    nothing(&request)?;
    let desk = Desk::of(&request)?;
    let ledger = &desk.stacks().read;
    let identity = ledger.identity().await.map_err(failed)?;
    let position = ledger.last_position().await.map_err(failed)?;
    if position < Position::new(min.0.unwrap_or(0)) {
        return Err(not_caught_up(position.get()));
    }
    let directory = desk.stacks().keys.clone();
    let keys = web::block(move || CheckpointKeys::open_or_create(&directory)).await.map_err(unreadable)?;
    let keys = keys.map_err(unreadable)?;
    let lines = (1..=identity.epoch)
        .rev()
        .flat_map(|epoch| keys.verifiers(&CheckpointText::origin_of(LedgerIdentity { epoch, ..identity })));
    let lines: String = lines.map(|key| format!("{key}\n")).collect();
    Ok(text(u64::try_from(position.get()).unwrap_or(0), lines))
}

fn unreadable(error: impl std::error::Error) -> Problem {
    tracing::error!(%error, "the keys of checkpoints cannot be read");
    Problem::internal()
}
