"""Runs of a suite on file states: equal ones are run once, repeated ones on purpose, all of them within a time."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from patchtrail.qa.suite import Suite, SuiteRun
from patchtrail.sandbox import Cancelling
from patchtrail.trace.file_tree import FileTree

__all__ = ["BUDGET_S", "Trials"]

BUDGET_S = 240.0
"""Of all runs of one trace that are not needed for its verdict."""
REPEATS = ((10_000, 3), (60_000, 2))
"""How often the same files are run, by how long the first run took at most (ms); once where it took longer."""

MAX_ALONE, TIMES_ALONE = 20, 5
"""How many tests are run by themselves at most, and how often."""


@dataclass
class Trials:
    """The runs of one trace; `notes` says which ones were left out, and why."""

    suite: Suite
    cancellation: Cancelling
    budget_s: float = BUDGET_S
    clock: Callable[[], float] = time.monotonic
    notes: list[str] = field(default_factory=list)
    _known: dict[tuple[str, str], list[SuiteRun]] = field(default_factory=dict)
    _began_s: float | None = None

    def repeated(self, tree: FileTree) -> list[SuiteRun]:
        """Run the whole suite on these files, several times where it is quick, so that flaky tests show.

        The first run is always made. One that was cut short for want of time or memory is not repeated.
        """
        runs = self._known.setdefault((_identity(tree), ""), [])
        if not runs:
            runs.append(self._run(tree, ""))
        for _ in range(len(runs), self._times(runs[0])):
            if self.is_over:
                self.note("Not every run was repeated, for want of time; a flaky test may not have shown.")
                break
            runs.append(self._run(tree, ""))
        return runs

    def alone(self, tree: FileTree, tests: Sequence[str]) -> list[SuiteRun]:
        """Run these tests by themselves several times; no run where there is no time, or too many of them."""
        if len(tests) > MAX_ALONE:
            return []
        runs = list[SuiteRun]()
        while len(runs) < TIMES_ALONE and not self.is_over:
            runs.append(self.suite.run(tree, tests=tests, cancellation=self.cancellation))
        return runs if len(runs) == TIMES_ALONE else []

    def once(self, tree: FileTree, command_line: str) -> SuiteRun | None:
        """Run what a recorded command would have chosen on these files; None when there is no time for it."""
        runs = self._known.setdefault((_identity(tree), command_line), [])
        if not runs:
            if self.is_over:
                return None
            runs.append(self._run(tree, command_line))
        return runs[0]

    def covered(self, tree: FileTree) -> SuiteRun | None:
        """Run the whole suite and measure which lines it reaches; None when there is no time for it."""
        if self.is_over:
            self.note("Coverage was not measured, for want of time.")
            return None
        return self.suite.run(tree, with_coverage=True, cancellation=self.cancellation)

    def note(self, sentence: str) -> None:
        """Say, once, what was left out."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    @property
    def is_over(self) -> bool:
        """Whether the time is up, or nobody waits any more."""
        began_s = self._begun()
        return self.cancellation.is_cancelled or self.clock() - began_s > self.budget_s

    @property
    def all_runs(self) -> Sequence[SuiteRun]:
        """Every run so far."""
        return [run for runs in self._known.values() for run in runs]

    def _run(self, tree: FileTree, command_line: str) -> SuiteRun:
        self._begun()
        return self.suite.run(tree, command_line=command_line, cancellation=self.cancellation)

    def _begun(self) -> float:
        if self._began_s is None:
            self._began_s = self.clock()
        return self._began_s

    def _times(self, first: SuiteRun) -> int:
        if first.trouble in ("wall", "memory", "no_sandbox", "no_environment", "no_tests"):
            return 1
        return next((times for most_ms, times in REPEATS if first.duration_ms <= most_ms), 1)


def _identity(tree: FileTree) -> str:
    digest = hashlib.sha256()
    for path in sorted(tree.files):
        content = hashlib.sha256(tree.files[path]).digest()
        digest.update(path.encode("utf-8", "surrogatepass") + b"\0" + bytes([path in tree.executable]) + content)
    return digest.hexdigest()
