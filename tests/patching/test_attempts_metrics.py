"""What attempts cost: tries folded per finding or batch, and their statistics."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchtrail.contract.attempt import AttemptRecord
from patchtrail.patching.patch_metrics import fold, metrics_by_group, statistics_of
from tests.contract.patch_samples import RECORD


def tried(
    group: str, retry: int, status: str, cost: float = 0.01, latency_ms: int = 1_000, **more: Any
) -> AttemptRecord:
    """Return one try."""
    told = {"attempt_id": f"{group}-{retry}", "group_id": group, "retry_attempt": retry, "status": status, **more}
    priced = {"cost_usd": cost, "latency_ms": latency_ms, "tokens_used": 100}
    return AttemptRecord.model_validate_json(json.dumps({**RECORD, **told, **priced}))


def test_tries_of_one_finding_are_one_patch() -> None:
    """All tries count, and the last one says how it ended, in whatever order they are given."""
    tries = [tried("g", 2, "accepted", 0.02, 500), tried("g", 1, "failed", 0.03, 1_500)]
    told = fold(tries)

    assert told.model_dump() == {
        "total_cost_usd": 0.05,
        "total_tokens": 200,
        "total_latency_ms": 2_000,
        "retry_count": 1,
        "final_status": "accepted",
    }


def test_statistics() -> None:
    """Means are per patch, failed tries included; dollars per accepted patch are all that was spent."""
    told = statistics_of(
        [
            tried("g", 1, "failed", 0.03, 2_000),
            tried("g", 2, "accepted", 0.03, 2_000),
            tried("h", 1, "failed", 0.06, 8_000, rule_id="D100", strategy="batch"),
            tried("", 1, "undone", 0.0, 0, attempt_id="lone"),
        ]
    )

    assert (told.attempts, told.patches, told.accepted, told.total_tokens) == (4, 3, 1, 400)
    assert (told.mean_cost_usd, told.mean_seconds) == (pytest.approx(0.04), pytest.approx(4.0))
    assert told.usd_per_accepted == pytest.approx(0.12)
    assert [(one.strategy, one.attempts, one.total_cost_usd) for one in told.cost_by_strategy] == [
        ("batch", 1, pytest.approx(0.06)),
        ("single", 3, pytest.approx(0.06)),
    ]
    assert [(one.rule_id, one.mean_seconds) for one in told.slowest_rules] == [("D100", 8.0), ("F401", 2.0)]
    assert told.is_within_limits


@pytest.mark.parametrize(("cost", "latency_ms"), [(0.11, 0), (0.0, 10_001)])
def test_limits(cost: float, latency_ms: int) -> None:
    """Either mean above its limit is too much; the limits themselves are not."""
    assert not statistics_of([tried("g", 1, "offered", cost, latency_ms)]).is_within_limits
    assert statistics_of([tried("g", 1, "offered", 0.10, 10_000)]).is_within_limits


def test_nothing_costs_nothing() -> None:
    """Without attempts there is nothing to divide by."""
    told = statistics_of([])

    assert (told.patches, told.mean_cost_usd, told.usd_per_accepted, told.is_within_limits) == (0, 0.0, None, True)


def test_ten_slowest() -> None:
    """Of many rules the ten slowest are told, the slowest first."""
    told = statistics_of([tried(f"g{at}", 1, "failed", 0, at, rule_id=f"R{at:02}") for at in range(15)])

    assert [one.rule_id for one in told.slowest_rules] == [f"R{at:02}" for at in range(14, 4, -1)]


@given(st.lists(st.tuples(st.sampled_from("gh"), st.integers(1, 3), st.integers(0, 10**6)), max_size=12))
def test_folding_loses_nothing(told: list[tuple[str, int, int]]) -> None:
    """Folded by group, times and tries add up to those of all attempts."""
    records = [tried(group, retry, "failed", 0, latency) for group, retry, latency in told]
    folded = metrics_by_group(records).values()

    assert sum(one.total_latency_ms for one in folded) == sum(latency for _, _, latency in told)
    assert sum(one.retry_count + 1 for one in folded) == len(told)
