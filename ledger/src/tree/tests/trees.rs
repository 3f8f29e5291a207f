//! Every tree, proof and verification against the recursive definitions of RFC 6962.

use std::collections::HashMap;

use proptest::{collection::vec, prelude::*};

use crate::tree::{
    Disproof, Frontier, Growth, HEIGHT, Hash, NodeId, NodeSource as _, ProofError, Tile, TileId, WIDTH,
    consistency_nodes, consistency_proof, empty_root, inclusion_nodes, inclusion_proof, node_hash, root_from,
    verify_consistency, verify_inclusion,
};

/// A leaf that differs from every other.
fn leaf(number: usize) -> Hash {
    let mut hash = [7; 32];
    hash[..8].copy_from_slice(&u64::try_from(number).unwrap().to_be_bytes());
    hash
}

fn leaves(count: usize) -> Vec<Hash> {
    (0..count).map(leaf).collect()
}

fn cut(count: usize) -> usize {
    let mut k = 1;
    while k * 2 < count {
        k *= 2;
    }
    k
}

/// MTH of RFC 6962, 2.1.
fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [one] => *one,
        many => {
            let (left, right) = many.split_at(cut(many.len()));
            node_hash(&mth(left), &mth(right))
        }
    }
}

/// PATH of 2.1.1.
fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(cut(leaves.len()));
    let (mut inner, other) = match index.checked_sub(left.len()) {
        None => (path(index, left), mth(right)),
        Some(rest) => (path(rest, right), mth(left)),
    };
    inner.push(other);
    inner
}

/// SUBPROOF of 2.1.2.
fn subproof(from: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if from == leaves.len() {
        return if whole { Vec::new() } else { vec![mth(leaves)] };
    }
    let (left, right) = leaves.split_at(cut(leaves.len()));
    let (mut inner, other) = match from.checked_sub(left.len()) {
        None | Some(0) => (subproof(from, left, whole), mth(right)),
        Some(rest) => (subproof(rest, right, false), mth(left)),
    };
    inner.push(other);
    inner
}

/// Every perfect subtree of these leaves.
fn all_nodes(leaves: &[Hash]) -> HashMap<NodeId, Hash> {
    let mut nodes = HashMap::new();
    let mut row = leaves.to_vec();
    for level in 0.. {
        nodes.extend((0..).zip(&row).map(|(index, hash)| (NodeId { level, index }, *hash)));
        row = row.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
        if row.is_empty() {
            return nodes;
        }
    }
    nodes
}

fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap()
}

#[test]
fn every_proof_of_every_small_tree_is_the_one_of_the_definition() {
    let all = leaves(70);
    for size in 1..=all.len() {
        let tree = &all[..size];
        let (nodes, root) = (all_nodes(tree), mth(tree));
        assert_eq!(root_from(wide(size), &nodes), Ok(root));
        for (place, leaf) in tree.iter().enumerate() {
            let proof = inclusion_proof(wide(place), wide(size), &nodes).unwrap();
            assert_eq!(proof, path(place, tree), "leaf {place} of {size}");
            assert_eq!(verify_inclusion(leaf, wide(place), wide(size), &proof, &root), Ok(()));
        }
        for from in 1..=size {
            let proof = consistency_proof(wide(from), wide(size), &nodes).unwrap();
            assert_eq!(proof, subproof(from, tree, true), "{from} to {size}");
            let old = mth(&all[..from]);
            assert_eq!(verify_consistency(wide(from), wide(size), &proof, &old, &root), Ok(()));
        }
    }
}

#[test]
fn what_cannot_be_proved_is_said() {
    let nodes = all_nodes(&leaves(5));
    assert_eq!(inclusion_proof(5, 5, &nodes), Err(ProofError::NoSuchLeaf { index: 5, size: 5 }));
    assert_eq!(consistency_proof(0, 5, &nodes), Err(ProofError::NoSuchGrowth { from: 0, to: 5 }));
    assert_eq!(consistency_proof(6, 5, &nodes), Err(ProofError::NoSuchGrowth { from: 6, to: 5 }));
    let missing = NodeId { level: 0, index: 5 };
    assert_eq!(inclusion_proof(4, 6, &nodes), Err(ProofError::Missing(missing)));
}

#[test]
fn nothing_and_itself_begin_every_tree_and_nothing_else_does_without_proof() {
    let (empty, one, two) = (empty_root(), mth(&leaves(1)), mth(&leaves(2)));
    assert_eq!(verify_consistency(0, 2, &[], &empty, &two), Ok(()));
    assert_eq!(verify_consistency(0, 2, &[], &one, &two), Err(Disproof::OtherRoot));
    assert_eq!(verify_consistency(2, 2, &[], &two, &two), Ok(()));
    assert_eq!(verify_consistency(2, 2, &[], &one, &two), Err(Disproof::OtherRoot));
    assert_eq!(verify_consistency(2, 2, &[one], &two, &two), Err(Disproof::Length));
    assert_eq!(verify_consistency(1, 2, &[], &one, &two), Err(Disproof::Length));
    assert_eq!(verify_consistency(2, 1, &[], &two, &one), Err(Disproof::Impossible));
    assert_eq!(verify_inclusion(&leaf(0), 2, 2, &[], &two), Err(Disproof::Impossible));
}

/// A tree grown leaf by leaf, with the tiles that filled on the way.
fn grow(leaves: &[Hash]) -> (Growth, HashMap<TileId, Tile>) {
    let (mut tree, mut full) = (Growth::new(), Vec::new());
    leaves.iter().for_each(|hash| tree.push(*hash, &mut full));
    (tree, full.into_iter().collect())
}

#[test]
fn tiles_hold_what_the_tree_is_made_of() {
    let all = leaves(WIDTH * WIDTH + 3 * WIDTH + 5);
    let (tree, full) = grow(&all);
    let root = mth(&all);
    assert_eq!(tree.root(), root);
    assert_eq!(full.len(), WIDTH + 3 + 1, "of the leaves, and the first of the level above");
    for (id, tile) in &full {
        assert_eq!(id.filled(wide(all.len())), WIDTH, "{id:?}");
        assert_eq!(Tile::from_bytes(&tile.to_bytes()).as_ref(), Some(tile));
        let below = id.below(3).map(|below| full[&below].root());
        assert_eq!(
            tile.hashes()[3],
            below.unwrap_or_else(|| leaf(usize::try_from(id.index).unwrap() * WIDTH + 3))
        );
    }
    let nodes = all_nodes(&all);
    for (node, hash) in &nodes {
        let (tile, _) = TileId::of(*node);
        if full.contains_key(&tile) {
            assert_eq!(full.node(*node), Some(*hash), "{node:?}");
        }
    }
}

#[test]
fn a_tree_goes_on_from_its_unfinished_tiles() {
    let all = leaves(2 * WIDTH * WIDTH + 40);
    let nodes = all_nodes(&all);
    for size in [0, 1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 66_000, 131_072, 131_100] {
        let edges = Growth::edges(wide(size)).into_iter().map(|edge| {
            let first = edge.index << HEIGHT;
            let entries = (first..).take(edge.filled(wide(size)));
            let hash = |index| nodes[&NodeId { level: edge.level * HEIGHT, index }];
            Tile::from(entries.map(hash).collect::<Vec<Hash>>())
        });
        let mut tree = Growth::resume(wide(size), edges.collect()).unwrap();
        assert_eq!((tree.size(), tree.root()), (wide(size), mth(&all[..size])), "{size}");
        let (mut full, next) = (Vec::new(), (size + 300).min(all.len()));
        all[size..next].iter().for_each(|hash| tree.push(*hash, &mut full));
        assert_eq!(tree.root(), mth(&all[..next]), "{size} and on");
        let (grown, tiles) = grow(&all[..next]);
        assert!(full.iter().all(|(id, tile)| tiles[id] == *tile), "{size}");
        assert_eq!(grown.root(), tree.root());
    }
    assert!(Growth::resume(257, vec![Tile::default(), Tile::from(vec![leaf(1)])]).is_none());
}

#[test]
fn a_perfect_subtree_counts_as_its_leaves() {
    let all = leaves(300);
    let mut frontier = Frontier::new();
    assert!(frontier.push_subtree(8, mth(&all[..256])));
    assert!(!frontier.clone().push_subtree(9, leaf(0)), "256 is no multiple of 512");
    assert!(frontier.push_subtree(5, mth(&all[256..288])));
    all[288..].iter().for_each(|hash| frontier.push(*hash));
    assert_eq!((frontier.size(), frontier.root()), (300, mth(&all)));
    assert_eq!(Frontier::from_peaks(300, frontier.peaks().to_vec()), Some(frontier));
    assert_eq!(Frontier::from_peaks(300, vec![leaf(0)]), None);
}

/// A size, and something below it.
fn sizes() -> impl Strategy<Value = (usize, usize)> {
    (1_usize..600).prop_flat_map(|size| (Just(size), 0..size))
}

proptest! {
    #[test]
    fn any_altered_proof_is_refused((size, place) in sizes(), at in any::<usize>(), bit in 0_u8..8, byte in 0_usize..32) {
        let all = leaves(size);
        let (nodes, root) = (all_nodes(&all), mth(&all));
        let (index, wide_size) = (wide(place), wide(size));
        let proof = inclusion_proof(index, wide_size, &nodes).unwrap();
        prop_assert_eq!(proof.clone(), path(place, &all));
        let check = |proof: &[Hash]| verify_inclusion(&all[place], index, wide_size, proof, &root);
        prop_assert_eq!(check(&proof), Ok(()));
        let mut longer = proof.clone();
        longer.push(leaf(1));
        prop_assert_eq!(check(&longer), Err(Disproof::Length));
        if let Some(last) = proof.len().checked_sub(1) {
            prop_assert_eq!(check(&proof[..last]), Err(Disproof::Length));
            let mut altered = proof.clone();
            altered[at % proof.len()][byte] ^= 1 << bit;
            prop_assert_eq!(check(&altered), Err(Disproof::OtherRoot));
        }
        let elsewhere = verify_inclusion(&all[place], (index + 1) % wide_size, wide_size, &proof, &root);
        prop_assert!(size == 1 || elsewhere.is_err());
    }

    #[test]
    fn no_altered_past_is_consistent((size, before) in sizes(), changed in any::<usize>()) {
        let from = before + 1;
        let all = leaves(size);
        let (nodes, old, new) = (all_nodes(&all), mth(&all[..from]), mth(&all));
        let proof = consistency_proof(wide(from), wide(size), &nodes).unwrap();
        prop_assert_eq!(proof.clone(), subproof(from, &all, true));
        prop_assert_eq!(verify_consistency(wide(from), wide(size), &proof, &old, &new), Ok(()));
        let mut other = all.clone();
        other[changed % from] = leaf(9_999);
        let (nodes, altered) = (all_nodes(&other), mth(&other));
        let proof = consistency_proof(wide(from), wide(size), &nodes).unwrap();
        prop_assert!(verify_consistency(wide(from), wide(size), &proof, &old, &altered).is_err());
        prop_assert!(verify_consistency(wide(from), wide(size), &proof, &mth(&other[..from]), &new).is_err());
    }

    #[test]
    fn random_proofs_prove_nothing((size, place) in sizes(), proof in vec(any::<[u8; 32]>(), 0..12)) {
        let all = leaves(size);
        let (root, index, wide_size) = (mth(&all), wide(place), wide(size));
        prop_assert!(size == 1 || verify_inclusion(&all[place], index, wide_size, &proof, &root).is_err());
        let old = mth(&all[..=place]);
        prop_assert!(place + 1 == size || verify_consistency(index + 1, wide_size, &proof, &old, &root).is_err());
    }

    #[test]
    fn what_a_proof_needs_is_named_before((size, place) in sizes()) {
        let all = all_nodes(&leaves(size));
        let (index, wide_size) = (wide(place), wide(size));
        let only = |nodes: Vec<NodeId>| -> HashMap<NodeId, Hash> { nodes.into_iter().map(|node| (node, all[&node])).collect() };
        let nodes = only(inclusion_nodes(index, wide_size).unwrap());
        prop_assert_eq!(inclusion_proof(index, wide_size, &nodes), inclusion_proof(index, wide_size, &all));
        let nodes = only(consistency_nodes(index + 1, wide_size).unwrap());
        prop_assert_eq!(consistency_proof(index + 1, wide_size, &nodes), consistency_proof(index + 1, wide_size, &all));
    }
}
