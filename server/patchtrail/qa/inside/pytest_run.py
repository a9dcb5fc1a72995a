"""Runs pytest and tells each phase of each test as it ends; called by `watch.py` with SPEC and two descriptors.

SPEC is JSON: `arguments` for pytest, `wanted` test ids (empty for all), `root`, and `coverage`.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from .lines import LineWatch
from .teller import teller

__all__ = ["Reporter", "main"]

MAX_MESSAGE_CHARS = 2_000
MAX_CAUSES = 20
Tell = Callable[[dict[str, object]], None]


class Reporter:
    """A plugin that is handed over as an object, so that no run within this one has it."""

    def __init__(self, tell: Tell, wanted: list[str], root: str) -> None:
        self._tell = tell
        self._wanted = {_key(one) for one in wanted}
        self._root = root

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Keep what was asked for; an id that is not there is told by its absence."""
        if not self._wanted:
            return
        kept = [one for one in items if _is_wanted(one.nodeid, self._wanted)]
        if dropped := [one for one in items if one not in kept]:
            config.hook.pytest_deselected(items=dropped)
            items[:] = kept

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> Generator[None, None, None]:
        """Tell what is about to be run, after everybody had a say."""
        yield
        self._tell({"collected": [one.nodeid for one in session.items]})

    def pytest_exception_interact(self, call: Any, report: pytest.CollectReport | pytest.TestReport) -> None:  # noqa: ANN401 -- pytest's hook
        """Tell which of the project's files could not be imported."""
        if isinstance(report, pytest.CollectReport) and call.excinfo is not None:
            self._tell({"blamed": _blamed(call.excinfo.value, self._root), "id": report.nodeid})

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Tell of a file that cannot be collected, or skips itself."""
        if not report.passed:
            self._tell({"id": report.nodeid, "when": "collect", "outcome": report.outcome, "message": _message(report)})

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Tell of one phase of a test."""
        path, line, _ = report.location
        self._tell(
            {
                "id": report.nodeid,
                "when": report.when,
                "outcome": report.outcome,
                "seconds": getattr(report, "duration", 0.0),
                "message": "" if report.passed else _message(report),
                "file": path,
                "line": line,
                "is_subtest": hasattr(report, "context"),
            }
        )


def _message(report: pytest.CollectReport | pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2])[:MAX_MESSAGE_CHARS]
    # What could not be collected says why at its end.
    return str(crash.message)[:MAX_MESSAGE_CHARS] if crash else str(report.longrepr or "")[-MAX_MESSAGE_CHARS:]


def _blamed(error: BaseException | None, root: str) -> list[str]:
    """Return the project's file in which the first cause of an error arose."""
    for _ in range(MAX_CAUSES):
        if error is None or error.__cause__ is None:
            break
        error = error.__cause__
    if error is None:
        return []
    places = [one.filename for one in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        places.append(error.filename)
    own = [os.path.relpath(one, root) for one in places if one.startswith(f"{root}/")]
    return own[-1:]


def _key(test_id: str) -> str:
    """Return the one name of a test: reports write the file as a module, pytest as a path."""
    head, bracket, parameters = test_id.removeprefix("./").partition("[")
    path, _, rest = head.partition("::")
    parts = [path.removesuffix(".py").strip("/").replace("/", "."), *([rest.replace("::", ".")] if rest else [])]
    return ".".join(parts) + bracket + parameters


def _is_wanted(nodeid: str, wanted: set[str]) -> bool:
    key = _key(nodeid)
    if key in wanted:
        return True
    head = key.partition("[")[0]
    parts = head.split(".")
    return any(".".join(parts[:count]) in wanted for count in range(1, len(parts) + 1))


def main() -> None:
    """Run, tell, and end at once: what a project does at exit changes nothing any more."""
    tell = teller(int(sys.argv[2]), int(sys.argv[3]))
    spec = json.loads(Path(sys.argv[1]).read_text())
    leave = os._exit
    lines = LineWatch(spec["root"]) if spec["coverage"] else None
    sys.argv[:] = ["pytest", *spec["arguments"]]
    code = int(pytest.main(spec["arguments"], plugins=[Reporter(tell, spec["wanted"], spec["root"])]))
    for path, executed, executable in lines.found() if lines else ():
        tell({"lines": path, "executed": executed, "executable": executable})
    tell({"closed": code})
    sys.stdout.flush()
    sys.stderr.flush()
    leave(code)
