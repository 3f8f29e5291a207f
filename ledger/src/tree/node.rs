//! Hashes of the tree and where they stand in it.
//!
//! A perfect subtree is known by its level (0 is a leaf) and its index among those of its level. What a proof names
//! is a span of leaves that may end raggedly; it consists of perfect subtrees, the largest first.

use ring::digest::{Context, SHA256, digest};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// The prefix of an inner node in RFC 6962.
const NODE_PREFIX: [u8; 1] = [0x01];

/// The root of a tree without leaves: SHA-256 of nothing.
#[must_use]
pub fn empty_root() -> Hash {
    bytes_of(digest(&SHA256, &[]).as_ref())
}

/// The hash of a node with two children: SHA-256 over `0x01`, the left and the right one.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(&NODE_PREFIX);
    context.update(left);
    context.update(right);
    bytes_of(context.finish().as_ref())
}

/// The root over these hashes, taken as leaves (or as perfect subtrees of one size).
#[must_use]
pub fn root_of<'a>(hashes: impl IntoIterator<Item = &'a Hash>) -> Hash {
    let mut frontier = super::Frontier::new();
    hashes.into_iter().for_each(|hash| frontier.push(*hash));
    frontier.root()
}

fn bytes_of(digest: &[u8]) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest);
    hash
}

/// A perfect subtree: leaves `index << level` up to, without, `(index + 1) << level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId {
    /// How many levels above the leaves.
    pub level: u8,
    /// Which of its level, from the left.
    pub index: u64,
}

/// What knows the hashes of perfect subtrees.
pub trait NodeSource {
    /// The hash of a perfect subtree, if it is at hand.
    fn node(&self, node: NodeId) -> Option<Hash>;
}

impl NodeSource for std::collections::HashMap<NodeId, Hash> {
    fn node(&self, node: NodeId) -> Option<Hash> {
        self.get(&node).copied()
    }
}

/// The leaves from `begin` up to, without, `end`: a subtree as RFC 6962 cuts them, whose begin is a multiple of every
/// perfect subtree in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first leaf.
    pub begin: u64,
    /// The leaf after the last one.
    pub end: u64,
}

impl Span {
    /// The perfect subtrees of the span, from the left.
    #[must_use]
    pub fn nodes(self) -> Vec<NodeId> {
        let mut nodes = Vec::new();
        let mut begin = self.begin;
        while let Some(level) = self.end.checked_sub(begin).and_then(u64::checked_ilog2) {
            nodes.push(NodeId { level: u8::try_from(level).unwrap_or(u8::MAX), index: begin >> level });
            begin = begin.saturating_add(1 << level);
        }
        nodes
    }

    /// The root of the span.
    ///
    /// # Errors
    /// The first node that is not at hand.
    pub fn root(self, source: &impl NodeSource) -> Result<Hash, NodeId> {
        let hashes: Result<Vec<Hash>, NodeId> =
            self.nodes().into_iter().map(|node| source.node(node).ok_or(node)).collect();
        let hashes = hashes?;
        let joined = hashes.iter().rev().copied().reduce(|right, left| node_hash(&left, &right));
        Ok(joined.unwrap_or_else(empty_root))
    }
}
