"""What a collector found out, told to a person: nothing of it is left out, and whose opinion it is stands beside it."""

from __future__ import annotations

from patchtrail.contract.qa import (
    ChangedCoverage,
    Divergence,
    FileCoverage,
    JudgeReason,
    JudgeResult,
    LintDelta,
    LintFinding,
    RecordedRun,
    ReplayResult,
    ValidationResult,
)
from patchtrail.trace import told_judgement, told_validation

DISAGREES = ReplayResult(
    agrees=False,
    start="snapshot",
    edits=1,
    divergence=Divergence(seq=7, file_path="shop/cart.py", message="The hash is another."),
    withheld_files=["logo.png"],
    redacted_files=["keys.py"],
    reason="The replay does not agree.",
)
VALIDATION = ValidationResult(
    tests_passed=False,
    verdict="regression",
    reason="What passed at the start fails at the end.",
    replay=DISAGREES,
    fail_to_pass=["t::fixed"],
    pass_to_fail=["t::broken"],
    changed_test_files=["conftest.py"],
    cheats=["t::x fails, and is skipped by the session's own tests."],
    recorded_runs=[
        RecordedRun.model_validate(
            {
                "seq": 4,
                "agrees": False,
                "compared": 1,
                "disagreements": [{"test_id": "t::y", "recorded": "passed", "rerun": "failed"}],
            }
        )
    ],
    agreement=0.5,
    coverage=ChangedCoverage(
        tool="coverage.py", changed_lines=4, covered_lines=3, files={"a.py": FileCoverage(changed=[1], covered=[1])}
    ),
    lint=LintDelta(
        tool="ruff",
        before=1,
        after=1,
        new=[LintFinding(rule="F841", file_path="a.py", line=3, message="unused")],
        gone=[LintFinding(rule="F401", file_path="a.py", line=1, message="not used")],
    ),
    runner="pytest",
    sandbox="bubblewrap, Python 3.11",
    missing_limits=["memory"],
)
REASON = JudgeReason(
    dimension="causal_linking",
    check="fix_follows",
    is_met=True,
    text="It follows.",
    event_seqs=[2, 6],
    struck_out="The quote does not stand there.",
)


def test_a_validation_is_told_whole() -> None:
    """Verdict, replay, tests, changed tests, cheats, re-runs, coverage, findings and missing limits are told."""
    told = "\n".join(told_validation(VALIDATION))

    for words in (
        "regression: What passed at the start fails at the end.",
        "does not agree: The replay does not agree. (1 edit, start: snapshot)",
        "first at event 7, shop/cart.py: The hash is another.",
        "changed, but withheld: 1\n    logo.png",
        "replayed in redacted form: 1\n    keys.py",
        "FAIL_TO_PASS: 1\n    t::fixed",
        "passed before, failed after: 1\n    t::broken",
        "pristine ones decided: 1\n    conftest.py",
        "cheats: 1\n    t::x fails",
        "the run of event 4, run again: disagrees, 1 test\n    t::y: recorded passed, run again failed",
        "50 % of the compared tests",
        "tests reached 3 of 4 changed lines (coverage.py)",
        "ruff: 1 findings before, 1 after\n  new: 1\n    a.py:3 F841 unused\n  gone: 1\n    a.py:1 F401 not used",
        "run by pytest in bubblewrap, Python 3.11, network: none",
        "not limited on that machine: 1\n    memory",
    ):
        assert words in told


def test_a_judgement_says_whose_it_is() -> None:
    """The heuristic judge is called heuristic, with the rubric's version; a reason names its events and its fault."""
    result = JudgeResult(
        scores={"causal_linking": 3.0}, overall=3.0, kind="heuristic", rubric_version="1", reasons=[REASON]
    )
    first, *rest = told_judgement(result)

    assert first == "3.00 of 5 (heuristic, rubric 1)"
    assert "    + fix_follows: It follows. [event 2, event 6] (struck out: The quote does not stand there.)" in rest


def test_a_model_that_did_not_judge_is_told() -> None:
    """A result is called heuristic where the configured model failed, with the reason; else the models are named."""
    kept = JudgeResult(scores={}, overall=3.0, kind="heuristic", rubric_version="1", fallback="It did not answer.")
    modelled = kept.model_copy(
        update={
            "kind": "model",
            "models": ["gpt-4o-mini"],
            "fallback": "",
            "scores": {"efficiency": 3.0},
            "spread": {"efficiency": 1.5},
            "abstained": ["efficiency"],
            "heuristic_overall": 2.5,
            "needs_human": True,
            "cost_usd": 0.0123,
        }
    )
    told = "\n".join(told_judgement(modelled))

    assert told_judgement(kept) == [
        "3.00 of 5 (heuristic, rubric 1)",
        "  this judge is not aligned with people: no human labels",
        "  the configured model did not judge: It did not answer.",
    ]
    for words in (
        "(gpt-4o-mini, rubric 1)",
        "spread 1.5, abstained",
        "heuristic judge says 2.50",
        "a person",
        "0.0123",
    ):
        assert words in told
