"""The private folder of one window, into which pytest writes its reports for us; each is read once, then deleted.

Two kinds stand there: `junit.xml`, which pytest's own JUnit option writes at the end of a run, and one file per run of
the opt-in plugin, which ends in `.part` until the run is over.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from patchtrail.capture.junit import junit_started_ms, read_junit
from patchtrail.capture.pytest_project import refuses_junit
from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.events import TestCase, TestOrigin
from patchtrail.contract.lsp import TerminalVariable

__all__ = ["REPORTS_VARIABLE", "Reported", "TestReports", "is_refusal", "sweep"]

REPORTS_VARIABLE = "PATCHTRAIL_PYTEST_REPORTS"
"""Only our opt-in plugin reads it."""
ADDOPTS_VARIABLE = "PYTEST_ADDOPTS"
JUNIT_NAME = "junit.xml"
MARKER_NAME = "junit-withdrawn"
SLACK_MS = 2_000
"""How far a client's clock readings around a command may be off."""
MAX_REPORT_BYTES = 64 * 1024 * 1024
MAX_HEAD_BYTES = 64 * 1024
UNNAMED_SLACK_MS = 300
ABANDONED_SECONDS = 24 * 60 * 60
WITHDRAWN_SECONDS = 7 * 24 * 60 * 60

USAGE_ERROR = 4
REFUSED = re.compile(r"(?:unrecognized arguments|file or directory not found):[^\n]{0,4000}--junitxml")
"""An option that is not known is taken for a file when its value holds a space."""
NOT_WRITTEN = re.compile(r"junitxml\.py\", line \d+, in pytest_sessionfinish")


@dataclass(frozen=True)
class Reported:
    """What one report told; nothing of it is redacted yet."""

    evidence: Literal["plugin", "junit"]
    cases: list[TestCase]
    origin: TestOrigin
    exit_code: int | None
    duration_ms: int = 0


@dataclass(frozen=True)
class Window:
    """When a command ran, in Unix time, with some slack."""

    first_ms: int
    last_ms: int
    ended_ms: int


@dataclass(frozen=True)
class FinishedRun:
    """A finished report of the plugin, as far as it can be known without taking it."""

    path: Path
    origin: TestOrigin
    started_ms: int
    ended_ms: int
    root: Path


class TestReports:
    """The reports folder. Its methods run on the recorder's one worker thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._junit = folder / JUNIT_NAME
        self._marker = folder / MARKER_NAME
        self._withdrawn: str | None = None
        self._is_ready()

    def variables(
        self, workspace_folders: Sequence[Path], environment: Mapping[str, str], *, is_junit_wanted: bool
    ) -> tuple[list[TerminalVariable], str | None]:
        """Return what new terminals should have, and why pytest is not asked for a JUnit report, if it is not."""
        if not self._is_ready():
            # pytest fails a whole run when it cannot write its report.
            return [], "The folder for test reports cannot be written."
        variables = [TerminalVariable(name=REPORTS_VARIABLE, value=str(self._folder), mode="replace")]
        if not is_junit_wanted:
            return variables, None
        reason = self._withheld(workspace_folders, environment)
        if reason is None:
            # xunit1 gives each test's file and line, and lets `record_property` work without a warning.
            options = f"--junitxml={shlex.quote(str(self._junit))} -o junit_family=xunit1 "
            variables.append(TerminalVariable(name=ADDOPTS_VARIABLE, value=options, mode="prepend"))
        return variables, reason

    def take(self, started_ms: int | None, ended_ms: int, *, is_named: bool = True) -> Reported | None:
        """Return what a command that ended has reported, by the best tier that there is.

        One that does not name pytest, such as `make test`, must have lasted as long as the run that it is given.
        """
        slack_ms = SLACK_MS if is_named else UNNAMED_SLACK_MS
        window = Window(0 if started_ms is None else started_ms - slack_ms, ended_ms + slack_ms, ended_ms)
        self._drop_abandoned()
        told = self._take_run(window)
        # The JUnit report of the same run goes too: the next command must not find it.
        junit = self._take_junit(window, is_needed=told is None)
        return told or junit

    def take_unasked(self, since_ms: int, folder: Path) -> Iterator[Reported]:
        """Yield the runs of the Test Explorer, oldest first: no command belongs to them.

        One that began before `since_ms`, or of another folder, is deleted unread.
        """
        for run in [one for one in self._finished() if one.origin == "test_explorer"]:
            is_here = run.root.is_relative_to(folder) or folder.is_relative_to(run.root)
            if run.started_ms < since_ms or not is_here:
                _delete(run.path)
            elif (told := self._read_run(run.path)) is not None:
                yield told

    @property
    def is_withdrawn(self) -> bool:
        """Whether pytest is asked for no JUnit report any more."""
        return self._withdrawn is not None

    def discard(self) -> None:
        """Delete everything unread, because it was written while nothing may be captured."""
        with contextlib.suppress(OSError):
            for path in list(self._folder.iterdir()):
                if path != self._marker:
                    _delete(path)

    def withdraw(self, reason: str) -> None:
        """Ask pytest for no JUnit report any more, after a restart neither."""
        self._withdrawn = reason
        with contextlib.suppress(OSError):
            self._marker.write_text(reason, encoding="utf-8")

    def _is_ready(self) -> bool:
        """Make the folder, private, and tell whether it can be written."""
        try:
            missing = [one for one in (self._folder, *self._folder.parents) if not one.exists()]
            for folder in reversed(missing):
                folder.mkdir(mode=0o700, exist_ok=True)
            self._folder.chmod(0o700)
            with tempfile.TemporaryFile(dir=self._folder):
                return True
        except OSError:
            return False

    def _withheld(self, workspace_folders: Sequence[Path], environment: Mapping[str, str]) -> str | None:
        if reason := self._withdrawn or self._marked():
            return reason
        if "$" in str(self._folder) or (os.name == "nt" and "%" in str(self._folder)):
            # pytest expands variables in the path.
            return "The path of the folder for test reports holds a character that pytest expands."
        reasons = (refuses_junit(folder, environment) for folder in workspace_folders)
        return next((reason for reason in reasons if reason is not None), None)

    def _marked(self) -> str | None:
        try:
            if time.time() - self._marker.stat().st_mtime > WITHDRAWN_SECONDS:
                self._marker.unlink()
                return None
            return self._marker.read_text(encoding="utf-8") or "It was withdrawn before."
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            return "It was withdrawn before."

    def _take_run(self, window: Window) -> Reported | None:
        """Take the plugin's run that ended as the command did; runs inside of it are not what the command told."""
        own: list[FinishedRun] = []
        for run in self._finished():
            if run.origin == "test_explorer" or run.ended_ms > window.last_ms:
                continue
            if run.ended_ms < window.first_ms:
                _delete(run.path)
            elif run.started_ms >= window.first_ms:
                own.append(run)
        if not own:
            return None
        chosen = min(own, key=lambda run: abs(run.ended_ms - window.ended_ms))
        for run in own:
            if run is not chosen and chosen.started_ms <= run.started_ms and run.ended_ms <= chosen.ended_ms:
                _delete(run.path)
        return self._read_run(chosen.path)

    def _take_junit(self, window: Window, *, is_needed: bool) -> Reported | None:
        try:
            written_ms = self._junit.stat().st_mtime_ns // 1_000_000
        except OSError:
            return None
        if written_ms > window.last_ms:
            return None
        if written_ms < window.first_ms:
            _delete(self._junit)
            return None
        began_ms = junit_started_ms(self._junit)
        if began_ms is not None and began_ms < window.first_ms:
            # Another terminal's long run ended just now; its own command is about to be reported.
            return None
        if not is_needed:
            _delete(self._junit)
            return None
        return self._read_junit()

    def _read_junit(self) -> Reported | None:
        path = self._moved(self._junit)
        if path is None:
            return None
        try:
            cases = read_junit(path)
        except InvalidInput:
            return None
        finally:
            _delete(path)
        # A report without a test (`--collect-only`) says nothing about any.
        return Reported("junit", cases, "terminal", None) if cases else None

    def _finished(self) -> list[FinishedRun]:
        """Return the plugin's finished reports, oldest first; one that cannot be read is deleted."""
        runs: list[FinishedRun] = []
        for path in self._folder.glob("*.jsonl"):
            run = _peek(path)
            if run is None:
                _delete(path)
            else:
                runs.append(run)
        return sorted(runs, key=lambda run: run.ended_ms)

    def _read_run(self, path: Path) -> Reported | None:
        moved = self._moved(path)
        if moved is None:
            return None
        told = _parse_run(moved)
        _delete(moved)
        return told

    def _moved(self, path: Path) -> Path | None:
        """Move a report away under a unique name, so that it is read once and nobody writes to it any more."""
        target = self._folder / f"taken-{uuid.uuid4().hex}"
        try:
            return path.rename(target)
        except OSError:
            return None

    def _drop_abandoned(self) -> None:
        """Delete what dead processes left: unfinished runs, and reports that were taken but not read."""
        for path in self._folder.glob("*.part"):
            if _is_abandoned(path):
                _delete(path)
        for path in self._folder.glob("taken-*"):
            _delete(path)


def is_refusal(command_line: str, exit_code: int | None, output: str) -> bool:
    """Tell whether pytest failed because of our JUnit option: it refused it, or could not write the report."""
    if exit_code == USAGE_ERROR:
        return "no:junitxml" in command_line or REFUSED.search(output) is not None
    return bool(exit_code) and NOT_WRITTEN.search(output) is not None


def _delete(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _peek(path: Path) -> FinishedRun | None:
    """Read a run's first line; when it ended is when its last line was written."""
    try:
        ended_ms = path.stat().st_mtime_ns // 1_000_000
        with path.open("rb") as file:
            head = json.loads(file.readline(MAX_HEAD_BYTES))
        origin: TestOrigin = "test_explorer" if head["origin"] == "test_explorer" else "terminal"
        root = Path(str(head["rootdir"]))
        return FinishedRun(path, origin, int(head["started_ms"]), ended_ms, root) if head["v"] == 1 else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _parse_run(path: Path) -> Reported | None:
    try:
        if path.stat().st_size > MAX_REPORT_BYTES:
            return None
        head, *told, last = map(json.loads, path.read_text("utf-8").rstrip("\n").split("\n"))
        cases = [TestCase.model_validate({"test_id": case["nodeid"], **case}) for case in told]
        origin: TestOrigin = "test_explorer" if head["origin"] == "test_explorer" else "terminal"
        duration_ms = max(0, int(last["ended_ms"]) - int(head["started_ms"]))
        return Reported("plugin", cases, origin, int(last["exit_code"]), duration_ms)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_abandoned(path: Path) -> bool:
    """Tell whether the process that writes a report, named by its id, is gone."""
    pid = path.name.partition("-")[0]
    if not pid.isdigit():
        return True
    if os.name == "nt":
        # Asking for a process by a signal would end it there.
        return time.time() - _modified(path) > ABANDONED_SECONDS
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return time.time()


def sweep(root: Path) -> None:
    """Delete the reports that terminals of workspaces which are closed wrote long ago."""
    for path in root.glob("*/*"):
        if path.name != MARKER_NAME and time.time() - _modified(path) > ABANDONED_SECONDS:
            _delete(path)
