"""The transparency log's tree: RFC 6962 hashing, and inclusion and consistency proofs by RFC 9162, section 2.1.

A tree is stored as its perfect subtrees, named by level and position: `(0, i)` is leaf `i`, `(l, p)` covers the leaves
from `p * 2**l` on. Whoever holds them gives a `Subtree` function; to append, the right edge is enough.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence

__all__ = [
    "EMPTY_ROOT",
    "HASH_BYTES",
    "Subtree",
    "appended",
    "consistency_proof",
    "consistency_spans",
    "edge_nodes",
    "fold",
    "inclusion_proof",
    "inclusion_spans",
    "leaf_hash",
    "node_hash",
    "perfect_nodes",
    "verify_consistency",
    "verify_inclusion",
]

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
LEAF_PREFIX, NODE_PREFIX = b"\x00", b"\x01"

Node = tuple[int, int]
"""A perfect subtree: its level and its position on that level."""
Span = tuple[int, int]
"""A run of leaves, from the first to before the last."""
Subtree = Callable[[int, int], bytes]
"""Returns the hash of the perfect subtree at a level and a position."""


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of a leaf's bytes."""
    return hashlib.sha256(LEAF_PREFIX + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees beside each other."""
    return hashlib.sha256(NODE_PREFIX + left + right).digest()


def appended(size: int, edge: Sequence[bytes], leaf: bytes) -> tuple[list[bytes], list[bytes]]:
    """Return the right edge after appending a leaf's hash, and the perfect subtrees that the leaf completes.

    `edge` holds the perfect subtrees of a tree of `size` leaves, largest first; the completed ones are those of level
    0, 1, and so on, the leaf itself included.
    """
    after, completed = list(edge), [leaf]
    while size & 1:
        completed.append(node_hash(after.pop(), completed[-1]))
        size >>= 1
    return [*after, completed[-1]], completed


def fold(edge: Sequence[bytes]) -> bytes:
    """Return the root over perfect subtrees that stand beside each other, largest first."""
    if not edge:
        return EMPTY_ROOT
    root = edge[-1]
    for left in reversed(edge[:-1]):
        root = node_hash(left, root)
    return root


def perfect_nodes(span: Span) -> list[Node]:
    """Return the perfect subtrees of a span that a proof names, largest first."""
    start, end = span
    nodes = []
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append((level, start >> level))
        start += 1 << level
    return nodes


def edge_nodes(size: int) -> list[Node]:
    """Return the perfect subtrees of a whole tree, largest first."""
    return perfect_nodes((0, size))


def inclusion_spans(index: int, size: int) -> list[Span]:
    """Return the spans whose hashes prove leaf `index` in a tree of `size` leaves, in the order of the proof."""
    assert 0 <= index < size, "the leaf is in the tree"
    spans, start, end = list[Span](), 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    return spans[::-1]


def consistency_spans(first: int, second: int) -> list[Span]:
    """Return the spans whose hashes prove that the tree of `second` leaves begins with the one of `first`.

    A proof from the empty tree, and from a tree to itself, is empty.
    """
    assert 0 <= first <= second, "a tree only grows"
    if first in (0, second):
        return []
    return list(_subproof(first, (0, second), is_known=True))


def inclusion_proof(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """Return the proof that leaf `index` is in the tree of `size` leaves (RFC 9162, 2.1.3.1)."""
    return [_hash_of(span, subtree) for span in inclusion_spans(index, size)]


def consistency_proof(first: int, second: int, subtree: Subtree) -> list[bytes]:
    """Return the proof that the tree of `second` leaves begins with the one of `first` (RFC 9162, 2.1.4.1)."""
    return [_hash_of(span, subtree) for span in consistency_spans(first, second)]


def verify_inclusion(leaf: bytes, index: int, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Return whether `proof` leads from a leaf's hash at `index` to the root of `size` leaves (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0 or len(sibling) != HASH_BYTES:
            return False
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Return whether `proof` shows that the second tree begins with the first (RFC 9162, 2.1.4.2)."""
    if not 0 <= first <= second:
        return False
    if first == second:
        return not proof and first_root == second_root and (first > 0 or first_root == EMPTY_ROOT)
    if first == 0:
        return not proof and first_root == EMPTY_ROOT
    # A whole perfect tree is its own first part, and is left out of the proof.
    path = list(proof) if first & (first - 1) else [first_root, *proof]
    if not path or any(len(one) != HASH_BYTES for one in path):
        return False
    node, last = first - 1, second - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def _split(count: int) -> int:
    """Return the largest power of two below `count`."""
    return 1 << ((count - 1).bit_length() - 1)


def _subproof(first: int, span: Span, *, is_known: bool) -> Iterator[Span]:
    start, end = span
    if first == end:
        if not is_known:
            yield span
        return
    middle = start + _split(end - start)
    if first <= middle:
        yield from _subproof(first, (start, middle), is_known=is_known)
        yield middle, end
    else:
        yield from _subproof(first, (middle, end), is_known=False)
        yield start, middle


def _hash_of(span: Span, subtree: Subtree) -> bytes:
    return fold([subtree(*node) for node in perfect_nodes(span)])
