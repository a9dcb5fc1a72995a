"""The percentile bootstrap of a figure of agreement: items are drawn again within their strata."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from patchtrail.evaluation.agreement import Cells

__all__ = ["Sampled", "bootstrap_interval"]

ROUNDS = 1_000
TAIL = 0.025


@dataclass(frozen=True)
class Sampled:
    """The pairs of answers of one stratum, and how many items each of them stands for."""

    pairs: Sequence[tuple[float, float]]
    weight: float


def bootstrap_interval(
    strata: Sequence[Sampled], figure: Callable[[Cells], float | None], *, seed: int = 0
) -> tuple[float, float] | None:
    """Return the 95 % interval of `figure`; None where there are no pairs. The same seed gives the same interval.

    A draw in which the figure is undefined, because all say the same, counts as 0: no more than chance.
    """
    if not any(stratum.pairs for stratum in strata):
        return None
    draw = random.Random(seed)
    found = sorted(figure(_drawn(strata, draw)) or 0.0 for _ in range(ROUNDS))
    return found[int(TAIL * ROUNDS)], found[ROUNDS - 1 - int(TAIL * ROUNDS)]


def _drawn(strata: Sequence[Sampled], draw: random.Random) -> Cells:
    cells = defaultdict[tuple[float, float], float](float)
    for stratum in strata:
        for pair in draw.choices(stratum.pairs, k=len(stratum.pairs)):
            cells[pair] += stratum.weight
    return cells
