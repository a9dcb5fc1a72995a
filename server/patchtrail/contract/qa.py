"""What a collector finds out about a trace by itself: the validation, the judgement, and where the work stands.

`tests_passed`, `scores` and `overall` are the published names of the trace document v1.0; the rest stands beside them.
Nothing here is signed, so scores are decimals.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from patchtrail.contract.wire import Count, Millis, TraceId, WireModel

__all__ = [
    "DIMENSIONS",
    "ChangedCoverage",
    "Dimension",
    "Divergence",
    "FileCoverage",
    "JudgeAlignment",
    "JudgeKind",
    "JudgeReason",
    "JudgeResult",
    "LintDelta",
    "LintFinding",
    "QaQueue",
    "QaRerun",
    "QaResults",
    "QaStanding",
    "QaState",
    "RecordedRun",
    "ReplayResult",
    "StartSource",
    "TestDisagreement",
    "ValidationResult",
    "Verdict",
]

Dimension = Literal[
    "problem_understanding",
    "causal_linking",
    "experiment_design",
    "efficiency",
    "reproducibility",
    "safety_hygiene",
]
DIMENSIONS: dict[Dimension, int] = {
    "problem_understanding": 20,
    "causal_linking": 25,
    "experiment_design": 20,
    "efficiency": 15,
    "reproducibility": 10,
    "safety_hygiene": 10,
}
"""The rubric's dimensions and their weights in percent, as published."""

Verdict = Literal["verified_fix", "not_fixed", "regression", "flaky", "not_reproducible", "no_tests", "not_run"]
StartSource = Literal["snapshot", "origin", "none"]
JudgeKind = Literal["heuristic", "model"]
QaState = Literal["waiting", "queued", "running", "done", "failed"]
TestWord = Literal["passed", "failed", "error", "skipped", "absent"]


class Divergence(WireModel):
    """Where a replay first led to something else than what was recorded."""

    seq: Count | None = Field(description="The event; null where none is to blame.")
    file_path: str
    message: str


class ReplayResult(WireModel):
    """Whether the recorded edits lead, on the start commit, to the contents that were recorded."""

    agrees: bool
    start: StartSource = Field(description="Where the files of the start commit came from.")
    edits: Count
    divergence: Divergence | None
    withheld_files: list[str] = Field(default=[], description="Files that changed and whose content is not recorded.")
    redacted_files: list[str] = Field(
        default=[], description="Files whose text was redacted, in the start commit or in an edit."
    )
    reason: str = Field(default="", description="Why it does not agree, or could not be done, in a sentence.")


class TestDisagreement(WireModel):
    """A test whose outcome was another when the collector ran it."""

    test_id: str
    recorded: TestWord
    rerun: TestWord


class RecordedRun(WireModel):
    """A recorded `test_run`, run again on the files as they stood then, and compared test by test."""

    seq: Count
    agrees: bool | None = Field(description="Null where nothing could be compared; `problem` says why.")
    compared: Count = Field(description="How many tests both runs tell of.")
    disagreements: list[TestDisagreement] = Field(default=[])
    problem: str = ""


class FileCoverage(WireModel):
    """A changed file's executable changed lines, and those of them that the tests reached; from 1."""

    changed: list[Count]
    covered: list[Count]


class ChangedCoverage(WireModel):
    """Line coverage of the lines that the session changed."""

    tool: str
    changed_lines: Count
    covered_lines: Count
    files: dict[str, FileCoverage]


class LintFinding(WireModel):
    """What a linter says of one place."""

    rule: str
    file_path: str
    line: Count
    message: str


class LintDelta(WireModel):
    """What a linter says at the end that it did not say at the start, and the other way round."""

    tool: str
    before: Count
    after: Count
    new: list[LintFinding]
    gone: list[LintFinding]


class ValidationResult(WireModel):
    """What came of replaying a trace and running its tests in the sandbox."""

    tests_passed: bool | None = Field(description="Whether all tests passed at the end; null when nothing ran.")
    verdict: Verdict | None = Field(default=None, description="Null in a document that tells no more than the above.")
    reason: str = Field(default="", description="Why the verdict is what it is, in plain words.")
    replay: ReplayResult | None = None
    fail_to_pass: list[str] = Field(default=[], description="Tests that failed at the start and pass at the end.")
    pass_to_pass: list[str] = Field(default=[], description="Tests that passed at the start and pass at the end.")
    fail_to_fail: list[str] = Field(default=[], description="Tests that failed at the start and still fail.")
    pass_to_fail: list[str] = Field(default=[], description="Tests that passed at the start and fail at the end.")
    flaky: list[str] = Field(default=[], description="Tests with different outcomes on the same files.")
    changed_test_files: list[str] = Field(
        default=[], description="Tests, conftest files and plugins that the session changed; pristine ones decide."
    )
    cheats: list[str] = Field(default=[], description="What was found that would have bent the verdict, in words.")
    recorded_runs: list[RecordedRun] = Field(default=[])
    agreement: float | None = Field(default=None, description="Share of compared tests that agree; null when none.")
    coverage: ChangedCoverage | None = None
    lint: LintDelta | None = None
    runner: str = Field(default="", description="pytest, unittest, jest, vitest, go or junit.")
    sandbox: str = Field(default="", description="The back end that ran the tests, and the Python it gave them.")
    missing_limits: list[str] = Field(default=[], description="What the sandbox could not limit on this machine.")
    network: Literal["none"] = "none"
    test_output: str = Field(default="", description="The end of the last run's output.")
    duration_ms: Millis = 0


class JudgeReason(WireModel):
    """One reason for a score, with the events that it rests on."""

    dimension: Dimension
    check: str = Field(description="The rubric's check that it answers.")
    is_met: bool
    is_met_in_part: bool = Field(default=False, description="It counts half; `is_met` is false then.")
    text: str
    event_seqs: list[Count] = Field(default=[])
    quotes: list[str] = Field(default=[], description="Verbatim words of the cited events.")
    struck_out: str = Field(default="", description="Why this reason counts for nothing; empty where it counts.")


class JudgeAlignment(WireModel):
    """How far a judge agrees with people: what has to stand wherever its score does."""

    is_aligned: bool
    badge: str = Field(description="The verdict in a sentence, with what it rests on, or why it is not given.")
    labelled: Count = Field(default=0, description="How many of its judgements people labelled.")
    agreement: float | None = Field(default=None, description="Share of judgements on which it agrees with people.")
    agreement_low: float | None = Field(default=None, description="Lower bound of its 95 % interval.")
    aligned_dimensions: list[Dimension] = Field(
        default=[], description="Dimensions whose points pass a gate of their own."
    )


class JudgeResult(WireModel):
    """Scores from 0 to 5 per dimension of the rubric, and their weighted mean."""

    scores: dict[str, float]
    overall: float
    kind: JudgeKind | None = None
    rubric_version: str = ""
    reasons: list[JudgeReason] = Field(default=[])
    models: list[str] = Field(default=[], description="The models that were asked; empty for the heuristic judge.")
    samples: list[dict[str, float]] = Field(default=[], description="The scores of each sample of a model judge.")
    spread: dict[str, float] = Field(default={}, description="Highest less lowest sample, per dimension.")
    abstained: list[Dimension] = Field(
        default=[], description="Dimensions on which the samples disagree too much; the heuristic's score stands there."
    )
    needs_human: bool = False
    cost_usd: float | None = None
    fallback: str = Field(default="", description="Why the configured model did not judge, where it did not.")
    heuristic_overall: float | None = Field(default=None, description="The heuristic judge's, beside a model's.")
    alignment: JudgeAlignment | None = Field(
        default=None, description="By the newest report that its collector has; null: nobody has looked."
    )

    @property
    def judged_by(self) -> str:
        """Name whoever gave the scores: labels of another judge, model or rubric say nothing about this one."""
        models = " + ".join(sorted(self.models))
        who = f"model {models}" if self.kind == "model" and models else self.kind or "unknown judge"
        return f"{who}, rubric {self.rubric_version}" if self.rubric_version else who


class QaResults(WireModel):
    """What the collector found out by itself; null until it has."""

    validation: ValidationResult | None
    judge: JudgeResult | None


class QaStanding(WireModel):
    """Where the work on a trace stands: `waiting` until the trace is complete."""

    trace_id: TraceId
    state: QaState
    queued_ms: Millis | None = None
    started_ms: Millis | None = None
    ended_ms: Millis | None = None
    tries: Count = 0
    problem: str = Field(default="", description="Why the last try failed, where it did.")
    results: QaResults


class QaRerun(WireModel):
    """Ask for a trace to be assessed again: all of it, or the judgement alone, on the validation that there is."""

    judge_only: bool = False


class QaQueue(WireModel):
    """How much work waits, and for how long."""

    queued: Count
    running: Count
    failed: Count
    done: Count
    oldest_queued_ms: Millis | None = Field(description="Age of the oldest job that waits; null when none does.")
    age_p95_ms: Millis | None = Field(description="Over the last jobs that started: how long they had waited.")
