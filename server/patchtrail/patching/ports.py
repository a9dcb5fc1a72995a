"""What patching needs from higher rooms or other processes; wired in `cli`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from patchtrail.contract.attempt import AttemptRecord
from patchtrail.contract.learning import Pattern
from patchtrail.llm import Cancellation
from patchtrail.patching.finding import Finding
from patchtrail.patching.patch import Patch

__all__ = [
    "AttemptLog",
    "Checked",
    "Checker",
    "LearnedPattern",
    "PatternLookup",
    "TestFailure",
    "TestOutcome",
    "TestRunner",
    "Workspace",
]


class Workspace(Protocol):
    """The files of one root as the user sees them: an open document's text wins over the file on disk."""

    @property
    def root(self) -> Path:
        """The root folder."""

    def read(self, file_path: str) -> str | None:
        """Return a text by its POSIX path relative to the root; None when there is none, or it may not be read."""

    def open_texts(self) -> dict[str, str]:
        """Return the open documents that differ from the disk, by relative path."""


@dataclass(frozen=True)
class Checked:
    """What the tools say of an overlay: their findings in the checked files, and which tools could not be run."""

    findings: tuple[Finding, ...]
    tools_run: tuple[str, ...]
    not_run: tuple[str, ...] = ()


class Checker(Protocol):
    """Runs the tools that report findings, on texts that are not on disk."""

    def can_check(self, tool: str, file_path: str) -> bool:
        """Return whether `tool` can be run here on such a file; answers at once."""

    def check(
        self, workspace: Workspace, texts: dict[str, str], tools: Sequence[str], cancellation: Cancellation
    ) -> Checked:
        """Run `tools` on the files of `texts` as if they held these texts."""


@dataclass(frozen=True)
class TestFailure:
    """One test that failed; file and line are the test's own, where the run told them."""

    test_id: str
    message: str
    traceback: str = ""
    file_path: str | None = None
    line: int | None = None


@dataclass(frozen=True)
class TestOutcome:
    """One run of tests on an overlay; a `problem` says why the run is no answer."""

    passed: tuple[str, ...]
    failed: tuple[str, ...]
    output: str
    problem: str = ""
    failures: tuple[TestFailure, ...] = ()


class TestRunner(Protocol):
    """Runs tests on an overlay, in the sandbox."""

    def can_run(self, workspace: Workspace) -> bool:
        """Return whether tests can be run here."""

    def run(
        self, workspace: Workspace, patch: Patch | None, test_ids: Sequence[str], cancellation: Cancellation
    ) -> TestOutcome:
        """Run the tests with the patch laid over the workspace, or without one."""


@dataclass(frozen=True)
class LearnedPattern:
    """A reusable lesson, as a prompt shows it."""

    pattern_id: str
    name: str
    description: str
    bad_example: str
    good_example: str

    @classmethod
    def of(cls, pattern: Pattern) -> LearnedPattern:
        """Return what a prompt shows of a pattern."""
        return cls(pattern.pattern_id, pattern.name, pattern.description, pattern.bad_example, pattern.good_example)


class PatternLookup(Protocol):
    """Finds learned patterns."""

    def patterns_for(self, findings: Sequence[Finding], code: str) -> tuple[LearnedPattern, ...]:
        """Return at most three patterns for findings of one file that are asked about together, the best first."""


class AttemptLog(Protocol):
    """Where every try goes, at once: the repository's own store, and the session that is recorded."""

    def add(self, record: AttemptRecord, patch: Patch | None) -> None:
        """Keep one try, and the patch that it came to."""

    def outcome(self, attempt_id: str, outcome: Literal["accepted", "rejected", "undone"]) -> None:
        """Keep what became of an offered patch."""
