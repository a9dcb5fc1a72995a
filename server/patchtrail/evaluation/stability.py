"""How stable groups are: whether the same ones come out of other samples of the same texts.

Source: Hennig 2007 (Computational Statistics & Data Analysis 52, 258-271): the mean, over samples, of the best
Jaccard coefficient of each group. Below 0.6 a group should not be believed; from 0.85 on it is very stable.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from patchtrail.evaluation.text_groups import grouped
from patchtrail.evaluation.text_space import Rows, TextSpace

__all__ = ["stabilities"]

ROUNDS = 10
MOST_POINTS = 1_000
SHARE = 0.5


def stabilities(texts: Sequence[str], rows: Rows, often: Rows, groups: Sequence[Rows], seed: int) -> list[float]:
    """Return each group's stability from 0 to 1, from ten samples of half of the rows, of a thousand at most."""
    if not groups:
        return []
    draw = np.random.default_rng(seed)
    size = max(1, min(MOST_POINTS, round(SHARE * len(rows))))
    samples = [np.sort(draw.choice(rows, size, replace=False)) for _ in range(ROUNDS)]
    found = np.array([_best(_again(texts, sample, often, seed), sample, groups) for sample in samples])
    seen = np.maximum(1, (~np.isnan(found)).sum(axis=0))
    return [float(one) for one in np.nansum(found, axis=0) / seen]


def _again(texts: Sequence[str], sample: Rows, often: Rows, seed: int) -> list[set[int]]:
    """Return the groups that one sample makes."""
    space = TextSpace([texts[row] for row in sample], seed)
    found = grouped(space, np.arange(len(sample)), np.flatnonzero(np.isin(sample, often)))
    return [set(sample[places].tolist()) for places in found]


def _best(again: Sequence[set[int]], sample: Rows, groups: Sequence[Rows]) -> list[float]:
    """Return each group's best coefficient among a sample's groups; NaN where the sample holds none of it."""
    best = list[float]()
    for group in groups:
        here = set(group.tolist()) & set(sample.tolist())
        best.append(max((len(here & one) / len(here | one) for one in again), default=0.0) if here else float("nan"))
    return best
