//! `GET /api/v1/ledger/proof/inclusion`: that an event is in the tree that a checkpoint has signed.

use actix_web::{HttpRequest, HttpResponse};
use edge::{
    Identity, Problem,
    http::{MinPosition, query},
};
use ledger::{Position, leaf};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    access,
    read::{Desk, answer},
    sealed::{Sealed, failed, in_hex, stored, unproved},
};

/// Which event, and in which tree.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The event's position.
    #[param(minimum = 1)]
    position: u64,
    /// How many events the tree has; without it, as many as that of the last checkpoint.
    #[param(minimum = 1)]
    size: Option<u64>,
}

/// A proof that an event is in a tree (RFC 6962, 2.1.1). Hashes are SHA-256, in hex.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InclusionProof {
    position: u64,
    size: u64,
    /// The event's leaf, from 0: its position less one.
    leaf_index: u64,
    leaf_hash: String,
    root_hash: String,
    /// The hashes beside the way from the leaf to the root, the lowest first.
    hashes: Vec<String>,
}

/// A proof that an event is in the ledger.
///
/// The leaf's hash is SHA-256 over the byte 0x00 and the event's canonical bytes, as `docs/proofs.md` lists them. Any
/// verifier of RFC 6962 can check it. What is proved stays proved: an erasure changes no event.
#[utoipa::path(
    get, path = "/api/v1/ledger/proof/inclusion", tag = "ledger", params(Input),
    responses((status = 200, description = "the proof", body = InclusionProof,
               example = json!({"position": 2, "size": 3, "leaf_index": 1,
                   "leaf_hash": "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                   "root_hash": "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                   "hashes": ["6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                       "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7"]})),
              (status = 400, description = "malformed, or no such position in a tree of that size"),
              (status = 401, description = "no good token"), (status = 403, description = "not for this role"),
              (status = 404, description = "a size that is not sealed yet")),
    security(("bearer" = ["finance", "admin"]))
)]
pub(crate) async fn get(
    request: HttpRequest,
    identity: Identity,
    min: MinPosition,
) -> Result<HttpResponse, Problem> {
    identity.must_be(access::LEDGER)?;
    let input: Input = query(&request)?;
    let desk = Desk::of(&request)?;
    let sealed = Sealed::at_least(&desk, min).await?;
    let size = sealed.size(input.size, "size")?;
    let position = Position::new(stored(input.position));
    let (ledger, epoch) = (&desk.stacks().read, sealed.identity.epoch);
    let hashes = ledger.prove_inclusion(epoch, position, size).await.map_err(unproved)?;
    let leaf_index = input.position.saturating_sub(1);
    let events = ledger.read_after(Position::new(stored(leaf_index)), 1).await.map_err(failed)?;
    let leaf_hash = events.first().map(leaf::hash).ok_or_else(Problem::internal)?;
    let root = sealed.root(&desk, size).await?;
    let proof = InclusionProof {
        position: input.position,
        size,
        leaf_index,
        leaf_hash: hex::encode(leaf_hash),
        root_hash: hex::encode(root),
        hashes: in_hex(&hashes),
    };
    answer(stored(size), &proof)
}
