"""Runs a workspace's pytest tests in the sandbox, with a patch laid over, and reads the outcome from JUnit XML."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from patchtrail.capture.junit import JUnitFailure, parse_failures, parse_junit
from patchtrail.capture.terminal import plain_text
from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.events import TestCase
from patchtrail.llm import Cancellation
from patchtrail.patching.patch import Patch
from patchtrail.patching.ports import TestOutcome, Workspace
from patchtrail.qa.junit_failures import failure_of
from patchtrail.sandbox.limits import Limits
from patchtrail.sandbox.port import Job, Ran, Sandbox
from patchtrail.sandbox.python_tree import PythonTree, python_tree

__all__ = ["PytestRunner"]

ENVIRONMENTS = (".venv", "venv", "env")
REPORT = "/tmp/patchtrail-report.xml"
MAX_ID_CHARS = 60_000
"""Of all ids on a command line; beyond it, whole files are run."""
ALL_PASSED, SOME_FAILED, INTERRUPTED, NO_TESTS = 0, 1, 2, 5
# The project's own configuration stands: its plugins and its import path decide whether its tests run at all.
# Ids are relative to the root that is given, wherever a configuration lies.
OPTIONS = (
    *("-p", "no:cacheprovider", "--color=no", "--tb=short"),
    *("-o", "junit_family=xunit1", "-o", "junit_logging=no", f"--junitxml={REPORT}"),
)
ENVIRONMENT = {"PYTHONDONTWRITEBYTECODE": "1", "COVERAGE_FILE": "/tmp/.coverage", "PYTHONNOUSERSITE": "1"}


class PytestRunner:
    """The test runner of Python projects; `python` is used where the project has no environment with pytest in it."""

    def __init__(self, sandbox: Sandbox, *, python: Path | None = None, limits: Limits | None = None) -> None:
        self._sandbox = sandbox
        self._python = python
        self._limits = limits or Limits()

    def can_run(self, workspace: Workspace) -> bool:
        """Return whether tests can be run here."""
        return self.why_not(workspace) is None

    def why_not(self, workspace: Workspace) -> str | None:
        """Return None, or why no test can be run here."""
        if self._tree(workspace.root) is None:
            return "No Python with pytest was found: the project has none in .venv or venv."
        return self._sandbox.is_usable()

    def run(
        self, workspace: Workspace, patch: Patch | None, test_ids: Sequence[str], cancellation: Cancellation
    ) -> TestOutcome:
        """Run the tests with the patch laid over the workspace, or without one; no id means all tests."""
        if problem := self.why_not(workspace):
            return TestOutcome((), (), "", problem)
        tree = self._tree(workspace.root)
        if tree is None:
            return TestOutcome((), (), "", "The project's Python went away.")
        texts = dict(workspace.open_texts())
        texts |= {one.file_path: one.after for one in patch.files} if patch is not None else {}
        root = workspace.root.resolve()
        job = Job(
            argv=(str(tree.executable), "-m", "pytest", *OPTIONS, f"--rootdir={root}", "--", *_targets(test_ids)),
            folder=root,
            # At its own place, so that editable installs and the traceback's paths hold.
            folder_at=root,
            overlays={path: text.encode("utf-8", "surrogatepass") for path, text in texts.items()},
            read_only=tree.binds,
            environment={**ENVIRONMENT, "PATH": f"{tree.executable.parent}:/usr/bin:/bin"},
            limits=self._limits,
            result_path=REPORT,
        )
        return _outcome(self._sandbox.run(job, cancellation), test_ids)

    def _tree(self, root: Path) -> PythonTree | None:
        own = [root.resolve() / name / "bin" / "python" for name in ENVIRONMENTS]
        for executable in [*own, *([self._python] if self._python else [])]:
            tree = python_tree(executable)
            if tree is not None and tree.has("pytest"):
                return tree
        return None


def _targets(test_ids: Sequence[str]) -> list[str]:
    # pytest looks for some options, as `--help`, also where none can stand.
    test_ids = [f"./{one}" if one.startswith("-") else one for one in test_ids]
    if sum(len(one) + 1 for one in test_ids) <= MAX_ID_CHARS:
        return list(test_ids)
    files = list(dict.fromkeys(one.partition("::")[0] for one in test_ids))
    return files if sum(len(one) + 1 for one in files) <= MAX_ID_CHARS else []


def _outcome(ran: Ran, test_ids: Sequence[str]) -> TestOutcome:
    output = plain_text(ran.output.decode("utf-8", "replace"))
    told = TestOutcome((), (), output, ran.problem)
    if told.problem:
        return told
    if ran.code == NO_TESTS:
        return replace(told, problem="No test was found.")
    if ran.result is None:
        return replace(told, problem=f"pytest wrote no report and ended with {ran.code}.")
    try:
        cases = parse_junit(io.BytesIO(ran.result), "pytest").cases
        failures = parse_failures(io.BytesIO(ran.result), "pytest")
    except InvalidInput as error:
        return replace(told, problem=error.message)
    return _counted(told, cases, failures, ran, test_ids)


def _counted(
    told: TestOutcome, cases: list[TestCase], failures: list[JUnitFailure], ran: Ran, test_ids: Sequence[str]
) -> TestOutcome:
    failed = tuple(case.test_id for case in cases if case.outcome in ("failed", "error"))
    # A test that passes and then fails to clean up stands there twice.
    passed = tuple(case.test_id for case in cases if case.outcome == "passed" and case.test_id not in failed)
    problem = ""
    # A test whose file cannot be collected is called wrong usage; the report still names the file as failed.
    if ran.code not in (ALL_PASSED, SOME_FAILED, INTERRUPTED) and not failed:
        said = [line for line in told.output.splitlines() if line.startswith("ERROR")]
        problem = f"pytest ended with {ran.code}: {' '.join(said)[:500] or 'see its output'}"
    elif ran.code != ALL_PASSED and not failed:
        problem = "pytest did not succeed, and its report names no test that failed."
    elif absent := _absent(cases, test_ids):
        problem = f"The run said nothing of {', '.join(absent[:3])}."
    return TestOutcome(passed, failed, told.output, problem, tuple(map(failure_of, failures)))


def _absent(cases: list[TestCase], test_ids: Sequence[str]) -> list[str]:
    """Return the ids that were asked for and of which nothing was told: not the test, nor one within it."""
    told = {case.test_id for case in cases}
    # A file that could not be collected is told of as a whole, and answers for each of its tests.
    told |= {one for one in test_ids if one.partition("::")[0] in told}
    for one in list(told):
        parts = one.split("::")
        told |= {"::".join(parts[:count]) for count in range(1, len(parts))} | {one.partition("[")[0]}
        told |= {parent.as_posix() for parent in PurePosixPath(parts[0]).parents}
    return [one for one in test_ids if one.removeprefix("./").rstrip("/") not in told]
