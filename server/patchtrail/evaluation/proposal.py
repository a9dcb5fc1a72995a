"""Which items to label next: those that shrink the interval of the agreement most, and how many would do.

The next label goes to the stratum that takes most from the variance (Neyman 1934, one label at a time); within it
the item is drawn by its hash, because a sample that somebody picks stands for nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from patchtrail.evaluation.alignment import LABELS, RAW_LOWER
from patchtrail.evaluation.label_file import LabelledItem
from patchtrail.evaluation.strata import Stratum, agreement, in_strata
from patchtrail.learning.wilson import wilson_interval

__all__ = ["Proposal", "propose"]

MOST = 100_000
UNKNOWN = 0.5
UNSEEN_FIRST = 1e18


@dataclass(frozen=True)
class Proposal:
    """The next items, the first first, each with its stratum; ties of people are asked about once more.

    `needed` is how many labels more let the lower bound pass, if agreement stays as it is; None: no number does.
    """

    next_items: tuple[tuple[str, str], ...]
    needed: int | None


def propose(items: Sequence[LabelledItem], count: int, *, seed: int = 0) -> Proposal:
    """Return up to `count` items that people should label next."""
    strata = in_strata(items)
    waiting = {one.name: _drawn(one, seed) for one in strata}
    labels = {one.name: len(one.labelled) for one in strata}
    known = agreement(strata)
    overall = known.share if known.of else UNKNOWN
    chosen = list[tuple[str, str]]()
    while len(chosen) < count and any(waiting.values()):
        best = max((one for one in strata if waiting[one.name]), key=lambda one: _gain(one, overall, labels[one.name]))
        chosen.append((waiting[best.name].pop(), best.name))
        labels[best.name] += 1
    return Proposal(tuple(chosen), _needed(known.share, known.of, sum(len(one.labelled) for one in strata)))


def _drawn(stratum: Stratum, seed: int) -> list[str]:
    """Return the items without a label by hash, the next one last."""
    open_ids = [item.item_id for item in stratum.judged if item.human is None]
    return sorted(open_ids, key=lambda item_id: hashlib.sha256(f"{seed}:{item_id}".encode()).digest(), reverse=True)


def _gain(stratum: Stratum, overall: float, labels: int) -> float:
    """Return what one label more takes from the variance; a stratum without any comes first, the largest of them."""
    if not labels:
        return UNSEEN_FIRST * len(stratum.judged)
    return stratum.variance(overall, labels) - stratum.variance(overall, labels + 1)


def _needed(share: float, of: float, labels: int) -> int | None:
    """Return how many labels more the gate wants; each is taken to tell as much as those so far did."""
    if share <= RAW_LOWER:
        return None
    worth = of / labels
    low, high = 0, MOST
    while low < high:
        middle = (low + high) // 2
        is_enough = labels + middle >= LABELS and wilson_interval(share, of + worth * middle)[0] >= RAW_LOWER
        low, high = (low, middle) if is_enough else (middle + 1, high)
    return low if low < MOST else None
