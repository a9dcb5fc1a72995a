"""Wilson's interval: what a share of few cases says about the share of all."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Proportion", "Z", "wilson_interval"]

Z = 1.959963984540054
"""Two-sided 95 %."""


@dataclass(frozen=True)
class Proportion:
    """So many of so many."""

    hits: int
    of: int

    @property
    def share(self) -> float:
        """Return the observed share; 0 of 0 is 0."""
        return self.hits / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval; of nothing it is everything."""
        return wilson_interval(self.share, self.of)

    def __add__(self, other: Proportion) -> Proportion:
        """Return both counted together."""
        return Proportion(self.hits + other.hits, self.of + other.of)

    def __str__(self) -> str:
        """Return the share with its interval, in per cent."""
        if not self.of:
            return "-"
        low, high = self.interval
        return f"{100 * self.share:5.1f} [{100 * low:.0f}-{100 * high:.0f}]"


def wilson_interval(share: float, of: float) -> tuple[float, float]:
    """Return the 95 % interval of a share of `of` cases, which weights may make a fraction; of nothing: everything."""
    if not of:
        return 0.0, 1.0
    spread = Z * math.sqrt(share * (1 - share) / of + Z * Z / (4 * of * of))
    middle, scale = share + Z * Z / (2 * of), 1 + Z * Z / of
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)
