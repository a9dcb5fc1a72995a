"""What a patch must pass before anybody sees it: the finding is gone, nothing new came, tests pass as they should.

Everything runs on an overlay, never on the user's files. What a tool cannot be asked is said, not assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from patchtrail.contract.attempt import FailureMode
from patchtrail.llm import Cancellation
from patchtrail.patching.compare import judge
from patchtrail.patching.finding import Finding
from patchtrail.patching.overlay import Overlay
from patchtrail.patching.patch import Patch
from patchtrail.patching.ports import Checked, Checker, TestOutcome, TestRunner

__all__ = ["Checks", "Failure", "Result"]

MAX_NAMED = 5
MAX_OUTPUT = 3_000


@dataclass(frozen=True)
class Failure:
    """One check that did not pass, in words for a person and for a retry."""

    mode: FailureMode
    message: str


@dataclass(frozen=True)
class Result:
    """What the checks found; `is_rechecked` says that every reporting tool was run on the result."""

    fixed: tuple[Finding, ...]
    unfixed: tuple[Finding, ...]
    failures: tuple[Failure, ...]
    is_rechecked: bool

    @property
    def is_worth_offering(self) -> bool:
        """Whether something is fixed, and nothing worse than before: no other patch is ever offered."""
        return bool(self.fixed) and all(one.mode == "finding_remains" for one in self.failures)


@dataclass
class Checks:
    """Checks patches for one request; what the tools said before is asked once and kept."""

    checker: Checker
    tests: TestRunner
    run_tests: bool
    cancellation: Cancellation
    _told: dict[tuple[str, tuple[str, ...], str], Checked] = field(default_factory=dict)
    _tests_before: dict[tuple[str, ...], TestOutcome] = field(default_factory=dict)

    def run(self, patch: Patch, findings: Sequence[Finding], overlay: Overlay) -> Result:
        """Return what the tools and the tests say of `patch` laid over `overlay`."""
        diagnostics = [one for one in findings if not one.is_test]
        tests = [one for one in findings if one.is_test]
        results = [self._tools(patch, diagnostics, overlay)]
        if tests or self.run_tests:
            results.append(self._run_tests(patch, tests, overlay))
        return Result(
            tuple(one for result in results for one in result.fixed),
            tuple(one for result in results for one in result.unfixed),
            tuple(one for result in results for one in result.failures),
            all(result.is_rechecked for result in results),
        )

    def gone_already(self, findings: Sequence[Finding], overlay: Overlay) -> tuple[Finding, ...]:
        """Return the findings that an earlier patch of the same request fixed on its way; only its files are asked."""
        asked = [one for one in findings if not one.is_test and one.file_path in overlay.texts]
        gone: list[Finding] = []
        for path in dict.fromkeys(one.file_path for one in asked):
            here = [one for one in asked if one.file_path == path]
            tools = tuple(
                tool for tool in dict.fromkeys(one.tool for one in here) if self.checker.can_check(tool, path)
            )
            if not tools:
                continue
            text = overlay.texts[path]
            told = self._said(path, text, tools, overlay)
            verdict = judge(told.findings, told.findings, here, texts_before={path: text}, texts_after={path: text})
            gone += [one for one in verdict.unseen if one.tool in told.tools_run]
        return tuple(gone)

    def _tools(self, patch: Patch, findings: Sequence[Finding], overlay: Overlay) -> Result:
        """Run the reporting tools, and for a failing test's patch none, on what was and on what would be."""
        texts = {one.file_path: one.after for one in patch.files}
        tools = tuple(dict.fromkeys(one.tool for one in findings))
        usable = tuple(tool for tool in tools if any(self.checker.can_check(tool, path) for path in texts))
        if not usable:
            return Result(tuple(findings), (), (), is_rechecked=not findings)
        before, missing_before = self._said_before(patch, usable, overlay)
        after = self.checker.check(overlay, texts, usable, self.cancellation)
        # What could not be run is told as `tool: reason`.
        failed = {one.partition(":")[0] for one in (*missing_before, *after.not_run)}
        unseen = failed | {tool for tool in tools if tool not in usable}
        seen = [one for one in findings if one.tool not in unseen]
        verdict = judge(
            before,
            after.findings,
            seen,
            texts_before={one.file_path: one.before or "" for one in patch.files},
            texts_after=texts,
        )
        failures = [Failure("finding_remains", _remains(one)) for one in verdict.remaining]
        if verdict.new:
            failures.append(Failure("new_findings", _new(verdict.new)))
        gone = tuple(one for one in findings if one not in verdict.remaining)
        return Result(gone, verdict.remaining, tuple(failures), is_rechecked=not unseen and not verdict.unseen)

    def _said_before(
        self, patch: Patch, tools: tuple[str, ...], overlay: Overlay
    ) -> tuple[list[Finding], tuple[str, ...]]:
        told = [self._said(one.file_path, one.before, tools, overlay) for one in patch.files if one.before is not None]
        return [one for part in told for one in part.findings], tuple(one for part in told for one in part.not_run)

    def _said(self, path: str, text: str, tools: tuple[str, ...], overlay: Overlay) -> Checked:
        """Return what the tools say of a text, asked once."""
        key = (path, tools, text)
        if key not in self._told:
            self._told[key] = self.checker.check(overlay, {path: text}, tools, self.cancellation)
        return self._told[key]

    def _run_tests(self, patch: Patch, findings: Sequence[Finding], overlay: Overlay) -> Result:
        """Run the failing tests, and those beside them, before and after: none that passed may fail."""
        if not self.tests.can_run(overlay):
            return Result(tuple(findings), (), (), is_rechecked=False)
        wanted = tuple(dict.fromkeys(one.test_id for one in findings if one.test_id is not None))
        beside = tuple(dict.fromkeys(one.split("::")[0] for one in wanted))
        if beside not in self._tests_before:
            self._tests_before[beside] = self.tests.run(overlay, None, beside, self.cancellation)
        before = self._tests_before[beside]
        after = self.tests.run(overlay, patch, beside, self.cancellation)
        if after.problem or before.problem:
            return Result(tuple(findings), (), (), is_rechecked=False)
        remaining = tuple(one for one in findings if one.test_id not in after.passed)
        broken = tuple(one for one in before.passed if one not in after.passed)
        failures = [
            Failure("finding_remains", f"{one.test_id} still fails: {after.output[-MAX_OUTPUT:]}") for one in remaining
        ]
        if broken:
            failures.append(
                Failure("tests_failed", f"These tests passed before and fail now: {', '.join(broken[:MAX_NAMED])}.")
            )
        gone = tuple(one for one in findings if one not in remaining)
        return Result(gone, remaining, tuple(failures), is_rechecked=True)


def _remains(finding: Finding) -> str:
    return f"{finding.tool} still reports {finding.rule_id} ({finding.message})."


def _new(findings: Sequence[Finding]) -> str:
    named = "; ".join(f"{one.file_path}:{one.line} {one.rule_id} {one.message}" for one in findings[:MAX_NAMED])
    return f"The change brings {len(findings)} new finding{'s'[: len(findings) != 1]}: {named}."
