"""What the comparison takes for as it must be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from three_sessions.outcome import Outcome, faults_of

SCORES = {"problem_understanding": 4.0}
SOLVED = Outcome(
    name="sample",
    way="signed",
    trace_id="trace-1",
    state="done",
    level="L4",
    replays=True,
    verdict="verified_fix",
    reason="",
    scores=SCORES,
    overall=4.0,
    judge="heuristic",
    alignment="not aligned with people: no human labels",
    files_edited=1,
    test_runs=2,
    has_commit=True,
    judged_after_s=3.0,
)
UNSOLVED = replace(SOLVED, name="failed", verdict="not_fixed", has_commit=False)


@pytest.mark.parametrize(
    "outcome",
    [
        SOLVED,
        UNSOLVED,
        replace(SOLVED, way="open", level="L0"),
        replace(SOLVED, verdict="not_run", reason="There is no sandbox."),
    ],
    ids=["solved", "unsolved", "unsigned", "no_sandbox"],
)
def test_what_is_as_it_must_be_has_no_fault(outcome: Outcome) -> None:
    """A fix is verified, a failure is not, the unsigned stands at L0, and a machine without a sandbox is no fault."""
    assert list(faults_of(outcome, within_s=300)) == []


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (replace(SOLVED, level="L3"), "it stands at L3, not at L4"),
        (replace(SOLVED, way="open"), "it stands at L4, not at L0"),
        (replace(SOLVED, replays=False), "its edits do not replay"),
        (replace(SOLVED, verdict="not_fixed"), "the verdict is not_fixed"),
        (replace(UNSOLVED, verdict="verified_fix"), "the verdict is verified_fix"),
        (replace(UNSOLVED, overall=None), "it was not judged"),
        (replace(SOLVED, judged_after_s=301.0), "judged after 301.0 s"),
        (replace(SOLVED, judged_after_s=None), "judged after None s"),
        (replace(SOLVED, state="failed", reason="Out of memory."), "the collector's work is failed. Out of memory."),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_fault_is_named_with_its_session(outcome: Outcome, told: str) -> None:
    """Anything else is one sentence, which says of which trace."""
    faults = list(faults_of(outcome, within_s=300))

    assert len(faults) == 1
    assert faults[0].startswith(f"{outcome.name}, {outcome.way} (trace-1): {told}")
