"""Turns a trace into evidence: its replay, its tests at the start, on the way and at the end, and what follows."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from patchtrail.contract.qa import LintDelta, RecordedRun, ReplayResult, ValidationResult, Verdict
from patchtrail.qa.case import Case
from patchtrail.qa.changed_coverage import changed_coverage
from patchtrail.qa.changed_tests import changed_test_files
from patchtrail.qa.ground import Origin, ground_of
from patchtrail.qa.proof import Proof, prove
from patchtrail.qa.reruns import agreement_of, red_keys, rerun_all, runs_at
from patchtrail.qa.states import States, moment_of, replay_states
from patchtrail.qa.suite import Suite, SuiteRun, Suites, Unrunnable
from patchtrail.qa.trials import BUDGET_S, Trials
from patchtrail.qa.verdict import Facts, verdict_of
from patchtrail.sandbox import Cancelling
from patchtrail.trace.file_tree import FileTree
from patchtrail.trace.test_names import KnownTests

__all__ = ["Linting", "Validator"]

MAX_OUTPUT_CHARS = 20_000
MAX_FAULT_CHARS = 300
CANCELLED = "It was cancelled."
FAULTS = (TypeError, ValueError, AttributeError, LookupError, ArithmeticError, RuntimeError, AssertionError)
"""What somebody else's data may lead to; a fault of the machine is none, and may be gone at another try."""
logger = logging.getLogger(__name__)


class Linting(Protocol):
    """Compares what a linter says of two trees."""

    def __call__(self, start: FileTree, end: FileTree, cancellation: Cancelling) -> LintDelta | None:
        """Return the difference; None where there is no linter, or nothing for it."""


@dataclass(frozen=True)
class Validator:
    """Replays and tests traces; one object may serve any number of threads.

    `origin` fetches start commits where there is no snapshot; without it none is fetched. `budget_s` bounds what goes
    beyond the runs that the verdict needs.
    """

    suites: Suites
    origin: Origin | None = None
    linting: Linting | None = None
    budget_s: float = BUDGET_S
    clock: Callable[[], float] = time.monotonic

    def validate(self, case: Case, cancellation: Cancelling) -> ValidationResult:
        """Return what came of a case. Nothing that it holds makes this raise; the reason says what was in the way."""
        began_s = self.clock()
        try:
            result = self._validated(case, cancellation)
        except FAULTS as error:
            # All of a case is somebody else's, and who breaks what reads it is judged all the same.
            logger.exception("the validation of %s broke", case.trace_id)
            problem = f"What the trace holds could not be read: {type(error).__name__}: {str(error)[:MAX_FAULT_CHARS]}"
            replay = ReplayResult(agrees=False, start="none", edits=0, divergence=None, reason=problem)
            result = _unrun(Facts(cannot_run=problem), replay)
        return result.model_copy(update={"duration_ms": max(0, round((self.clock() - began_s) * 1000))})

    def _validated(self, case: Case, cancellation: Cancelling) -> ValidationResult:
        ground = ground_of(case, self.origin, cancellation)
        if ground.tree is None:
            replay = ReplayResult(agrees=False, start="none", edits=0, divergence=None, reason=ground.problem)
            return _unrun(Facts(no_ground=ground.problem), replay)
        if (departure := ground.departure) is not None:
            reason = f"{departure.file_path}: {departure.message}"
            replay = ReplayResult(agrees=False, start="snapshot", edits=0, divergence=departure, reason=reason)
            return _unrun(Facts(divergence=reason), replay)
        moments = {at: moment_of(case.events, at) for at, _ in runs_at(case.events)}
        played = ground.tree, ground.source, case.events, case.artifacts, set(moments.values())
        states = replay_states(*played, is_signed=case.is_signed)
        if states.result.divergence is not None:
            return _unrun(Facts(divergence=states.result.reason), states.result)
        lint = None if self.linting is None else self.linting(states.start, states.end, cancellation)
        suite = self.suites.suite_of(states.start, case.recipe_toml, cancellation)
        if isinstance(suite, Unrunnable):
            facts = Facts(has_tests=False) if suite.trouble == "no_tests" else Facts(cannot_run=suite.problem)
            return _unrun(facts, states.result).model_copy(update={"lint": lint})
        trials = Trials(suite, cancellation, self.budget_s, self.clock)
        red = KnownTests(red_keys(case.events, case.artifacts))
        proof = prove(states, trials, red)
        recorded = _recorded(case, states, trials, moments)
        proof = replace(proof, facts=_as_recorded(case, states, moments, recorded, proof))
        if cancellation.is_cancelled:
            return _unrun(Facts(cannot_run=CANCELLED), states.result)
        covered = trials.covered(states.end) if proof.end_runs and not proof.facts.cannot_run else None
        told = _told(states, suite, trials, proof)
        return told.model_copy(
            update={
                "recorded_runs": recorded,
                "agreement": agreement_of(recorded),
                "lint": lint,
                "coverage": covered and changed_coverage(states.start, states.end, covered, suite.is_test_file),
                "reason": " ".join([told.reason, *trials.notes]),
            }
        )


def _recorded(case: Case, states: States, trials: Trials, moments: dict[int, int]) -> list[RecordedRun]:
    return rerun_all(
        case.events, case.artifacts, moments, lambda moment, run: trials.once(states.after[moment], run.command_line)
    )


def _as_recorded(
    case: Case, states: States, moments: dict[int, int], recorded: Sequence[RecordedRun], proof: Proof
) -> Facts:
    """Return the facts, and say so where tests fail because files are not the participant's own.

    That is so where such files could not be imported, and where the last run on the very files of the end was green.
    """
    facts = proof.facts
    foreign = states.end.redacted | set(states.result.withheld_files)
    if facts.not_as_recorded or not foreign or not (facts.newly_failing or facts.still_failing):
        return facts
    last = [(told, moments[at]) for (at, _), told in zip(runs_at(case.events), recorded, strict=True)][-1:]
    for told, moment in last:
        lost = [one.test_id for one in told.disagreements if one.recorded == "passed"]
        if lost and states.after[moment].files == states.end.files:
            message = f"What passed when it was recorded fails on files that are not its own ({_some(foreign)})."
            return replace(facts, not_as_recorded=message)
    return facts


def _unrun(facts: Facts, replay: ReplayResult) -> ValidationResult:
    verdict, reason = verdict_of(facts)
    return ValidationResult(tests_passed=None, verdict=verdict, reason=reason, replay=replay)


def _told(states: States, suite: Suite, trials: Trials, proof: Proof) -> ValidationResult:
    verdict, reason = verdict_of(proof.facts)
    changes, runs = proof.changes, list(trials.all_runs)
    last = proof.end_runs[-1] if proof.end_runs else SuiteRun()
    return ValidationResult(
        tests_passed=_passed(proof, verdict),
        verdict=verdict,
        reason=reason,
        replay=states.result,
        fail_to_pass=list(changes.fail_to_pass),
        pass_to_pass=list(changes.pass_to_pass),
        fail_to_fail=list(changes.fail_to_fail),
        pass_to_fail=list(changes.pass_to_fail),
        flaky=sorted({*changes.flaky, *changes.newly_flaky}),
        changed_test_files=changed_test_files(states.start, states.end, suite.is_test_file),
        cheats=list(proof.cheats),
        runner=suite.runner,
        sandbox=suite.sandbox,
        missing_limits=sorted({limit for run in runs for limit in run.missing_limits}),
        test_output=last.output[-MAX_OUTPUT_CHARS:],
    )


def _passed(proof: Proof, verdict: Verdict) -> bool | None:
    """Return whether everything passed at the end; None where nothing ran there."""
    runs = proof.end_runs
    if verdict in ("not_run", "no_tests") or not any(run.cases or run.trouble for run in runs):
        return None
    words = {case.outcome for run in runs for case in run.cases}
    return not any(run.trouble for run in runs) and "passed" in words and not words & {"failed", "error"}


def _some(names: set[str] | frozenset[str]) -> str:
    listed = sorted(names)
    return ", ".join(listed[:3]) + (f" and {len(listed) - 3} more" if len(listed) > 3 else "")
