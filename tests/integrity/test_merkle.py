"""The log's tree keeps to RFC 6962, and its proofs prove what they say and nothing else."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchtrail.integrity import merkle

LEAVES = [bytes.fromhex(one) for one in ("", "00", "10", "2021", "3031", "40414243")] + [
    bytes.fromhex("5051525354555657"),
    bytes.fromhex("606162636465666768696a6b6c6d6e6f"),
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""The roots of the first 1 to 8 of these leaves, as implementations of RFC 6962 have tested them from the beginning."""

sizes = st.integers(min_value=1, max_value=130)


def naive_root(leaves: list[bytes]) -> bytes:
    """Return the tree hash by the definition of RFC 6962, section 2.1, and nothing cleverer."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def naive_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """Return the audit path by the definition of RFC 6962, section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if index < k:
        return [*naive_path(index, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(index - k, leaves[k:]), naive_root(leaves[:k])]


def naive_consistency(first: int, leaves: list[bytes], *, is_known: bool = True) -> list[bytes]:
    """Return the consistency proof by the definition of RFC 6962, section 2.1.2."""
    if first == len(leaves):
        return [] if is_known else [naive_root(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if first <= k:
        return [*naive_consistency(first, leaves[:k], is_known=is_known), naive_root(leaves[k:])]
    return [*naive_consistency(first - k, leaves[k:], is_known=False), naive_root(leaves[:k])]


def leaves_of(size: int) -> list[bytes]:
    """Return so many different leaves."""
    return [b"leaf %d" % number for number in range(size)]


class Tree:
    """A tree that grows by its right edge, as a collector's does."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.edge: list[bytes] = []
        self.nodes: dict[tuple[int, int], bytes] = {}
        for size, leaf in enumerate(leaves):
            self.edge, completed = merkle.appended(size, self.edge, merkle.leaf_hash(leaf))
            for level, found in enumerate(completed):
                self.nodes[level, size >> level] = found

    def subtree(self, level: int, position: int) -> bytes:
        """Return a perfect subtree's hash."""
        return self.nodes[level, position]


@pytest.mark.parametrize("size", range(1, 9))
def test_known_roots(size: int) -> None:
    """The known leaves have the known roots, appended one by one, and by the definition."""
    assert merkle.fold(Tree(LEAVES[:size]).edge).hex() == ROOTS[size - 1]
    assert naive_root(LEAVES[:size]).hex() == ROOTS[size - 1]


def test_known_paths() -> None:
    """The known tree of eight leaves has the known audit path and consistency proof."""
    tree = Tree(LEAVES)
    path = [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]

    assert [one.hex() for one in merkle.inclusion_proof(0, 8, tree.subtree)] == path
    assert merkle.verify_inclusion(
        merkle.leaf_hash(LEAVES[0]), 0, 8, bytes.fromhex(ROOTS[7]), [bytes.fromhex(one) for one in path]
    )


def test_the_empty_tree() -> None:
    """A tree without leaves has the hash of nothing at all."""
    assert merkle.fold([]) == merkle.EMPTY_ROOT == naive_root([])
    assert merkle.EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@given(sizes)
def test_appending_is_hashing_the_whole(size: int) -> None:
    """The root after any number of appends is the root by the definition, and the stored subtrees give it again."""
    leaves = leaves_of(size)
    tree = Tree(leaves)

    assert merkle.fold(tree.edge) == naive_root(leaves)
    assert merkle.fold([tree.subtree(*node) for node in merkle.edge_nodes(size)]) == naive_root(leaves)


@given(sizes, st.data())
def test_14_inclusion(size: int, data: st.DataObject) -> None:
    """A leaf's proof is that of the definition; it proves this leaf, in this place, of this tree alone."""
    index = data.draw(st.integers(min_value=0, max_value=size - 1))
    leaves, tree = leaves_of(size), Tree(leaves_of(size))
    root, leaf = naive_root(leaves), merkle.leaf_hash(leaves[index])
    proof = merkle.inclusion_proof(index, size, tree.subtree)

    assert proof == naive_path(index, leaves)
    assert merkle.verify_inclusion(leaf, index, size, root, proof)
    assert not merkle.verify_inclusion(merkle.leaf_hash(b"another"), index, size, root, proof)
    assert not merkle.verify_inclusion(leaf, index, size, merkle.leaf_hash(b"another"), proof)
    for wrong in {index - 1, index + 1, size, size + index} - {index}:
        assert not merkle.verify_inclusion(leaf, wrong, size, root, proof)
    for worse in mangled(proof):
        assert not merkle.verify_inclusion(leaf, index, size, root, worse)


@given(sizes, st.data())
def test_14_consistency(size: int, data: st.DataObject) -> None:
    """A proof between two trees is that of the definition, and holds for their two roots alone."""
    first = data.draw(st.integers(min_value=1, max_value=size))
    leaves = leaves_of(size)
    old, new = naive_root(leaves[:first]), naive_root(leaves)
    proof = merkle.consistency_proof(first, size, Tree(leaves).subtree)
    other = naive_root([*leaves[: first - 1], b"rewritten"])

    assert proof == naive_consistency(first, leaves)
    assert merkle.verify_consistency(first, size, old, new, proof)
    assert not merkle.verify_consistency(first, size, other, new, proof)
    assert not merkle.verify_consistency(first, size, old, other if first == size else old, [*proof, old])
    assert not merkle.verify_consistency(size + 1, size, old, new, proof)
    if first < size:
        assert not merkle.verify_consistency(first, size, old, old, proof)
        assert not merkle.verify_consistency(first, size, new, new, proof)
    for worse in mangled(proof):
        assert not merkle.verify_consistency(first, size, old, new, worse)


@given(sizes)
def test_14_consistency_with_nothing(size: int) -> None:
    """Every tree begins with the empty one, whose root is the hash of nothing and whose proof is empty."""
    root = naive_root(leaves_of(size))

    assert merkle.consistency_proof(0, size, Tree(leaves_of(size)).subtree) == []
    assert merkle.verify_consistency(0, size, merkle.EMPTY_ROOT, root, [])
    assert not merkle.verify_consistency(0, size, root, root, [])
    assert not merkle.verify_consistency(0, size, merkle.EMPTY_ROOT, root, [root])
    assert not merkle.verify_consistency(0, 0, root, root, [])


@given(sizes, st.data())
def test_14_a_rewritten_leaf_is_seen(size: int, data: st.DataObject) -> None:
    """No proof of an honest log connects a tree with one in which an earlier leaf was rewritten."""
    first = data.draw(st.integers(min_value=1, max_value=size))
    at = data.draw(st.integers(min_value=0, max_value=first - 1))
    leaves = leaves_of(size)
    rewritten = [*leaves[:at], b"rewritten", *leaves[at + 1 :]]
    proof = merkle.consistency_proof(first, size, Tree(rewritten).subtree)

    assert not merkle.verify_consistency(first, size, naive_root(leaves[:first]), naive_root(rewritten), proof)


def mangled(proof: list[bytes]) -> list[list[bytes]]:
    """Return proofs that are wrong: too long, too short, out of order, with a flipped bit, of another hash's length."""
    wrong = [[*proof, merkle.EMPTY_ROOT], [merkle.EMPTY_ROOT, *proof]]
    for at, one in enumerate(proof):
        flipped = bytes([one[0] ^ 1]) + one[1:]
        wrong.append([*proof[:at], flipped, *proof[at + 1 :]])
        wrong.append([*proof[:at], one[:-1], *proof[at + 1 :]])
        wrong.append([*proof[:at], *proof[at + 1 :]])
    if len(proof) > 1:
        wrong.append(proof[::-1])
    return wrong
