//! The way in, of a first start as of every recovery: the tree from its tiles, and the last checkpoint held against it.

use std::collections::HashMap;

use ledger::{
    Ledger, LedgerIdentity,
    tree::{
        CheckpointKeys, CheckpointText, Growth, HEIGHT, ProveError, SignedCheckpoint, SignedNote, empty_root,
        root_from, root_nodes,
    },
};

use crate::{
    SealerError,
    building::{Building, Sealed},
};

/// The tree as far as its full tiles reach, and the last checkpoint of this epoch.
pub(crate) async fn recover(
    ledger: &Ledger,
    identity: LedgerIdentity,
    keys: &CheckpointKeys,
) -> Result<(Building, Option<SignedCheckpoint>), SealerError> {
    let last = ledger.last_signed(identity.epoch).await?;
    let sealed = match &last {
        None => Sealed { size: 0, root: empty_root(), peaks: HashMap::new() },
        Some(last) => verified(ledger, identity, keys, last).await?,
    };
    let tiled = ledger.full_tiles(identity.epoch).await? << HEIGHT;
    let edges = ledger.tree_edges(identity.epoch, tiled).await?;
    let damaged = SealerError::Altered { size: tiled, what: "the tiles do not make a tree" };
    let growth = Growth::resume(tiled, edges).ok_or(damaged)?;
    Ok((Building::new(growth, sealed), last))
}

/// The last checkpoint, once its signature, its text and its root are found to be those of tiles and events.
async fn verified(
    ledger: &Ledger,
    identity: LedgerIdentity,
    keys: &CheckpointKeys,
    last: &SignedCheckpoint,
) -> Result<Sealed, SealerError> {
    let SignedCheckpoint { size, root, .. } = *last;
    let altered = |what| SealerError::Altered { size, what };
    let expected = CheckpointText::new(identity, size, root).to_string();
    let note = SignedNote::parse(&last.note).map_err(|_| altered("its text is no signed note"))?;
    let signed = note.verify(&keys.verifiers(&CheckpointText::origin_of(identity)));
    if signed.map_err(|_| altered("no key of ours has signed it"))? != expected {
        return Err(altered("its text says something else than its row"));
    }
    // A tile or an event that is not there is as good as one that was altered.
    let peaks = match ledger.tree_nodes(identity.epoch, &root_nodes(size)).await {
        Ok(peaks) => peaks,
        Err(ProveError::Ledger(error)) => return Err(error.into()),
        Err(ProveError::Tile(_) | ProveError::Proof(_)) => {
            return Err(altered("a part of its tree is missing"));
        }
    };
    match root_from(size, &peaks) {
        Ok(found) if found == root => Ok(Sealed { size, root, peaks }),
        Ok(_) | Err(_) => Err(altered("its root is another one")),
    }
}
