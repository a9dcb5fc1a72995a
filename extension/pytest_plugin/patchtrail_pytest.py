"""Report each test's result into the folder that PATCHTRAIL_PYTEST_REPORTS names; without it, do nothing.

The file of a run has one JSON object per line: first the run, then each test as it is finished, last the exit code.
It ends in `.part` until the run is over.
"""

from __future__ import annotations

import io
import json
import os
from os import getpid
from pathlib import Path
from time import time_ns
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Report = pytest.TestReport | pytest.CollectReport

__all__ = ["pytest_configure"]

VARIABLE = "PATCHTRAIL_PYTEST_REPORTS"
EXPLORER_VARIABLE = "TEST_RUN_PIPE"
PLUGIN_NAME = "patchtrail-run"
MAX_MESSAGE_CHARS = 2_000
OUTCOMES = ("passed", "failed", "skipped")


def pytest_configure(config: pytest.Config) -> None:
    """Report this run, if a folder is named and this is not a worker of pytest-xdist."""
    folder = os.environ.get(VARIABLE)
    if not folder or hasattr(config, "workerinput") or config.getoption("collectonly", False):
        return
    if Path(folder).is_dir() and not config.pluginmanager.has_plugin(PLUGIN_NAME):
        config.pluginmanager.register(Run(config, Path(folder)), PLUGIN_NAME)


class Test:
    """One test between its setup and its teardown."""

    __test__ = False

    def __init__(self, report: Report) -> None:
        path, line, _ = report.location or (None, None, "")
        self.nodeid = report.nodeid
        self.file_path = path
        self.line = None if line is None else line + 1
        self.seconds = 0.0
        self.outcome = "passed"
        self.messages: list[str] = []
        self.retries = 0
        self.teardown_error: str | None = None

    def add(self, report: pytest.TestReport) -> None:
        """Take in one phase; a test counts as pytest's summary and its JUnit report count it."""
        is_subtest = hasattr(report, "context")
        if not is_subtest:
            self.seconds += getattr(report, "duration", 0.0)
        if report.failed and report.when == "teardown" and self.outcome == "failed":
            self.teardown_error = _message(report)
        elif report.failed:
            self.outcome = "error" if report.when in ("setup", "teardown") else "failed"
            self.messages.append(_message(report))
        elif report.skipped and not is_subtest and self.outcome == "passed":
            self.outcome = "skipped"
            self.messages.append(_message(report))

    def lines(self) -> list[dict[str, Any]]:
        """Return what is known; a test that fails and then breaks down counts twice, as pytest counts it."""
        told = [(self.outcome, "\n".join(self.messages), round(self.seconds * 1000))]
        if self.teardown_error is not None:
            told.append(("error", self.teardown_error, 0))
        place = {"nodeid": self.nodeid, "file_path": self.file_path, "line": self.line}
        if self.retries:
            place |= {"retries": self.retries, "is_flaky": self.outcome == "passed"}
        return [
            {**place, "outcome": outcome, "duration_ms": duration_ms, "message": message[:MAX_MESSAGE_CHARS]}
            for outcome, message, duration_ms in told
        ]


class Run:
    """One run's report. Every hook is guarded: whatever goes wrong here must not reach the run."""

    def __init__(self, config: pytest.Config, folder: Path) -> None:
        self.rootdir = str(config.rootpath)
        self.pid = getpid()
        self.started_ms = time_ns() // 1_000_000
        self.path = folder / f"{self.pid}-{time_ns()}.jsonl"
        self.part = self.path.with_suffix(".jsonl.part")
        self.file: io.FileIO | None = None
        self.session: pytest.Session | None = None
        self.tests: dict[tuple[str, str], Test | None] = {}
        self.reruns: dict[tuple[str, str], int] = {}
        self.is_given_up = False
        # A run inside of this one, as a test of a plugin has it, is nobody's.
        self.variable = os.environ.pop(VARIABLE, None)

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Remember the session: its exit status is known at the very end only."""
        self.session = session

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> None:
        """Begin: `--fixtures` and the like never come here."""
        self._guard(self._begin)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be collected counts as an error, one that skips itself as skipped."""
        if not report.passed:
            self._guard(self._uncollected, report)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in a phase of a test."""
        self._guard(self._phase, report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_unconfigure(self) -> None:
        """Finish: only now no other plugin changes the exit status any more."""
        if self.variable is not None and getpid() == self.pid:
            os.environ[VARIABLE] = self.variable
        self._guard(self._finish)

    def _guard(self, step: Callable[..., None], *arguments: Report) -> None:
        if self.is_given_up or getpid() != self.pid:
            return
        try:
            step(*arguments)
        except Exception:  # noqa: BLE001 -- a recorder must never break the run that it looks at
            self.is_given_up = True
            self._abandon()

    def _begin(self) -> None:
        if self.file is not None:
            return
        # Unbuffered: a process that a test forks has nothing of ours to flush.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        self.file = io.FileIO(os.open(self.part, flags, 0o600), "w")
        origin = "test_explorer" if os.environ.get(EXPLORER_VARIABLE) else "terminal"
        head = {"v": 1, "pid": self.pid, "started_ms": self.started_ms, "rootdir": self.rootdir, "origin": origin}
        self._write(head)

    def _uncollected(self, report: pytest.CollectReport) -> None:
        self._begin()
        test = Test(report)
        test.outcome = "error" if report.failed else "skipped"
        test.messages.append(_message(report))
        self._write(*test.lines())

    def _phase(self, report: pytest.TestReport) -> None:
        key = (report.nodeid, getattr(report, "worker_id", ""))
        if report.when == "setup" or key not in self.tests:
            self.tests[key] = Test(report)
        # pytest-rerunfailures calls an attempt that does not count "rerun", and starts over with a setup.
        test = self.tests[key] = self.tests[key] if report.outcome in OUTCOMES else None
        if test is not None:
            test.retries = self.reruns.get(key, 0)
            test.add(report)
        elif report.outcome == "rerun":
            self.reruns[key] = self.reruns.get(key, 0) + 1
        if report.when in ("setup", "call"):
            return
        self.tests.pop(key)
        if test is not None:
            self._write(*test.lines())

    def _finish(self) -> None:
        if self.file is None or self.session is None:
            return
        for test in filter(None, self.tests.values()):
            self._write(*test.lines())
        self._write({"exit_code": int(self.session.exitstatus), "ended_ms": time_ns() // 1_000_000})
        self.file.close()
        self.file = None
        self.part.rename(self.path)

    def _write(self, *objects: dict[str, Any]) -> None:
        self._begin()
        assert self.file is not None
        text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in objects)
        content = text.encode("utf-8", "replace")
        if self.file.write(content) != len(content):
            raise OSError("The disk is full.")

    def _abandon(self) -> None:
        try:
            if self.file is not None:
                self.file.close()
            self.part.unlink()
        except OSError:
            return


def _message(report: Report) -> str:
    """Return the first lines of why: the crash's message, or the reason of a skip."""
    reason = getattr(report, "wasxfail", None)
    if isinstance(reason, str):
        return reason[len("reason: ") :] if reason.startswith("reason: ") else reason
    told = report.longrepr
    if isinstance(told, tuple):
        reason = str(told[2])
        return reason[len("Skipped: ") :] if reason.startswith("Skipped: ") else reason
    crash = getattr(told, "reprcrash", None)
    return (crash.message if crash is not None else str(told))[:MAX_MESSAGE_CHARS]
