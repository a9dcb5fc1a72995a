"""The ground of a replay at the collector: the files of the start commit, from a snapshot or from an allowed origin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from patchtrail.capture.encodings import decoded
from patchtrail.contract.errors import PatchtrailError
from patchtrail.contract.qa import Divergence, StartSource
from patchtrail.qa.case import Case
from patchtrail.redaction.placeholder import PLACEHOLDER
from patchtrail.sandbox import Cancelling
from patchtrail.trace.base_snapshot import read_base
from patchtrail.trace.file_tree import FileTree

__all__ = ["Ground", "Origin", "ground_of"]

NOTHING = "There is no base snapshot of the start commit, and no origin may be fetched."


class Origin(Protocol):
    """Fetches start commits."""

    def fetch(self, url: str, commit: str, cancellation: Cancelling) -> FileTree:
        """Return the files of a commit; raises `PatchtrailError` saying why it may not or cannot be fetched."""


@dataclass(frozen=True)
class Ground:
    """The start commit's files and where they came from, or why there are none.

    `departure` says where a snapshot is not the commit that it is said to be.
    """

    tree: FileTree | None
    source: StartSource = "none"
    problem: str = ""
    departure: Divergence | None = None


def ground_of(case: Case, origin: Origin | None, cancellation: Cancelling) -> Ground:
    """Return what a case's replay stands on: its snapshot where there is one, else its origin's commit.

    A snapshot is the participant's own word. Where the origin can be had too, a signed trace's is held to it.
    """
    problem = NOTHING
    try:
        if case.snapshot is not None:
            return _held(read_base(case.snapshot), case, origin, cancellation)
    except PatchtrailError as error:
        problem = error.message
    if origin is None or not case.repo_origin:
        return Ground(None, problem=problem)
    try:
        return Ground(origin.fetch(case.repo_origin, case.start_commit, cancellation), "origin")
    except PatchtrailError as error:
        return Ground(None, problem=f"The start commit could not be fetched: {error.message}")


def _held(tree: FileTree, case: Case, origin: Origin | None, cancellation: Cancelling) -> Ground:
    """Return a snapshot's ground; what it leaves out is taken from its origin, where that can be had."""
    if origin is None or not case.is_signed or not case.repo_origin:
        return Ground(tree, "snapshot")
    try:
        commit = origin.fetch(case.repo_origin, case.start_commit, cancellation)
    except PatchtrailError:
        return Ground(tree, "snapshot")
    if (path := _departing(tree, commit)) is not None:
        message = "The base snapshot holds something else than the start commit at its origin."
        return Ground(tree, "snapshot", departure=Divergence(seq=None, file_path=path, message=message))
    missing = {path: commit.files[path] for path in tree.left_out if path in commit.files}
    whole = FileTree(
        {**missing, **tree.files},
        tree.executable | (commit.executable & missing.keys()),
        tuple(path for path in tree.left_out if path not in missing),
        tree.redacted,
    )
    return Ground(whole, "snapshot")


def _departing(tree: FileTree, commit: FileTree) -> str | None:
    """Return the first file that is not the commit's; what a snapshot says of itself excuses none that it holds."""
    # A snapshot of a part of the repository, or one that must not name a file, does not tell which files it lacks.
    is_whole = not any(one.startswith("(") or PLACEHOLDER.search(one) for one in tree.left_out)
    lacking = commit.files.keys() - set(tree.left_out) if is_whole else set[str]()
    for path in sorted((tree.files.keys() | lacking) - set(commit.left_out)):
        here, there = tree.files.get(path), commit.files.get(path)
        if here != there and not (path in tree.redacted and here and there and _is_redacted_of(here, there)):
            return path
    return None


def _is_redacted_of(shown: bytes, content: bytes) -> bool:
    """Return whether a text is another one, line for line, with placeholders in places of something."""
    told = decoded(content, None)
    encoding = told[1] if told else "latin-1"
    lines, others = (one.decode(encoding, "replace").split("\n") for one in (shown, content))
    return len(lines) == len(others) and all(map(_is_redacted_line, lines, others))


def _is_redacted_line(shown: str, line: str) -> bool:
    first, *middle = PLACEHOLDER.split(shown)
    if not middle:
        return shown == line
    *middle, last = middle
    at, stop = len(first), len(line) - len(last)
    if not line.startswith(first) or not line.endswith(last):
        return False
    for part in middle:
        found = line.find(part, at, stop)
        if found < 0:
            return False
        at = found + len(part)
    return at <= stop
