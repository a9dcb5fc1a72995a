"""Judged items in strata of outcome and of the judge's confidence, so that a sample can stand for all of them.

Which items people label is a choice; within a stratum it must be a chance. An item that was labelled stands for all
judged ones of its stratum. Source of the effective size: Korn and Graubard 1998 (Survey Methodology 24, 193-201).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from patchtrail.evaluation.label_file import LabelledItem
from patchtrail.evaluation.weighted import Share

__all__ = ["Stratum", "agreement", "in_strata"]

CONFIDENT, LIKELY = 0.9, 0.6
PRIOR = 2.0
"""So many items' worth of the overall agreement is believed of each stratum, so that none is certain."""


@dataclass(frozen=True)
class Stratum:
    """The judged items of one outcome and one band of confidence; a tie of people is no label."""

    name: str
    judged: tuple[LabelledItem, ...]

    @cached_property
    def labelled(self) -> tuple[LabelledItem, ...]:
        """Those that people have labelled."""
        return tuple(item for item in self.judged if item.human is not None)

    @cached_property
    def agreed(self) -> int:
        """How many of the labelled ones the judge called what people called them."""
        return sum(item.judge == item.human for item in self.labelled)

    @property
    def weight(self) -> float:
        """How many judged items one labelled item stands for."""
        return len(self.judged) / len(self.labelled) if self.labelled else 0.0

    def variance(self, overall: float, labels: int) -> float:
        """Return what the stratum adds to the variance of the sum of agreements, were `labels` of it labelled."""
        share = (self.agreed + PRIOR * overall) / (len(self.labelled) + PRIOR)
        return len(self.judged) ** 2 * share * (1 - share) / labels


def in_strata(items: Iterable[LabelledItem]) -> list[Stratum]:
    """Return the strata of the judged items, by name."""
    found = defaultdict[str, list[LabelledItem]](list)
    for item in items:
        if item.judge is not None:
            found[f"called {'good' if item.judge else 'bad'}, {_band(item.confidence)}"].append(item)
    return [Stratum(name, tuple(found[name])) for name in sorted(found)]


def agreement(strata: Sequence[Stratum]) -> Share:
    """Return the share of judged items on which the judge agrees with people, and of how many labels it is known."""
    seen = [stratum for stratum in strata if stratum.labelled]
    total, labels = sum(len(one.judged) for one in seen), sum(len(one.labelled) for one in seen)
    if not labels:
        return Share(0.0, 0.0)
    share = sum(one.weight * one.agreed for one in seen) / total
    variance = sum(one.variance(share, len(one.labelled)) for one in seen) / total**2
    return Share(share, min(labels, share * (1 - share) / variance) if variance else _kish(seen, total))


def _kish(seen: Sequence[Stratum], total: int) -> float:
    """Return the size where nothing varies: all agree, or none does."""
    return total**2 / sum(len(one.labelled) * one.weight**2 for one in seen)


def _band(confidence: float | None) -> str:
    if confidence is None:
        return "confidence unknown"
    return "sure" if confidence >= CONFIDENT else "likely" if confidence >= LIKELY else "doubtful"
