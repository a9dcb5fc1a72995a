"""Judges a stored run anew by the tools that are here now: its patches are kept, so that no model is asked again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from patchtrail.contract.errors import InvalidInput
from patchtrail.evaluation.arms import Texts
from patchtrail.evaluation.case import PatchCase
from patchtrail.evaluation.outcome import Judge
from patchtrail.evaluation.recording import reason_of, test_name_of
from patchtrail.evaluation.run_store import TestResult
from patchtrail.patching.ports import TestRunner
from patchtrail.text import apply

__all__ = ["rejudged"]


def rejudged(cases: Sequence[PatchCase], results: Iterable[TestResult], runner: TestRunner) -> list[TestResult]:
    """Return a run's results as they are judged now; raises `InvalidInput` where a case is not the one that was run."""
    kept = {one.test_name: one for one in results}
    names = {case.case_id: [test_name_of(case, one) for one in case.planted] for case in cases}
    missing = [name for some in names.values() for name in some if name not in kept]
    if missing:
        raise InvalidInput(f"The run has no test {missing[0]}: it was made on other data.")
    outcomes = Judge(cases, runner).judged({case.case_id: _texts(case, kept[names[case.case_id][0]]) for case in cases})
    judged = dict[str, TestResult]()
    for case in cases:
        outcome = outcomes[case.case_id]
        for name, is_fixed in zip(names[case.case_id], outcome.fixed, strict=True):
            said = kept[name].error_message or reason_of(outcome)
            judged[name] = replace(kept[name], passed=is_fixed, error_message=None if is_fixed else said)
    return list(judged.values())


def _texts(case: PatchCase, result: TestResult) -> Texts | None:
    if result.patch is None:
        return None
    return {case.file_path: apply(result.patch, case.before) if result.patch else case.before}
