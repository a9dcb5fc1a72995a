"""Failing tests of the recorded session as diagnostics of our own, at the line that failed, until a run is green."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path

from lsprotocol import types as lsp
from pygls.uris import from_fs_path

from patchtrail.capture import LastTestRun
from patchtrail.contract.lsp import FailedTest
from patchtrail.editor.fix_places import Place
from patchtrail.editor.fix_targets import OWN_SOURCE
from patchtrail.editor.server import SidecarServer
from patchtrail.patching import Finding

__all__ = ["FailingTests", "Red", "RedFollower", "failing_line"]

PLACE = re.compile(r"^\s*(?:File \")?(?P<file>[^\s\":]+\.\w+)(?:\", line |:)(?P<line>\d+)", re.MULTILINE)
MOST_SHOWN = 200

LastRun = Callable[[], Future[LastTestRun | None]]


@dataclass(frozen=True)
class Red:
    """A test that failed: where, from 1, and what it said."""

    test_id: str
    path: Path
    line: int
    message: str
    tool: str


class FailingTests:
    """What is red after the newest runs; it is published on the event loop."""

    def __init__(self, server: SidecarServer) -> None:
        self._server = server
        self._red = dict[str, Red]()
        self._shown = set[Path]()
        self._seq = -1

    def take(self, last: LastTestRun | None) -> None:
        """Take the newest run: what it passed is green, what it failed is red, the rest is as it was."""
        if last is None:
            self.clear()
            return
        if last.seq == self._seq:
            return
        self._seq = last.seq
        if last.run.exit_code == 0 and not last.failed:
            self._red.clear()
        for case in last.run.cases:
            self._red.pop(case.test_id, None)
        messages = {case.test_id: case.message for case in last.run.cases}
        for one in last.failed[:MOST_SHOWN]:
            if one.path is not None:
                message = messages.get(one.test_id) or one.message
                self._red[one.test_id] = _red(one, Path(one.path), message, last.run.framework or "")
        self._publish()

    def clear(self) -> None:
        """Nothing is red any more, as far as anybody knows."""
        self._seq = -1
        if self._red:
            self._red.clear()
            self._publish()

    def more_of(self, finding: Finding, place: Place) -> Finding:
        """Return the finding of one of our diagnostics with all that its test said."""
        red = self._red.get(finding.test_id or "")
        if red is None or red.path != (place.root / place.file_path).resolve():
            return finding
        return replace(finding, tool=red.tool, rule_id="test_failure", traceback=red.message)

    def _publish(self) -> None:
        by_path = dict[Path, list[Red]]()
        for one in self._red.values():
            by_path.setdefault(one.path, []).append(one)
        for path in self._shown | set(by_path):
            uri = from_fs_path(str(path)) or ""
            shown = [_diagnostic(one) for one in by_path.get(path, [])]
            self._server.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, shown))
        self._shown = set(by_path)


class RedFollower:
    """Asks for the newest run whenever something was recorded, once at a time."""

    def __init__(self, tests: FailingTests, last_run: LastRun) -> None:
        self._tests, self._last_run = tests, last_run
        self._next_seq = -1
        self._asking: asyncio.Task[None] | None = None

    def follow(self, next_seq: int, *, has_session: bool) -> None:
        """Follow the session's state, on the event loop."""
        if not has_session:
            self._tests.clear()
            self._next_seq = -1
        elif next_seq != self._next_seq and (self._asking is None or self._asking.done()):
            self._next_seq = next_seq
            self._asking = asyncio.ensure_future(self._ask())

    async def _ask(self) -> None:
        self._tests.take(await asyncio.wrap_future(self._last_run()))


def failing_line(message: str, path: Path) -> int | None:
    """Return the last line of a test's own file that its message names."""
    found = [int(one["line"]) for one in PLACE.finditer(message) if Path(one["file"]).name == path.name]
    return found[-1] if found else None


def _red(one: FailedTest, path: Path, message: str, tool: str) -> Red:
    return Red(one.test_id, path.resolve(), failing_line(message, path) or one.line or 1, message, tool or "pytest")


def _diagnostic(red: Red) -> lsp.Diagnostic:
    line = max(red.line - 1, 0)
    where = lsp.Range(lsp.Position(line, 0), lsp.Position(line, 1_000))
    message = red.message.strip().partition("\n")[0] or "The test failed."
    return lsp.Diagnostic(where, message, severity=lsp.DiagnosticSeverity.Error, code=red.test_id, source=OWN_SOURCE)
