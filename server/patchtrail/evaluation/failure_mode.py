"""A failure mode and all that is known of it; modes rank by frequency times severity times recency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from patchtrail.contract.learning import LearningSeverity
from patchtrail.evaluation.failure import Failure

__all__ = ["Clustering", "Mode", "Rank", "rank_of"]

WEIGHTS: dict[LearningSeverity, int] = {"low": 1, "medium": 2, "high": 3, "critical": 4}
HALF_LIFE_DAYS = 14.0
DAY_S = 86_400.0


@dataclass(frozen=True)
class Rank:
    """`share` of all failures, mean `severity` from 1 (low) to 4 (critical), mean `recency` from 0 to 1 (newest)."""

    share: float
    severity: float
    recency: float

    @property
    def score(self) -> float:
        """Return the product."""
        return self.share * self.severity * self.recency


@dataclass(frozen=True)
class Mode:
    """Failures of one kind: those with one exact signature, or those that say the same in words.

    The counter-example is the failure that is most like them and is not one of them. `stability` is that of
    `stability.py`, 1 for a signature; `silhouette` is unknown where there is one mode alone.
    """

    mode_id: str
    name: str
    suggested: str
    signature: tuple[str, ...] | None
    members: tuple[Failure, ...]
    exemplars: tuple[Failure, ...]
    counter_example: Failure | None
    stability: float
    silhouette: float | None
    rank: Rank

    @property
    def count(self) -> int:
        """How often it was seen."""
        return sum(one.count for one in self.members)


@dataclass(frozen=True)
class Clustering:
    """The modes, the worst first, and what belongs to none."""

    modes: tuple[Mode, ...]
    noise: tuple[Failure, ...]

    @property
    def count(self) -> int:
        """All failures as often as they were seen."""
        return sum(mode.count for mode in self.modes) + sum(one.count for one in self.noise)

    @property
    def noise_share(self) -> float:
        """The share of failures that belong to no mode."""
        return sum(one.count for one in self.noise) / self.count if self.count else 0.0


def rank_of(members: Sequence[Failure], total: int, newest: datetime) -> Rank:
    """Return a mode's rank among `total` failures; what is 14 days older than the newest counts half."""
    count = sum(one.count for one in members)
    severity = sum(one.count * WEIGHTS[one.severity] for one in members) / count
    ages = [((newest - one.at).total_seconds() / DAY_S, one.count) for one in members]
    recency = sum(times * 0.5 ** (age / HALF_LIFE_DAYS) for age, times in ages) / count
    return Rank(count / total, severity, recency)
