"""Krippendorff's alpha: any number of raters, missing answers, answers that are names, ranks or distances.

Source: Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", sections C to E: the coincidence matrix.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

__all__ = ["Metric", "alpha"]

Metric = Literal["nominal", "ordinal", "interval"]


def alpha(units: Iterable[Sequence[float | None]], metric: Metric) -> float | None:
    """Return 1 less observed over expected disagreement, at most 1; None where no answers vary or can be paired.

    `units` has a row per item with an answer per rater, None where there is none; a row's order does not matter.
    """
    coincidences = _coincidences(units)
    totals = defaultdict[float, float](float)
    for (one, _), weight in coincidences.items():
        totals[one] += weight
    apart = _distances(totals, metric)
    pairable = sum(totals.values())
    expected = sum(totals[one] * totals[other] * far for (one, other), far in apart.items())
    if expected == 0:
        return None
    observed = sum(weight * apart[pair] for pair, weight in coincidences.items())
    return 1 - (pairable - 1) * observed / expected


def _coincidences(units: Iterable[Sequence[float | None]]) -> dict[tuple[float, float], float]:
    """Return how often two answers stand in one item; an item of m answers counts m in all, one of a single none."""
    coincidences = defaultdict[tuple[float, float], float](float)
    for unit in units:
        answers = [answer for answer in unit if answer is not None]
        for at, one in enumerate(answers):
            for other_at, other in enumerate(answers):
                if at != other_at:
                    coincidences[one, other] += 1 / (len(answers) - 1)
    return coincidences


def _distances(totals: Mapping[float, float], metric: Metric) -> dict[tuple[float, float], float]:
    """Return the squared distance of each two answers."""
    ordered = sorted(totals)
    if metric == "nominal":
        return {(one, other): float(one != other) for one in ordered for other in ordered}
    place = {answer: answer for answer in ordered} if metric == "interval" else _midranks(totals)
    return {(one, other): (place[one] - place[other]) ** 2 for one in ordered for other in ordered}


def _midranks(totals: Mapping[float, float]) -> dict[float, float]:
    """Return each answer's middle rank: two are as far apart as answers lie between them, and half of both."""
    ranks, below = dict[float, float](), 0.0
    for answer in sorted(totals):
        ranks[answer] = below + totals[answer] / 2
        below += totals[answer]
    return ranks
