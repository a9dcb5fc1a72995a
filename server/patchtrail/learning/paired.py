"""The same cases with and without: what changed, and whether chance alone explains it.

Sources: McNemar 1947 for the test, its exact form where few pairs differ; Newcombe 1998 (Statistics in Medicine 17,
2635-2650, method 10) for the interval of a difference of paired shares.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from patchtrail.learning.wilson import Proportion

__all__ = ["Paired"]

FEW_DISCORDANT = 25


@dataclass(frozen=True)
class Paired:
    """How many cases went well on both sides, on one alone, and on neither."""

    both: int = 0
    only_on: int = 0
    only_off: int = 0
    neither: int = 0

    def plus(self, *, is_on_well: bool, is_off_well: bool) -> Paired:
        """Return the counts with one more case."""
        return Paired(
            self.both + (is_on_well and is_off_well),
            self.only_on + (is_on_well and not is_off_well),
            self.only_off + (is_off_well and not is_on_well),
            self.neither + (not is_on_well and not is_off_well),
        )

    @property
    def pairs(self) -> int:
        """All cases."""
        return self.both + self.only_on + self.only_off + self.neither

    @property
    def discordant(self) -> int:
        """Cases in which the two sides differ; they alone tell anything about the difference."""
        return self.only_on + self.only_off

    @property
    def on(self) -> Proportion:
        """What went well with."""
        return Proportion(self.both + self.only_on, self.pairs)

    @property
    def off(self) -> Proportion:
        """What went well without."""
        return Proportion(self.both + self.only_off, self.pairs)

    @property
    def harm(self) -> Proportion:
        """What went well without alone."""
        return Proportion(self.only_off, self.pairs)

    @property
    def lift(self) -> float:
        """The share that went well with, less the share that went well without."""
        return (self.only_on - self.only_off) / self.pairs if self.pairs else 0.0

    @property
    def p_value(self) -> float:
        """McNemar's two-sided p: (b - c)²/(b + c) on one degree of freedom, exact binomial when few pairs differ."""
        if self.discordant < FEW_DISCORDANT:
            return _sign_test(min(self.only_on, self.only_off), self.discordant)
        return math.erfc(math.sqrt((self.only_on - self.only_off) ** 2 / self.discordant / 2))

    @property
    def lift_interval(self) -> tuple[float, float]:
        """Return the lift's 95 % interval by Newcombe's method 10; of nothing it is everything."""
        if not self.pairs:
            return -1.0, 1.0
        on, off = self.on, self.off
        (on_low, on_high), (off_low, off_high) = on.interval, off.interval
        correlation = self._correlation()
        down = _joined(on.share - on_low, off_high - off.share, correlation)
        up = _joined(on_high - on.share, off.share - off_low, correlation)
        return max(-1.0, self.lift - down), min(1.0, self.lift + up)

    def _correlation(self) -> float:
        """Return the paired outcomes' phi, corrected for continuity where it is positive."""
        margins = self.on.hits * (self.pairs - self.on.hits) * self.off.hits * (self.pairs - self.off.hits)
        if not margins:
            return 0.0
        agreement = self.both * self.neither - self.only_on * self.only_off
        if agreement > 0:
            agreement = max(agreement - self.pairs // 2, 0)
        return agreement / math.sqrt(margins)


def _joined(one: float, other: float, correlation: float) -> float:
    return math.sqrt(max(0.0, one * one - 2 * correlation * one * other + other * other))


def _sign_test(smaller: int, of: int) -> float:
    """Return the exact two-sided p of a fair coin; 1 where nothing differs."""
    return min(1.0, float(2 * sum(math.comb(of, hits) for hits in range(smaller + 1)) / 2**of))
