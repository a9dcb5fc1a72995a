"""A pattern's trial: paired runs with and without it, under a rule that is written down before the first of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from pydantic import JsonValue

from patchtrail.learning.paired import Paired
from patchtrail.learning.sequential import is_shown_above, lower_bound

__all__ = ["HARM_BOUND", "TrialPlan", "Verdict", "harm_low", "is_harmful"]

HARM_BOUND = 0.10
"""A pattern may spoil at most this share of the cases in which it is used."""
HARM_ALPHA = 0.05
Verdict = Literal["open", "lift", "harm", "no effect"]


def is_harmful(harmful: int, uses: int) -> bool:
    """Return whether the harmful share's lower bound lies above 10 %; true at every look, however many there are."""
    return is_shown_above(HARM_BOUND, harmful, uses, HARM_ALPHA)


def harm_low(harmful: int, uses: int) -> float:
    """Return the harmful share's lower bound, the one that `is_harmful` compares."""
    return lower_bound(harmful, uses, HARM_ALPHA)


@dataclass(frozen=True)
class TrialPlan:
    """The stopping rule, registered before the trial.

    `sequential` looks after every pair and stops as soon as the evidence suffices either way; `mcnemar` looks once,
    after `pairs`. Either way a trial that has used up its pairs without showing a lift found no effect.
    """

    test: Literal["sequential", "mcnemar"] = "sequential"
    pairs: int = 200
    alpha: float = 0.001
    """One-sided: the chance that a pattern without effect passes. Many patterns are tried, so it is small."""

    def verdict(self, paired: Paired) -> Verdict:
        """Return what the pairs so far say."""
        is_over = paired.pairs >= self.pairs
        if self.test == "mcnemar" and not is_over:
            return "open"
        if self._is_better(paired):
            return "harm" if is_harmful(paired.only_off, paired.pairs) else "lift"
        if self._is_worse(paired) or is_harmful(paired.only_off, paired.pairs):
            return "harm"
        return "no effect" if is_over else "open"

    def figures(self, paired: Paired) -> dict[str, JsonValue]:
        """Return the rule and the counts, as a stored decision keeps them."""
        low, high = paired.lift_interval
        wins = lower_bound(paired.only_on, paired.discordant, self.alpha)
        return {
            **asdict(self),
            **{f"pairs_{name}": count for name, count in asdict(paired).items()},
            "lift": round(paired.lift, 4),
            "lift_low": round(low, 4),
            "lift_high": round(high, 4),
            "p_value": round(paired.p_value, 6),
            "win_share_low": round(wins, 4),
            "harm_low": round(harm_low(paired.only_off, paired.pairs), 4),
        }

    def _is_better(self, paired: Paired) -> bool:
        if paired.lift_interval[0] <= 0:
            return False
        if self.test == "mcnemar":
            return paired.p_value / 2 < self.alpha
        return is_shown_above(0.5, paired.only_on, paired.discordant, self.alpha)

    def _is_worse(self, paired: Paired) -> bool:
        if self.test == "mcnemar":
            return paired.lift < 0 and paired.p_value / 2 < HARM_ALPHA
        return is_shown_above(0.5, paired.only_off, paired.discordant, HARM_ALPHA)
