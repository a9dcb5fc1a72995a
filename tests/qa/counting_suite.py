"""A suite whose tests are lines of the files it is given: a stand-in for runners where what is judged is not theirs.

A line `test NAME PATH WORD` in a file below `tests/` passes where the file PATH holds WORD. `flaky NAME` passes every
other time, `skip NAME` is skipped, `hang` lets the run end by the clock, `cheat` bends it, `import PATH` fails the file
as a whole where PATH is not there or holds a placeholder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from patchtrail.contract.events import TestCase
from patchtrail.qa.suite import SuiteRun, Unrunnable
from patchtrail.trace.file_tree import FileTree
from tests.qa.session_files import case_of


@dataclass
class CountingSuite:
    """Runs such tests; `asked` holds the command line of each run."""

    runner: str = "pytest"
    sandbox: str = "a stand-in"
    asked: list[str] = field(default_factory=list)
    ticks: count = field(default_factory=count)
    duration_ms: int = 1

    def is_test_file(self, path: str) -> bool:
        """Everything below `tests/` decides."""
        return path.startswith("tests/") or path == "conftest.py"

    def run(
        self,
        tree: FileTree,
        *,
        tests: Sequence[str] = (),
        command_line: str = "",
        with_coverage: bool = False,
        cancellation: object,
    ) -> SuiteRun:
        """Read the lines."""
        self.asked.append("coverage" if with_coverage else command_line)
        cases, blamed = list[TestCase](), list[str]()
        for path in sorted(one for one in tree.files if self.is_test_file(one)):
            words = [line.split() for line in (tree.text(path) or "").splitlines()]
            if ["hang"] in words:
                return SuiteRun(trouble="wall", problem="The tests did not end in time.", duration_ms=9)
            if ["cheat"] in words:
                return SuiteRun(trouble="cheat", problem="The run was ended from within.")
            lost = [word[1] for word in words if word[:1] == ["import"] and not _is_sound(tree, word[1])]
            if lost:
                cases.append(case_of(path, "error"))
                blamed += lost
                continue
            told = [word for word in words if word[:1] != ["import"] and len(word) > 1]
            cases += [case_of(f"{path}::{word[1]}", self._outcome(tree, word)) for word in told]
        trouble = "not_importable" if blamed else "" if cases else "no_tests"
        executable = {path: frozenset(range(1, 100)) for path in tree.files} if with_coverage else {}
        lines = {path: frozenset({1}) for path in tree.files} if with_coverage else {}
        return SuiteRun(
            cases=tuple(cases),
            exit_code=int(any(case.outcome in ("failed", "error") for case in cases)),
            output=f"{len(cases)} tests",
            trouble=trouble,
            blamed_files=tuple(blamed),
            lines=lines,
            executable_lines=executable,
            duration_ms=self.duration_ms,
        )

    def _outcome(self, tree: FileTree, word: Sequence[str]) -> str:
        if word[0] == "skip":
            return "skipped"
        if word[0] == "flaky":
            return ("passed", "failed")[next(self.ticks) % 2]
        return "passed" if word[3] in (tree.text(word[2]) or "") else "failed"


@dataclass
class CountingSuites:
    """Gives out one such suite."""

    suite: CountingSuite | Unrunnable = field(default_factory=CountingSuite)

    def suite_of(self, start: FileTree, recipe_toml: str, cancellation: object) -> CountingSuite | Unrunnable:
        """Return it."""
        return self.suite


def _is_sound(tree: FileTree, path: str) -> bool:
    text = tree.text(path)
    return text is not None and "<<redacted:" not in text
