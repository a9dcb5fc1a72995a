"""The ports between what is to be proven and how tests are run: a repository's suite, and one run of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from patchtrail.contract.events import TestCase
from patchtrail.sandbox import Cancelling
from patchtrail.trace.file_tree import FileTree

__all__ = ["Suite", "SuiteRun", "Suites", "Unrunnable"]

Trouble = Literal["", "no_sandbox", "no_tests", "no_environment", "not_importable", "wall", "memory", "broken", "cheat"]


@dataclass(frozen=True)
class SuiteRun:
    """One run of a suite. `cases` is what the tests said, by ids as the recorder writes them.

    `trouble` is empty when the run can be believed; else `problem` says in a sentence what went wrong, and `cases` what
    was told until then. `blamed_files` are the files that could not be imported, `not_importable` means that nothing
    could. An id that was asked for and is not there is told by its absence. `lines` holds, by path, the lines that
    were executed; empty when coverage was not asked for. `output` is plain text, its end, without escape sequences.
    """

    cases: tuple[TestCase, ...] = ()
    exit_code: int | None = None
    output: str = ""
    trouble: Trouble = ""
    problem: str = ""
    blamed_files: tuple[str, ...] = ()
    lines: Mapping[str, frozenset[int]] = field(default_factory=dict)
    executable_lines: Mapping[str, frozenset[int]] = field(default_factory=dict)
    missing_limits: tuple[str, ...] = ()
    duration_ms: int = 0


@dataclass(frozen=True)
class Unrunnable:
    """Why a repository's tests cannot be run at all, in a sentence."""

    trouble: Trouble
    problem: str


class Suite(Protocol):
    """A repository's tests, with everything that they need fetched and built."""

    @property
    def runner(self) -> str:
        """pytest, unittest, jest, vitest, go or junit."""

    @property
    def sandbox(self) -> str:
        """The back end and the interpreter, in words."""

    def is_test_file(self, path: str) -> bool:
        """Return whether a file decides what is tested: a test, a conftest, a plugin, a runner's configuration."""

    def run(
        self,
        tree: FileTree,
        *,
        tests: Sequence[str] = (),
        command_line: str = "",
        with_coverage: bool = False,
        cancellation: Cancelling,
    ) -> SuiteRun:
        """Run the suite on these files: all of it, these ids, or what a recorded command line would have chosen."""


class Suites(Protocol):
    """Makes a repository's tests runnable."""

    def suite_of(self, start: FileTree, recipe_toml: str, cancellation: Cancelling) -> Suite | Unrunnable:
        """Detect the recipe at the start commit (`recipe_toml` overrides it), fetch what it needs, and build."""
