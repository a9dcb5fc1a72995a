"""How far two raters agree: raw, Cohen's kappa, and for scores the quadratic kappa.

All of it is computed from one table: how often, or with what weight, the first said this and the second that. Sources:
Cohen 1960 (Educational and Psychological Measurement 20, 37-46), Cohen 1968 (Psychological Bulletin 70, 213-220).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

__all__ = ["Cells", "counted", "kappa", "quadratic_kappa", "raw_agreement", "within_one"]

Cells = Mapping[tuple[float, float], float]
"""The weight of each pair of answers; an answer is a score, or 1 and 0 for good and bad."""


def counted(pairs: Iterable[tuple[float, float]]) -> dict[tuple[float, float], float]:
    """Return the table of pairs that count one each."""
    cells = defaultdict[tuple[float, float], float](float)
    for pair in pairs:
        cells[pair] += 1
    return dict(cells)


def raw_agreement(cells: Cells) -> float:
    """Return the share of equal answers, from 0 to 1; of nothing 0."""
    return _share(cells, 0)


def within_one(cells: Cells) -> float:
    """Return the share of answers that are at most one point apart, from 0 to 1; of nothing 0."""
    return _share(cells, 1)


def kappa(cells: Cells) -> float | None:
    """Return (po - pe) / (1 - pe), from -1 to 1; None where both gave one and the same answer always."""
    first, second, total = _margins(cells)
    if total == 0:
        return None
    expected = sum(weight * second[answer] for answer, weight in first.items() if answer in second) / total**2
    if expected >= 1:
        return None
    return (raw_agreement(cells) - expected) / (1 - expected)


def quadratic_kappa(cells: Cells) -> float | None:
    """Return 1 less observed over expected squared distance, at most 1; None where nothing varies.

    The published weight (i - j)² / (K - 1)² has its constant on both sides, so scores need not be whole numbers.
    """
    first, second, total = _margins(cells)
    if total == 0:
        return None
    observed = sum(weight * (one - other) ** 2 for (one, other), weight in cells.items())
    expected = (
        sum(weight * second[other] * (one - other) ** 2 for one, weight in first.items() for other in second) / total
    )
    return None if expected == 0 else 1 - observed / expected


def _share(cells: Cells, distance: float) -> float:
    total = sum(cells.values())
    near = sum(weight for (one, other), weight in cells.items() if abs(one - other) <= distance)
    return near / total if total else 0.0


def _margins(cells: Cells) -> tuple[dict[float, float], dict[float, float], float]:
    first, second = defaultdict[float, float](float), defaultdict[float, float](float)
    for (one, other), weight in cells.items():
        first[one] += weight
        second[other] += weight
    return first, second, sum(cells.values())
