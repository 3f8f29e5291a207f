//! `GET /api/v1/ledger/checkpoint`: a signed checkpoint, as text. Public: whoever keeps one can hold the ledger to it.

use actix_web::{HttpRequest, HttpResponse};
use edge::{
    Problem,
    http::{MinPosition, query},
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    read::Desk,
    sealed::{Sealed, failed, text},
};

/// Which checkpoint.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The first one whose tree has this position; without it, the last one.
    #[param(minimum = 1)]
    position: Option<u64>,
}

/// A signed checkpoint.
///
/// C2SP tlog-checkpoint: origin, size and root of the Merkle tree (RFC 6962) over the events, signed with Ed25519. The
/// event at position p is leaf p − 1. The last checkpoint is at most a second or 1,000 events behind what is recorded;
/// `Ledger-Min-Position` waits for one that covers a position.
#[utoipa::path(
    get, path = "/api/v1/ledger/checkpoint", tag = "ledger", params(Input),
    responses((status = 200, description = "the signed text", content_type = "text/plain", body = String,
               example = "chajipoa/0190a6f0-0000-7000-8000-000000000001/1\n1042\n\
                   47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\
                   — chajipoa/0190a6f0-0000-7000-8000-000000000001/1 \
                   x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"),
              (status = 400, description = "malformed"), (status = 404, description = "not sealed yet"))
)]
pub(crate) async fn get(request: HttpRequest, min: MinPosition) -> Result<HttpResponse, Problem> {
    let input: Input = query(&request)?;
    let desk = Desk::of(&request)?;
    let sealed = Sealed::at_least(&desk, min).await?;
    let Some(position) = input.position else { return Ok(text(sealed.last.size, sealed.last.note)) };
    let size = sealed.size(Some(position), "position")?.max(u64::try_from(min.0.unwrap_or(0)).unwrap_or(0));
    let ledger = &desk.stacks().read;
    let first = ledger.first_signed_from(sealed.identity.epoch, size).await.map_err(failed)?;
    let checkpoint = first.unwrap_or(sealed.last);
    Ok(text(checkpoint.size, checkpoint.note))
}
