"""A share of items that count differently: what it says, and of how many equal items it would say as much."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from patchtrail.learning.wilson import wilson_interval

__all__ = ["Share"]


@dataclass(frozen=True)
class Share:
    """A share from 0 to 1, of `of` items; weights make them fewer than were counted."""

    share: float
    of: float

    @classmethod
    def weighed(cls, hits: Iterable[tuple[bool, float]]) -> Share:
        """Return the share of hits, each with its weight; its size is Kish's: (sum of w)² / sum of w²."""
        counted = list(hits)
        total = sum(weight for _, weight in counted)
        if not total:
            return cls(0.0, 0.0)
        size = total**2 / sum(weight**2 for _, weight in counted)
        return cls(sum(weight for is_hit, weight in counted if is_hit) / total, size)

    @property
    def interval(self) -> tuple[float, float]:
        """Return Wilson's 95 % interval; of nothing it is everything."""
        return wilson_interval(self.share, self.of)

    def __str__(self) -> str:
        """Return the share with its interval, in per cent."""
        low, high = self.interval
        return f"{100 * self.share:.1f} % [{100 * low:.1f}, {100 * high:.1f}]" if self.of else "unknown"
