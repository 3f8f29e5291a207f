//! `GET /api/v1/ledger/proof/consistency`: that the ledger only grew between two checkpoints.

use actix_web::{HttpRequest, HttpResponse};
use edge::{
    Identity, Problem,
    http::{MinPosition, query},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    access,
    read::{Desk, answer},
    sealed::{Sealed, in_hex, stored, unproved},
};

/// From which tree to which.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// How many events the older tree has.
    #[param(minimum = 1)]
    from: u64,
    /// How many the newer one has; without it, as many as that of the last checkpoint.
    #[param(minimum = 1)]
    to: Option<u64>,
}

/// A proof that a tree begins with an older one (RFC 6962, 2.1.2). Hashes are SHA-256, in hex.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConsistencyProof {
    from: u64,
    to: u64,
    from_root: String,
    to_root: String,
    /// Empty where the two are one.
    hashes: Vec<String>,
}

/// A proof that the ledger only grew.
#[utoipa::path(
    get, path = "/api/v1/ledger/proof/consistency", tag = "ledger", params(Input),
    responses((status = 200, description = "the proof", body = ConsistencyProof,
               example = json!({"from": 2, "to": 3,
                   "from_root": "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                   "to_root": "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                   "hashes": ["0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7"]})),
              (status = 400, description = "malformed, or from is not 1 to to"),
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
    let to = sealed.size(input.to, "to")?;
    let from = sealed.size(Some(input.from), "from")?;
    let ledger = &desk.stacks().read;
    let hashes = ledger.prove_consistency(sealed.identity.epoch, from, to).await.map_err(unproved)?;
    let (from_root, to_root) = (sealed.root(&desk, from).await?, sealed.root(&desk, to).await?);
    let proof = ConsistencyProof {
        from,
        to,
        from_root: hex::encode(from_root),
        to_root: hex::encode(to_root),
        hashes: in_hex(&hashes),
    };
    answer(stored(to), &proof)
}
