"""Runs unittest and tells each test as it ends; called by `watch.py` as the others are.

SPEC is JSON: `names`, or `start`, `pattern` and `top` for discovery; `patterns`, `wanted` ids, `root`, `coverage`.
"""

from __future__ import annotations

import inspect
import json
import os
import re
import sys
import time
import unittest
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from .lines import LineWatch
from .teller import teller

__all__ = ["main"]

ALL_PASSED, SOME_FAILED, NO_TESTS = 0, 1, 5
MAX_MESSAGE_CHARS = 2_000
NOT_LOADED = "unittest.loader._FailedTest."
HOLDER = re.compile(r"(setUp|tearDown)(Class|Module) \((.+)\)")
FILE = re.compile(r'File "([^"]+)"')
Tell = Callable[[dict[str, object]], None]
Error = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]


class Result(unittest.TextTestResult):
    """Tells what is printed, too."""

    tell: Tell
    root: str
    ids: list[str]
    began: float = 0.0

    def startTest(self, test: unittest.TestCase) -> None:
        """Begin a test."""
        super().startTest(test)
        self.began = time.perf_counter()

    def stopTest(self, test: unittest.TestCase) -> None:
        """End a test: only now it is told of."""
        super().stopTest(test)
        self.told(test, "teardown", "passed", "")

    def addSuccess(self, test: unittest.TestCase) -> None:
        """Tell of success."""
        super().addSuccess(test)
        self.told(test, "call", "passed", "")

    def addFailure(self, test: unittest.TestCase, err: Error) -> None:
        """Tell of a failed assertion."""
        super().addFailure(test, err)
        self.told(test, "call", "failed", str(err[1]))

    def addError(self, test: unittest.TestCase, err: Error) -> None:
        """Tell of an error: of a test, of a module that cannot be loaded, or of what a whole class needs."""
        super().addError(test, err)
        if found := HOLDER.fullmatch(test.id()):
            name = f"{found[3]}.{found[1]}{found[2]}"
            self.tell({"id": name, "when": "collect", "outcome": "failed", "message": str(err[1])[-MAX_MESSAGE_CHARS:]})
            for one in self.ids:
                if found[1] == "setUp" and one.startswith(f"{found[3]}."):
                    self.tell({"id": one, "when": "collect", "outcome": "failed", "message": str(err[1])[:200]})
            return
        if test.id().startswith(NOT_LOADED):
            self.tell({"blamed": self.blamed(str(err[1])), "id": _name(test)})
        self.told(test, "setup", "failed", f"{type(err[1]).__name__}: {err[1]}")

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        """Tell of a skipped test, or of a whole class of them."""
        super().addSkip(test, reason)
        if found := HOLDER.fullmatch(test.id()):
            for one in self.ids:
                if one.startswith(f"{found[3]}."):
                    self.tell({"id": one, "when": "collect", "outcome": "skipped", "message": reason})
            return
        self.told(test, "call", "skipped", reason)

    def addExpectedFailure(self, test: unittest.TestCase, err: Error) -> None:
        """Tell of a failure that was expected, which is no success."""
        super().addExpectedFailure(test, err)
        self.told(test, "call", "skipped", str(err[1]))

    def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:
        """Tell of a success that was not expected, which is a failure."""
        super().addUnexpectedSuccess(test)
        self.told(test, "call", "failed", "It was expected to fail.")

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: Error | None) -> None:
        """Tell of a part of a test that failed."""
        super().addSubTest(test, subtest, err)
        if err is not None:
            when = "call" if isinstance(err[1], test.failureException) else "setup"
            self.told(test, when, "failed", str(err[1]))

    def told(self, test: unittest.TestCase, when: str, outcome: str, message: str) -> None:
        """Tell of one phase."""
        seconds = time.perf_counter() - self.began if when == "teardown" else 0.0
        self.tell(
            {
                "id": _name(test),
                "when": when,
                "outcome": outcome,
                "seconds": seconds,
                "message": message[-MAX_MESSAGE_CHARS:],
                **_place(test, self.root),
            }
        )

    def blamed(self, message: str) -> list[str]:
        """Return the project's file that stands last in the trace of an import."""
        own = [one for one in FILE.findall(message) if one.startswith(f"{self.root}/")]
        return [os.path.relpath(own[-1], self.root)] if own else []


def main() -> None:
    """Load, run, tell, and end at once."""
    tell = teller(int(sys.argv[2]), int(sys.argv[3]))
    spec = json.loads(Path(sys.argv[1]).read_text())
    leave = os._exit
    lines = LineWatch(spec["root"]) if spec["coverage"] else None
    sys.argv[:] = ["python -m unittest"]
    tests = [one for one in _tests(_loaded(spec)) if not spec["wanted"] or _name(one) in spec["wanted"]]
    ids = [_name(one) for one in tests if not one.id().startswith(NOT_LOADED)]
    tell({"collected": ids})
    settings: dict[str, Any] = {"tell": staticmethod(tell), "root": spec["root"], "ids": ids}
    result_class = type("Result", (Result,), settings)
    result = unittest.TextTestRunner(resultclass=result_class, verbosity=2).run(unittest.TestSuite(tests))
    code = NO_TESTS if not tests else ALL_PASSED if result.wasSuccessful() else SOME_FAILED
    for path, executed, executable in lines.found() if lines else ():
        tell({"lines": path, "executed": executed, "executable": executable})
    tell({"closed": code})
    sys.stdout.flush()
    sys.stderr.flush()
    leave(code)


def _loaded(spec: dict[str, Any]) -> unittest.TestSuite:
    loader = unittest.TestLoader()
    loader.testNamePatterns = spec["patterns"] or None
    if spec["names"]:
        return loader.loadTestsFromNames(spec["names"])
    return loader.discover(spec["start"], spec["pattern"], spec["top"] or None)


def _tests(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    for one in suite:
        if isinstance(one, unittest.TestSuite):
            yield from _tests(one)
        else:
            yield one


def _name(test: unittest.TestCase) -> str:
    return test.id().removeprefix(NOT_LOADED)


def _place(test: unittest.TestCase, root: str) -> dict[str, object]:
    """Return the file of a test relative to the root, and its line from 0, as pytest tells it."""
    method = getattr(test, getattr(test, "_testMethodName", ""), None)
    code = getattr(inspect.unwrap(method), "__code__", None) if method is not None else None
    if code is None or not code.co_filename.startswith(f"{root}/"):
        return {}
    return {"file": os.path.relpath(code.co_filename, root), "line": code.co_firstlineno - 1}
