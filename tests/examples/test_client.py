"""What the open protocol's client tells of a collector's answer."""

from __future__ import annotations

from open_client import told
from patchtrail.contract.qa import JudgeReason, JudgeResult, QaResults, QaStanding, ReplayResult, ValidationResult

TRACE = "trace-" + "0" * 32


def lines(state: str, validation: ValidationResult | None, judge: JudgeResult | None, problem: str = "") -> list[str]:
    """Tell an answer as the collector would send it."""
    standing = QaStanding(
        trace_id=TRACE, state=state, problem=problem, results=QaResults(validation=validation, judge=judge)
    )
    return list(told(standing.model_dump(mode="json")))


def reason(check: str, **changes: object) -> JudgeReason:
    """Return a reason of a judge."""
    return JudgeReason(**{"dimension": "efficiency", "check": check, "is_met": False, "text": "Why.", **changes})


def test_a_result_is_told_whole() -> None:
    """Verdict, replay, tests, agreement, scores, and each check that is not met, or met in part."""
    replay = ReplayResult(agrees=True, start="snapshot", edits=2, divergence=None)
    validation = ValidationResult(
        tests_passed=True, verdict="verified_fix", reason="It passes.", replay=replay, fail_to_pass=["a"], agreement=0.5
    )
    reasons = [reason("converges"), reason("little_churn", is_met_in_part=True), reason("stays_in_scope", is_met=True)]
    judge = JudgeResult(scores={"efficiency": 3.5}, overall=3.5, kind="heuristic", rubric_version="1", reasons=reasons)

    assert lines("done", validation, judge) == [
        f"{TRACE}: done",
        "verdict   verified_fix: It passes.",
        "replay    edits: 2, all agree",
        "          fail_to_pass: 1 tests",
        "          pass_to_pass: 0 tests",
        "          fail_to_fail: 0 tests",
        "          pass_to_fail: 0 tests",
        "          run again as recorded: 50% of the tests agree",
        "judge     3.5 of 5 overall (heuristic, rubric 1)",
        "          efficiency: 3.5",
        "          not met: converges: Why.",
        "          met in part: little_churn: Why.",
    ]


def test_a_replay_that_does_not_agree_says_why() -> None:
    """The collector's own reason stands in place of the word."""
    replay = ReplayResult(agrees=False, start="none", edits=0, divergence=None, reason="There is no start commit.")
    validation = ValidationResult(tests_passed=None, verdict="not_run", reason="Nothing to start from.", replay=replay)

    assert "replay    edits: 0, There is no start commit." in lines("done", validation, None)


def test_work_that_failed_or_waits_is_told_with_its_reason() -> None:
    """Without results there is one line."""
    assert lines("failed", None, None, "It took too long.") == [f"{TRACE}: failed It took too long."]
    assert lines("queued", None, None) == [f"{TRACE}: queued"]
