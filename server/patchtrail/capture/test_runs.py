"""Test runs become `test_run` events, known at the best tier that there is for each."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from patchtrail.capture.junit import read_junit, totals_of
from patchtrail.capture.report_files import ReportFiles, RunWindow
from patchtrail.capture.terminal import plain_text
from patchtrail.capture.test_command import read_command
from patchtrail.capture.test_output import read_test_output
from patchtrail.capture.test_reports import Reported, TestReports
from patchtrail.contract.artifact import ArtifactRef
from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.events import TestCase, TestEvidence, TestOrigin, TestRun, TestTotals
from patchtrail.contract.lsp import CommandReport, TestsReport
from patchtrail.redaction import Redactor

__all__ = [
    "PreparedReports",
    "Results",
    "event_of_run",
    "results_of_command",
    "results_of_report",
    "results_of_reported",
]

StoreCases = Callable[[str], ArtifactRef]

JUNIT_PREFIX = "patchtrail-junit-"
MAX_INLINE_CASES = 200
MAX_MESSAGE_CHARS = 1_000
MAX_INLINE_CHARS = 200_000
MAX_ARTIFACT_BYTES = 24 * 1024 * 1024
"""Well below what the collector takes: a trace with more could never be delivered."""


@dataclass(frozen=True)
class Results:
    """What is known of a run, unredacted: its tier, its cases, and its totals where they are known apart."""

    evidence: TestEvidence
    cases: list[TestCase]
    totals: TestTotals | None
    origin: TestOrigin = "unknown"
    framework: str | None = None
    report_path: str | None = None


class PreparedReports:
    """Private places for JUnit reports that a client asked for, each read once, then deleted."""

    def __init__(self) -> None:
        self._folders: set[Path] = set()
        _sweep()

    def prepare(self) -> Path:
        """Return where the next run may write its report."""
        folder = Path(tempfile.mkdtemp(prefix=f"{JUNIT_PREFIX}{os.getpid()}-"))
        self._folders.add(folder)
        return folder / "report.xml"

    def read(self, junit_path: str | None) -> list[TestCase] | None:
        """Return a report's cases; None when it cannot be read."""
        if junit_path is None:
            return None
        path = Path(junit_path)
        try:
            return read_junit(path)
        except InvalidInput:
            return None
        finally:
            if path.parent in self._folders:
                self._folders.discard(path.parent)
                shutil.rmtree(path.parent, ignore_errors=True)

    def close(self) -> None:
        """Delete the places whose reports never came."""
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)


def results_of_report(cases: list[TestCase] | None) -> Results:
    """Return what a client's own report tells; without one only the exit code counts."""
    return Results("exit", [], None) if cases is None else Results("junit", cases, totals_of(cases))


def results_of_command(
    report: CommandReport, output: str, ended_ms: int, reports: TestReports, files: ReportFiles
) -> Results | None:
    """Return what is known of the tests that a terminal command ran; None when it ran none.

    A report that appeared makes any command a test run; without one its command line must say so. `output` is plain.
    """
    told = read_command(plain_text(report.command_line))
    reported = reports.take(report.started_ms, ended_ms, is_named=told.framework == "pytest")
    if reported is not None:
        return results_of_reported(reported, report.origin)
    started_ms = ended_ms - report.duration_ms if report.started_ms is None else report.started_ms
    window = RunWindow(started_ms, ended_ms, Path(report.cwd).resolve())
    found = files.take(plain_text(report.command_line), window, is_named=told.is_named) if told.may_report else None
    if found is not None:
        framework = found.framework or told.framework
        return Results(found.evidence, found.cases, totals_of(found.cases), report.origin, framework, found.path)
    if not told.is_named:
        return None
    seen = read_test_output(output, told.framework) if output else None
    if seen is None:
        return Results("exit", [], None, report.origin, told.framework)
    return Results("output", seen.cases, seen.totals, report.origin, seen.framework)


def results_of_reported(reported: Reported, origin: TestOrigin) -> Results:
    """Return what one report tells; a report cannot tell a task from a terminal, its command can."""
    told = reported.origin if reported.origin == "test_explorer" else origin
    return Results(reported.evidence, reported.cases, totals_of(reported.cases), told, "pytest")


def event_of_run(
    results: Results, ran: TestsReport, redactor: Redactor, store: StoreCases, command_seq: int | None = None
) -> TestRun:
    """Return the event; of many cases only the broken ones stand in it, all of them in an artifact."""
    # A message is cut after it is redacted: the first half of a secret is no longer known as one.
    shown = [_shortened(redactor.data(case)) for case in results.cases]
    is_long = len(shown) > MAX_INLINE_CASES or sum(map(_chars, shown)) > MAX_INLINE_CHARS
    inline = _fitting(case for case in shown if case.outcome in ("failed", "error")) if is_long else shown
    return TestRun(
        command_line=plain_text(ran.command_line),
        evidence=results.evidence,
        exit_code=ran.exit_code,
        duration_ms=ran.duration_ms,
        totals=results.totals,
        cases=inline,
        cases_artifact=store(_lines(shown)) if is_long else None,
        origin=results.origin,
        command_seq=command_seq,
        framework=results.framework,
        report_path=results.report_path,
    )


def _fitting(cases: Iterable[TestCase]) -> list[TestCase]:
    """Return as many cases as a line has room for."""
    inline, room = list[TestCase](), MAX_INLINE_CHARS
    for case in cases:
        room -= _chars(case)
        if room < 0 or len(inline) == MAX_INLINE_CASES:
            break
        inline.append(case)
    return inline


def _lines(cases: list[TestCase]) -> str:
    """Return all cases, one a line; where that is too much, outcomes matter more than their words."""
    lines = "".join(f"{case.model_dump_json()}\n" for case in cases)
    if len(lines.encode("utf-8", "replace")) <= MAX_ARTIFACT_BYTES:
        return lines
    bare = "".join(f"{case.model_copy(update={'message': ''}).model_dump_json()}\n" for case in cases)
    return bare[: MAX_ARTIFACT_BYTES // 4].rpartition("\n")[0] + "\n" if len(bare) > MAX_ARTIFACT_BYTES else bare


def _chars(case: TestCase) -> int:
    return len(case.test_id) + len(case.message) + len(case.file_path or "") + len(case.suite or "")


def _shortened(case: TestCase) -> TestCase:
    return case.model_copy(update={"message": case.message[:MAX_MESSAGE_CHARS]})


def _sweep() -> None:
    """Remove the raw test reports that a killed sidecar of this user left behind."""
    for folder in Path(tempfile.gettempdir()).glob(f"{JUNIT_PREFIX}*-*"):
        pid = folder.name.removeprefix(JUNIT_PREFIX).partition("-")[0]
        if pid.isdigit() and not Path("/proc", pid).exists() and Path("/proc/self").exists():
            shutil.rmtree(folder, ignore_errors=True)
