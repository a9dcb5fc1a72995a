"""Damaged answers of every class become the right text or a refusal; a third outcome is the worst defect."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from tests.patching.suite import CLASSES, Result, run_class

GOLDEN = Path(__file__).parent / "suite_shares.json"
LEAST_CASES = 2_000
FLOOR = 0.9
FLOORS = {"cut_off": 0.0, "removed_absent": 0.3, "fix_as_context": 0.5, "mixed": 0.8}
"""The least share of right results. A cut answer must never be applied; a misquoted removed line seldom can."""

result_of = cache(run_class)


def shares(result: Result) -> dict[str, object]:
    """Return what the golden file says of one class."""
    return {
        **{one: result.counts[one] for one in ("right", "refused", "wrong")},
        "modes": dict(sorted(result.modes.items())),
    }


@pytest.mark.parametrize("name", CLASSES)
def test_class(name: str) -> None:
    """No answer of the class is applied wrongly, and enough of them are applied."""
    result = result_of(name)

    told = [f"{answer.defects}\n{answer.text}\n=== got\n{diff}" for answer, _, diff in result.wrong[:2]]
    assert not result.wrong, "\n\n".join(told)
    assert result.counts["right"] >= FLOORS.get(name, FLOOR) * result.counts.total()
    assert name != "cut_off" or result.counts["right"] == 0


def test_the_shares_are_known(request: pytest.FixtureRequest) -> None:
    """The realised shares of every class are those of the golden file, over at least two thousand cases."""
    found = {name: shares(result_of(name)) for name in CLASSES}
    if request.config.getoption("--update"):
        GOLDEN.write_text(json.dumps(found, indent=2) + "\n")

    assert found == json.loads(GOLDEN.read_text())
    assert sum(result_of(name).counts.total() for name in CLASSES) >= LEAST_CASES
