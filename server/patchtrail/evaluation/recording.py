"""From what a suite came to, to the runs that are kept: one run per arm, one result per planted finding."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from patchtrail.contract.attempt import AttemptRecord
from patchtrail.evaluation.arms import Texts
from patchtrail.evaluation.case import PatchCase, Planted, truths_json
from patchtrail.evaluation.outcome import Outcome
from patchtrail.evaluation.run import ENGINE, OFFLINE, Fixed, SuiteResult, texts_of
from patchtrail.evaluation.run_store import TestResult
from patchtrail.text import diff

__all__ = ["dataset_id_of", "reason_of", "results_by_arm", "results_of", "test_name_of"]

RULES = "rules"
"""The model's name in an attempt that asked none."""


def dataset_id_of(cases: Sequence[PatchCase]) -> str:
    """Return the SHA-256, in hex, of all that is asked and of every truth."""
    return hashlib.sha256(truths_json(cases).encode()).hexdigest()


def results_by_arm(result: SuiteResult) -> dict[str, list[TestResult]]:
    """Return every arm's results, ours first."""
    return {arm: list(_results(result, arm, outcomes)) for arm, outcomes in result.outcomes.items()}


def results_of(
    cases: Sequence[PatchCase], fixed: Mapping[str, Fixed], outcomes: Mapping[str, Outcome]
) -> list[TestResult]:
    """Return the results of an engine's answers alone."""
    alone = SuiteResult(tuple(cases), fixed, {ENGINE: outcomes}, {ENGINE: texts_of(fixed)}, damages=(), applies={})
    return results_by_arm(alone)[ENGINE]


def test_name_of(case: PatchCase, planted: Planted) -> str:
    """Return a name that follows from the case's content, not from its number in a data set."""
    own_path = case.file_path.partition("/")[2]
    content = hashlib.sha256(f"{case.before}\0{case.after}".encode()).hexdigest()
    return f"{planted.finding.rule_id} {own_path}:{planted.finding.line} #{content[:10]}"


test_name_of.__test__ = False  # type: ignore[attr-defined]  # pytest reads it of any name like a test's


def _results(result: SuiteResult, arm: str, outcomes: Mapping[str, Outcome]) -> Iterator[TestResult]:
    seen = set[str]()
    for case in result.cases:
        outcome, spent = outcomes.get(case.case_id), _spent(result, arm, case.case_id)
        for number, planted in enumerate(case.planted):
            name = test_name_of(case, planted)
            if name in seen:
                continue
            seen.add(name)
            is_fixed = outcome is not None and outcome.fixed[number]
            yield TestResult(
                test_name=name,
                label=planted.finding.rule_id,
                passed=is_fixed,
                is_offered=outcome is not None and outcome.is_applied,
                error_message=None if is_fixed else _reason(result, arm, case.case_id, outcome),
                tokens_used=round(sum(one.tokens_used for one in spent) / len(case.planted)),
                latency_ms=round(sum(one.latency_ms for one in spent) / len(case.planted)),
                cost_usd=sum(one.cost_usd for one in spent) / len(case.planted),
                patch=_patch(case, result.texts[arm].get(case.case_id)),
            )


def _spent(result: SuiteResult, arm: str, case_id: str) -> list[AttemptRecord]:
    """Return the requests that an arm needed: all of the engine's, the first one alone where its answer was used."""
    asked = [one for one in result.fixed[case_id].attempts if one.model != RULES]
    return asked if arm == ENGINE else [] if arm == OFFLINE else asked[:1]


def _reason(result: SuiteResult, arm: str, case_id: str, outcome: Outcome | None) -> str:
    if arm == ENGINE and result.fixed[case_id].message:
        return result.fixed[case_id].message
    return reason_of(outcome)


def reason_of(outcome: Outcome | None) -> str:
    """Return in words why a finding is not fixed."""
    if outcome is None or not outcome.is_applied:
        return "Nothing was applied."
    return "The tool still reports it, or something new." if outcome.is_parsed else "The result does not parse."


def _patch(case: PatchCase, texts: Texts | None) -> str | None:
    after = None if texts is None else texts.get(case.file_path)
    return None if after is None else diff(case.before, after, case.file_path)
