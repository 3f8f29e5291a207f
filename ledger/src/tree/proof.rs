//! Making proofs (RFC 6962, 2.1.1 and 2.1.2): which subtrees one consists of, and their hashes.
//!
//! Where nodes have to be fetched first, `*_nodes` says which ones; the proof itself never waits.

use super::node::{Hash, NodeId, NodeSource, Span};

/// Why a proof cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The tree has no such leaf.
    #[error("a tree of {size} leaves has no leaf {index}")]
    NoSuchLeaf {
        /// The leaf that was asked for, from 0.
        index: u64,
        /// The leaves of the tree.
        size: u64,
    },
    /// The older tree is empty, or larger than the newer one.
    #[error("no tree of {from} leaves grows into one of {to}")]
    NoSuchGrowth {
        /// The older tree's leaves.
        from: u64,
        /// The newer one's.
        to: u64,
    },
    /// A node was not at hand.
    #[error("node {} of level {} is not at hand", .0.index, .0.level)]
    Missing(NodeId),
}

/// The proof that leaf `index` is in the tree of `size` leaves: the hashes beside its way to the root, the lowest
/// first.
///
/// # Errors
/// There is no such leaf, or a node is not at hand.
pub fn inclusion_proof(index: u64, size: u64, source: &impl NodeSource) -> Result<Vec<Hash>, ProofError> {
    hashes(&inclusion_spans(index, size)?, source)
}

/// The nodes that [`inclusion_proof`] will ask for.
///
/// # Errors
/// There is no such leaf.
pub fn inclusion_nodes(index: u64, size: u64) -> Result<Vec<NodeId>, ProofError> {
    Ok(inclusion_spans(index, size)?.into_iter().flat_map(Span::nodes).collect())
}

/// The proof that the tree of `to` leaves begins with that of `from` leaves; empty where they are one.
///
/// # Errors
/// `from` is 0 or more than `to`, or a node is not at hand.
pub fn consistency_proof(from: u64, to: u64, source: &impl NodeSource) -> Result<Vec<Hash>, ProofError> {
    hashes(&consistency_spans(from, to)?, source)
}

/// The nodes that [`consistency_proof`] will ask for.
///
/// # Errors
/// `from` is 0 or more than `to`.
pub fn consistency_nodes(from: u64, to: u64) -> Result<Vec<NodeId>, ProofError> {
    Ok(consistency_spans(from, to)?.into_iter().flat_map(Span::nodes).collect())
}

/// The nodes that [`root_from`] will ask for.
#[must_use]
pub fn root_nodes(size: u64) -> Vec<NodeId> {
    Span { begin: 0, end: size }.nodes()
}

/// The root of the tree of `size` leaves.
///
/// # Errors
/// A node is not at hand.
pub fn root_from(size: u64, source: &impl NodeSource) -> Result<Hash, ProofError> {
    Span { begin: 0, end: size }.root(source).map_err(ProofError::Missing)
}

fn hashes(spans: &[Span], source: &impl NodeSource) -> Result<Vec<Hash>, ProofError> {
    spans.iter().map(|span| span.root(source).map_err(ProofError::Missing)).collect()
}

/// PATH(m, D[n]): at each cut, the half without the leaf.
fn inclusion_spans(index: u64, size: u64) -> Result<Vec<Span>, ProofError> {
    if index >= size {
        return Err(ProofError::NoSuchLeaf { index, size });
    }
    let mut spans = Vec::new();
    let (mut begin, mut end) = (0, size);
    while end - begin > 1 {
        let middle = begin + cut(end - begin);
        if index < middle {
            spans.push(Span { begin: middle, end });
            end = middle;
        } else {
            spans.push(Span { begin, end: middle });
            begin = middle;
        }
    }
    spans.reverse();
    Ok(spans)
}

/// PROOF(m, D[n]): at each cut, the half that the older tree's edge does not go through, and at last the subtree that
/// both have, unless it is the whole older tree.
fn consistency_spans(from: u64, to: u64) -> Result<Vec<Span>, ProofError> {
    if from == 0 || from > to {
        return Err(ProofError::NoSuchGrowth { from, to });
    }
    let mut spans = Vec::new();
    let (mut begin, mut end) = (0, to);
    while from < end {
        let middle = begin + cut(end - begin);
        if from <= middle {
            spans.push(Span { begin: middle, end });
            end = middle;
        } else {
            spans.push(Span { begin, end: middle });
            begin = middle;
        }
    }
    if begin > 0 {
        spans.push(Span { begin, end });
    }
    spans.reverse();
    Ok(spans)
}

/// The largest power of two below `leaves`, which are more than one.
const fn cut(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}
