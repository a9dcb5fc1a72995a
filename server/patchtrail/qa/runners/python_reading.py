"""What a run of Python's tests told, as the outcome of each test, and whether that can be believed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from patchtrail.contract.events import TestCase
from patchtrail.qa.environment import ROOT_AT
from patchtrail.qa.runners.watched import Watched
from patchtrail.qa.suite import SuiteRun

__all__ = ["run_of"]

ALL_PASSED, SOME_FAILED, INTERRUPTED, INTERNAL_ERROR, WRONG_USAGE, NO_TESTS = range(6)
"""Exit codes of pytest, and of our runs of unittest."""
CONFTEST = re.compile(r"while loading conftest '([^']+)'")
SAID = re.compile(r"^(?:ERROR|E  ).*$", re.MULTILINE)
WEIGHT = {"passed": 0, "skipped": 1, "failed": 2, "error": 3}


def run_of(came: Watched) -> SuiteRun:
    """Return the run; a test counts as its heaviest phase."""
    try:
        return _run_of(came)
    except (TypeError, ValueError, AttributeError, LookupError, OverflowError):
        # Code of the project runs beside what tells, and may have told in its name.
        return replace(came.run, trouble="broken", problem="What was told of the tests cannot be read.")


def _run_of(came: Watched) -> SuiteRun:
    cases = _cases(came.told)
    blamed = tuple(dict.fromkeys(path for line in came.told for path in line.get("blamed", ())))
    lines = {line["lines"]: frozenset(line["executed"]) for line in came.told if "lines" in line}
    executable = {line["lines"]: frozenset(line["executable"]) for line in came.told if "lines" in line}
    run = replace(came.run, cases=cases, blamed_files=blamed, lines=lines, executable_lines=executable)
    return run if run.trouble else _judged(run, came)


def _judged(run: SuiteRun, came: Watched) -> SuiteRun:
    collected = [one for line in came.told for one in line.get("collected", ())]
    told = {case.test_id for case in run.cases}
    silent = [one for one in collected if one not in told]
    failed = [case for case in run.cases if case.outcome in ("failed", "error")]
    if silent:
        return replace(run, trouble="broken", problem=f"The run said nothing of {len(silent)} tests: {silent[0]}")
    if came.code == ALL_PASSED and failed:
        return replace(run, trouble="cheat", problem=f"The run claimed success, although {failed[0].test_id} failed.")
    if run.blamed_files and not collected:
        said = f"No test could be imported: {', '.join(run.blamed_files)} failed."
        return replace(run, trouble="not_importable", problem=said)
    if came.code in (ALL_PASSED, SOME_FAILED) or (came.code == INTERRUPTED and failed):
        if came.code != ALL_PASSED and not failed:
            return replace(run, trouble="broken", problem="The run did not succeed, and named no test that failed.")
        return run
    if found := CONFTEST.search(run.output):
        path = found[1].removeprefix(f"{ROOT_AT}/")
        return replace(run, trouble="not_importable", problem=f"`{path}` could not be imported.", blamed_files=(path,))
    if came.code == NO_TESTS:
        return replace(run, trouble="no_tests", problem="No test was found.")
    said = " ".join(SAID.findall(run.output))[-500:] or "see its output"
    return replace(run, trouble="broken", problem=f"The run ended with {came.code}: {said}")


def _cases(told: Sequence[Mapping[str, Any]]) -> tuple[TestCase, ...]:
    """Join the phases of each test: the heaviest outcome counts, as in pytest's own reports."""
    phases: dict[str, list[Mapping[str, Any]]] = {}
    for line in told:
        if "outcome" in line and line["outcome"] in ("passed", "failed", "skipped"):
            phases.setdefault(str(line["id"]), []).append(line)
    # A test is told of when it has ended: one that was only set up has not passed.
    ended = {test_id: lines for test_id, lines in phases.items() if lines[-1]["when"] in ("collect", "teardown")}
    return tuple(_case(test_id, lines) for test_id, lines in ended.items())


def _case(test_id: str, lines: Sequence[Mapping[str, Any]]) -> TestCase:
    outcomes = [
        (_outcome(line), line) for line in lines if not (line.get("is_subtest") and line["outcome"] == "skipped")
    ]
    outcome, heaviest = max(outcomes, key=lambda one: WEIGHT[one[0]], default=("skipped", lines[0]))
    line = heaviest.get("line")
    is_collect = heaviest["when"] == "collect"
    return TestCase.model_validate(
        {
            "test_id": test_id,
            "outcome": outcome,
            "duration_ms": round(
                sum(float(one.get("seconds", 0)) for one in lines if not one.get("is_subtest")) * 1000
            ),
            "message": str(heaviest.get("message", "")),
            "file_path": test_id if is_collect else heaviest.get("file"),
            "line": line + 1 if isinstance(line, int) else None,
        }
    )


def _outcome(line: Mapping[str, Any]) -> str:
    if line["outcome"] != "failed":
        return str(line["outcome"])
    return "failed" if line["when"] == "call" else "error"
