"""What patches cost: the tries of one finding or batch folded into one, and what they add up to. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from patchtrail.contract.attempt import AttemptRecord, AttemptStatus, Strategy
from patchtrail.contract.wire import Count, WireModel

__all__ = [
    "MAX_MEAN_COST_USD",
    "MAX_MEAN_SECONDS",
    "AttemptStatistics",
    "PatchMetrics",
    "RuleLatency",
    "StrategyCost",
    "fold",
    "metrics_by_group",
    "statistics_of",
]

MAX_MEAN_COST_USD = 0.10
MAX_MEAN_SECONDS = 10.0
SLOWEST = 10


class PatchMetrics(WireModel):
    """All tries for one finding or batch, published names."""

    total_cost_usd: float
    total_tokens: Count
    total_latency_ms: Count
    retry_count: Count
    final_status: AttemptStatus


class StrategyCost(WireModel):
    """What the tries of one strategy cost."""

    strategy: Strategy
    attempts: Count
    total_cost_usd: float
    mean_cost_usd: float


class RuleLatency(WireModel):
    """How long the patches of one rule took on average, all their tries together."""

    rule_id: str
    patches: Count
    mean_seconds: float


class AttemptStatistics(WireModel):
    """Means per patch: over all findings and batches that were asked for, failed ones among them."""

    attempts: Count
    patches: Count
    accepted: Count
    mean_cost_usd: float
    mean_seconds: float
    total_cost_usd: float
    total_tokens: Count
    usd_per_accepted: float | None
    cost_by_strategy: list[StrategyCost]
    slowest_rules: list[RuleLatency]

    @property
    def is_within_limits(self) -> bool:
        """Whether the means are within 0.10 USD and 10 s."""
        return self.mean_cost_usd <= MAX_MEAN_COST_USD and self.mean_seconds <= MAX_MEAN_SECONDS


def fold(tries: Sequence[AttemptRecord]) -> PatchMetrics:
    """Return the metrics of the tries for one finding or batch; there is at least one."""
    last = max(tries, key=lambda one: (one.retry_attempt, one.timestamp))
    return PatchMetrics(
        total_cost_usd=sum(one.cost_usd for one in tries),
        total_tokens=sum(one.tokens_used for one in tries),
        total_latency_ms=sum(one.latency_ms for one in tries),
        retry_count=len(tries) - 1,
        final_status=last.status,
    )


def metrics_by_group(records: Iterable[AttemptRecord]) -> dict[str, PatchMetrics]:
    """Return the metrics of each group, by its id; a try without a group is one by itself."""
    return {group: fold(tries) for group, tries in _groups(records).items()}


def statistics_of(records: Sequence[AttemptRecord]) -> AttemptStatistics:
    """Return what some attempts add up to."""
    groups = _groups(records)
    metrics = [fold(tries) for tries in groups.values()]
    cost = sum(one.total_cost_usd for one in metrics)
    accepted = sum(one.final_status == "accepted" for one in metrics)
    return AttemptStatistics(
        attempts=len(records),
        patches=len(metrics),
        accepted=accepted,
        mean_cost_usd=_mean(cost, len(metrics)),
        mean_seconds=_mean(sum(one.total_latency_ms for one in metrics) / 1000, len(metrics)),
        total_cost_usd=cost,
        total_tokens=sum(one.total_tokens for one in metrics),
        usd_per_accepted=cost / accepted if accepted else None,
        cost_by_strategy=_by_strategy(records),
        slowest_rules=_slowest(groups),
    )


def _groups(records: Iterable[AttemptRecord]) -> dict[str, list[AttemptRecord]]:
    groups: dict[str, list[AttemptRecord]] = defaultdict(list)
    for one in records:
        groups[one.group_id or one.attempt_id].append(one)
    return groups


def _by_strategy(records: Iterable[AttemptRecord]) -> list[StrategyCost]:
    costs: dict[Strategy, list[float]] = defaultdict(list)
    for one in records:
        costs[one.strategy].append(one.cost_usd)
    return [
        StrategyCost(strategy=strategy, attempts=len(of), total_cost_usd=sum(of), mean_cost_usd=_mean(sum(of), len(of)))
        for strategy, of in sorted(costs.items())
    ]


def _slowest(groups: dict[str, list[AttemptRecord]]) -> list[RuleLatency]:
    seconds: dict[str, list[float]] = defaultdict(list)
    for tries in groups.values():
        seconds[tries[0].rule_id].append(sum(one.latency_ms for one in tries) / 1000)
    rules = [
        RuleLatency(rule_id=rule, patches=len(of), mean_seconds=_mean(sum(of), len(of))) for rule, of in seconds.items()
    ]
    return sorted(rules, key=lambda one: (-one.mean_seconds, one.rule_id))[:SLOWEST]


def _mean(total: float, count: int) -> float:
    return total / count if count else 0.0
