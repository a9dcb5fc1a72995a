"""What a section prints: per row ours and the floor, median and p99, their ratio, and the goal beside it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

__all__ = ["Goal", "Row", "Section", "quantile"]

NONE = "-"
HEADINGS = ("", "unit", "ours p50", "ours p99", "floor p50", "floor p99", "ratio", "must", "aim")


@dataclass(frozen=True)
class Goal:
    """What must be reached and what is aimed at, in the words of the row's unit or ratio."""

    must: str = NONE
    aim: str = NONE


@dataclass(frozen=True)
class Row:
    """Samples of one thing; those of a floor were taken alternately, `is_paired` when sample by sample.

    For a rate the p99 is what 99 of 100 samples reach, so that it is the bad end for times and rates alike.
    """

    name: str
    unit: str
    ours: Sequence[float]
    floor: Sequence[float] = ()
    goal: Goal = Goal()
    is_rate: bool = False
    is_paired: bool = True

    def cells(self) -> tuple[str, ...]:
        """Return the row as text."""
        return (self.name, self.unit, *self._pair(self.ours), *self._pair(self.floor), self._ratio(), *self._goal())

    def _pair(self, samples: Sequence[float]) -> tuple[str, str]:
        if not samples:
            return NONE, NONE
        return _figure(statistics.median(samples)), _figure(quantile(samples, 0.01 if self.is_rate else 0.99))

    def _ratio(self) -> str:
        """Return the median over the pairs, which a machine that slows down for a while disturbs least."""
        if not self.floor:
            return NONE
        if not self.is_paired:
            return f"{statistics.median(self.ours) / statistics.median(self.floor):.2f}x"
        return f"{statistics.median(mine / bare for mine, bare in zip(self.ours, self.floor, strict=True)):.2f}x"

    def _goal(self) -> tuple[str, str]:
        return self.goal.must, self.goal.aim


@dataclass(frozen=True)
class Section:
    """One table with its title, and sentences with the figures that explain it."""

    title: str
    rows: Sequence[Row]
    notes: Sequence[str] = ()

    def __str__(self) -> str:
        """Return the table, its columns aligned."""
        return "\n".join([self.title, *_aligned([HEADINGS, *(row.cells() for row in self.rows)]), *self._told()])

    def _told(self) -> Iterator[str]:
        return (f"  * {note}" for note in self.notes)


def quantile(samples: Sequence[float], share: float) -> float:
    """Return the smallest sample that `share` of all samples do not exceed."""
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _aligned(table: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(cells[column]) for cells in table) for column in range(len(HEADINGS))]
    for cells in table:
        first, unit, *figures = (_padded(cell, widths[column], column) for column, cell in enumerate(cells))
        yield f"  {first}  {unit}  {'  '.join(figures)}"


def _padded(cell: str, width: int, column: int) -> str:
    return cell.ljust(width) if column < 2 else cell.rjust(width)


def _figure(value: float) -> str:
    """Return three significant digits, and no exponent."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.3f}" if value < 1 else f"{value:.2f}"
