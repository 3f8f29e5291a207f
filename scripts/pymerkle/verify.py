"""Holds proofs of the ledger against pymerkle, an implementation of RFC 6962 that is not ours.

The first line of standard input is a list of the canonical bytes of every event, in hex and without the leaf's prefix:
pymerkle grows a tree of its own from them. Each further line is an answer of /api/v1/ledger/proof/inclusion or
/api/v1/ledger/proof/consistency. A line of standard output for each: "ok", or what pymerkle does not believe.
"""

import json
import sys

from pymerkle import InmemoryTree, verify_inclusion
from pymerkle.core import _inclusion_path_layout
from pymerkle.proof import InclusionProof, InvalidProof

ALGORITHM = "sha256"


def inclusion(tree, answer, hashes):
    leaf, root = bytes.fromhex(answer["leaf_hash"]), bytes.fromhex(answer["root_hash"])
    index, size = answer["leaf_index"] + 1, answer["size"]
    if (leaf, root) != (tree.get_leaf(index), tree.get_root(size)):
        raise InvalidProof("another leaf or root than pymerkle's own")
    rule, _ = _inclusion_path_layout(index, size)
    # pymerkle's path begins with the leaf itself.
    proof = InclusionProof(ALGORITHM, True, size, index, rule, [leaf] + hashes)
    verify_inclusion(leaf, root, proof, index=index, size=size, algorithm=ALGORITHM)


def subproof(prior, start, end, whole):
    """The ranges of SUBPROOF in RFC 6962, 2.1.2. pymerkle's own proofs cut them further, and hold the same."""
    width = end - start
    if prior == width:
        return [] if whole else [(start, end)]
    k = 1 << (width - 1).bit_length() - 1
    if prior <= k:
        return subproof(prior, start, start + k, whole) + [(start + k, end)]
    return subproof(prior - k, start + k, end, False) + [(start, start + k)]


def consistency(tree, answer, hashes):
    prior, size = answer["from"], answer["to"]
    roots = [bytes.fromhex(answer[name]) for name in ("from_root", "to_root")]
    if roots != [tree.get_root(prior), tree.get_root(size)]:
        raise InvalidProof("another root than pymerkle's own")
    if hashes != [tree._get_root(start, end) for start, end in subproof(prior, 0, size, True)]:
        raise InvalidProof("another proof than pymerkle's tree gives")
    tree.prove_consistency(prior, size).verify(*roots, prior_size=prior, later_size=size, algorithm=ALGORITHM)


def main():
    tree = InmemoryTree(algorithm=ALGORITHM)
    for entry in json.loads(sys.stdin.readline()):
        tree.append_entry(bytes.fromhex(entry))
    for line in sys.stdin:
        answer = json.loads(line)
        hashes = [bytes.fromhex(text) for text in answer["hashes"]]
        try:
            (inclusion if "leaf_hash" in answer else consistency)(tree, answer, hashes)
            print("ok")
        except InvalidProof as refused:
            print(refused)


main()
