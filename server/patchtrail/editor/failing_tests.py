"""Failing tests of the recorded session as diagnostics of our own, at the line that failed, until a run is green."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from itertools import pairwise

from pygls.uris import from_fs_path

from patchtrail.capture import LastTestRun
from patchtrail.contract.lsp import FailedTest
from patchtrail.editor import to_lsp
from patchtrail.editor.fix_places import Place, Places
from patchtrail.editor.server import SidecarServer
from patchtrail.patching import Finding
from patchtrail.patching.failing_tests import finding_of_failure
from patchtrail.patching.ports import TestFailure

__all__ = ["FailingTests"]

LastRun = Callable[[], Future[LastTestRun | None]]
MOST_SHOWN = 200
HEADING = re.compile(r"^_{3,} (?P<name>.+?) _{3,}$|^={3,}.*$", re.MULTILINE)
"""What pytest prints above each failure, and around them all."""


class FailingTests:
    """What is red after the newest runs: what a run passed is green, what it failed is red, the rest is as it was."""

    def __init__(self, server: SidecarServer, places: Places, last_run: LastRun) -> None:
        self._server, self._places, self._last_run = server, places, last_run
        self._red = dict[str, tuple[Place, Finding]]()
        self._shown = set[Place]()
        self._seen: tuple[int, int] = (-1, -1)
        self._asking: asyncio.Task[None] | None = None

    def follow(self, next_seq: int, *, has_session: bool) -> None:
        """Follow the session on the event loop: whenever something was recorded, ask for the newest run, once."""
        if not has_session:
            self.clear()
        elif next_seq != self._seen[0]:
            self._seen = (next_seq, self._seen[1])
            if self._asking is None or self._asking.done():
                self._asking = asyncio.ensure_future(self._ask())

    def clear(self) -> None:
        """Nothing is red any more, as far as anybody knows."""
        self._seen = (-1, -1)
        self._red.clear()
        self._publish()

    def more_of(self, finding: Finding, place: Place) -> Finding:
        """Return the finding of one of our diagnostics with all that its test said."""
        at, known = self._red.get(finding.test_id or "", (None, finding))
        return finding if at != place else replace(known, line=finding.line, end_line=finding.end_line)

    async def _ask(self) -> None:
        asked_at = None
        # What was recorded while the question was on its way may be the run that matters.
        while asked_at != self._seen[0]:
            asked_at = self._seen[0]
            await self._look()

    async def _look(self) -> None:
        last = await asyncio.wrap_future(self._last_run())
        if last is None or last.seq == self._seen[1]:
            return
        self._seen = (self._seen[0], last.seq)
        # Where a test failed is looked up in files.
        red = await asyncio.get_running_loop().run_in_executor(None, self._located, last)
        if last.run.exit_code == 0 and not last.failed:
            self._red.clear()
        for case in last.run.cases:
            self._red.pop(case.test_id, None)
        self._red |= red
        self._publish()

    def _located(self, last: LastTestRun) -> dict[str, tuple[Place, Finding]]:
        messages = {case.test_id: case.message for case in last.run.cases}
        printed = _printed(last.output)
        found = (
            (one.test_id, self._placed(one, messages.get(one.test_id, ""), printed.get(_name(one.test_id), "")))
            for one in last.failed[:MOST_SHOWN]
        )
        return {test_id: placed for test_id, placed in found if placed is not None}

    def _placed(self, one: FailedTest, message: str, printed: str) -> tuple[Place, Finding] | None:
        place = None if one.path is None else self._places.of(from_fs_path(one.path) or "")
        if place is None:
            return None
        texts = self._places.texts(place.root)
        failure = TestFailure(one.test_id, message or one.message, printed or message, place.file_path, one.line)
        finding = finding_of_failure(failure, (place.root,), texts.read)
        return None if finding is None else (Place(place.root, finding.file_path), finding)

    def _publish(self) -> None:
        by_place = dict[Place, list[Finding]]()
        for place, finding in self._red.values():
            by_place.setdefault(place, []).append(finding)
        for place in self._shown | set(by_place):
            shown = to_lsp.failing_tests(self._places.uri(place), by_place.get(place, []))
            self._server.text_document_publish_diagnostics(shown)
        self._shown = set(by_place)


def _printed(output: str) -> dict[str, str]:
    """Return what pytest printed of each failure, by the name that it has there."""
    headings = [*HEADING.finditer(output), None]
    sections = dict[str, str]()
    for heading, following in pairwise(headings):
        if heading is not None and heading["name"]:
            end = len(output) if following is None else following.start()
            sections[heading["name"]] = output[heading.end() : end].strip("\n")
    return sections


def _name(test_id: str) -> str:
    """Return how pytest heads a failure: `TestClass.test_name[parameter]`."""
    return test_id.partition("::")[2].replace("::", ".")
