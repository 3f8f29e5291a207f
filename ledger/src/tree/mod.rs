//! The Merkle tree over the ledger (RFC 6962), mostly as pure functions: hashes, the growing tree, proofs and what they
//! prove, and the signed text of a checkpoint (C2SP tlog-checkpoint).
//!
//! The event at position p is leaf p − 1; its hash is [`crate::leaf::hash`], whose bytes are documented there. The
//! database holds the tree as tiles ([`Tile`]): full ones only, what lies right of them follows from the events.
//!
//! Nothing here does input or output, but for the files of the signing keys ([`CheckpointKeys`]) and what reads proofs
//! from the tables (`store`). What keeps I11 is the sealer; what is here decides whether two trees contradict each
//! other.

mod checkpoint;
mod frontier;
mod growth;
mod keys;
mod node;
mod note;
mod proof;
mod store;
mod tile;
mod verify;

#[cfg(test)]
mod tests;

pub use checkpoint::{CheckpointText, TextError};
pub use frontier::Frontier;
pub use growth::Growth;
pub use keys::CheckpointKeys;
pub use node::{Hash, NodeId, NodeSource, Span, empty_root, node_hash, root_of};
pub use note::{NoteError, SignedNote, Signer, VerifierKey};
pub use proof::{
    ProofError, consistency_nodes, consistency_proof, inclusion_nodes, inclusion_proof, root_from, root_nodes,
};
pub use store::{ProveError, SignedCheckpoint};
pub use tile::{HEIGHT, Tile, TileId, WIDTH};
pub use verify::{Disproof, verify_consistency, verify_inclusion};
