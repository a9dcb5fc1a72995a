"""Groups of texts that say the same thing: dense ones, without heaps, joined where they are alike, and completed."""

from __future__ import annotations

import numpy as np

from patchtrail.evaluation.text_space import Floats, Rows, TextSpace

__all__ = ["grouped", "joining"]

HEAP = 0.2
"""A group whose texts share less of their telling words is a heap of what is like nothing else."""
SMALLEST = 5
SMALLEST_SHARE = 0.01
FAR = 0.4
"""Whoever joins a group, and a group that joins another, is so much as like it as its members are among themselves."""


def grouped(space: TextSpace, rows: Rows, often: Rows) -> list[Rows]:
    """Return the groups among the rows, the largest first; what is in none is noise.

    Rows that are said `often` enough are a group by themselves where they are in no other.
    """
    smallest = max(SMALLEST, round(SMALLEST_SHARE * len(rows)))
    dense = [one for one in space.dense_groups(rows, smallest) if space.cohesion(one) >= HEAP]
    seen = np.concatenate([*dense, rows[:0]])
    groups = _joined(space, [*dense, *(np.array([row]) for row in often if row not in seen)])
    if not groups:
        return []
    inside = np.isin(rows, np.concatenate(groups))
    outside = rows[~inside]
    places = joining(space, groups, outside)
    whole = [np.sort(np.concatenate([one, outside[places == at]])) for at, one in enumerate(groups)]
    return sorted(whole, key=lambda one: (-len(one), int(one[0])))


def joining(space: TextSpace, groups: list[Rows], rows: Rows) -> Rows:
    """Return for each row the place of the group that it belongs to; -1 where it is like none."""
    if not groups or not len(rows):
        return np.full(len(rows), -1)
    likeness = space.likeness(rows, [space.centre(one) for one in groups])
    wanted = _wanted(np.array([space.cohesion(one) for one in groups]))
    best = likeness.argmax(axis=1)
    return np.where(likeness.max(axis=1) >= wanted[best], best, -1)


def _joined(space: TextSpace, groups: list[Rows]) -> list[Rows]:
    """Return the groups, the two that are most alike joined again and again until none are alike enough."""
    if not groups:
        return []
    sizes = np.array([float(len(one)) for one in groups])
    sums = np.stack([space.centre(one) for one in groups]) * sizes[:, None]
    products = sums @ sums.T
    while len(groups) > 1:
        # All that joining needs are products of the sums; those of a joined group are sums of the products.
        alike = np.triu(products / np.outer(sizes, sizes), k=1)
        wanted = _wanted(_cohesion(np.diag(products), sizes))
        ratio = alike / np.minimum.outer(wanted, wanted)
        one, other = (int(at) for at in np.unravel_index(int(ratio.argmax()), ratio.shape))
        if ratio[one, other] < 1:
            break
        groups = [np.concatenate([rows, groups[other]]) if at == one else rows for at, rows in enumerate(groups)]
        for whole in (products, products.T, sizes):
            whole[one] += whole[other]
        groups.pop(other)
        sizes = np.delete(sizes, other)
        products = np.delete(np.delete(products, other, axis=0), other, axis=1)
    return groups


def _cohesion(squares: Floats, sizes: Floats) -> Floats:
    """Return how alike two different texts of each group are, from its sum's square; one text is all alike."""
    return np.where(sizes > 1, (squares - sizes) / np.maximum(1, sizes * (sizes - 1)), 1.0)


def _wanted(cohesion: Floats) -> Floats:
    return np.maximum(HEAP, FAR * cohesion)
