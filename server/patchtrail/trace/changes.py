"""What changed between two test runs, and which of it can have mattered: inert and undone edits are told apart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from patchtrail.contract.event_lines import EventData
from patchtrail.contract.events import Commit
from patchtrail.contract.files import FileContent, FileDelete, FileRename

__all__ = ["Change", "change_of", "renamed_tests", "that_matter"]

HUNK = re.compile(r"^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
INERT = re.compile(
    r"\s*($|#|//|/\*|\*/|print\(|pprint\(|breakpoint\(\)|import (i?pdb|pprint)\b|from pprint\b|i?pdb\."
    r"|console\.\w+\(|debugger\b|logging\.\w+\(|log(ger)?\.\w+\(|System\.out\.|fmt\.Print|dbg!)"
)
PROSE = frozenset({".md", ".rst", ".txt", ".adoc"})
MOVING_COMMITS = frozenset({"merge", "rebase", "cherry_pick", "revert", "apply"})
TEST_DEFINED = re.compile(r"\s*(?:async )?def (test\w*)\(")


@dataclass(frozen=True)
class Block:
    """Adjacent lines that were replaced, and where."""

    old_line: int
    new_line: int
    removed: tuple[str, ...]
    added: tuple[str, ...]

    @property
    def inverse(self) -> Block:
        """The replacement that undoes this one."""
        return Block(self.new_line, self.old_line, self.added, self.removed)


@dataclass(frozen=True)
class Change:
    """One change of the code: an edit, a file that came or went, a commit that moved the work tree."""

    seq: int
    at_ms: int
    place: str
    blocks: tuple[Block, ...] | None
    hash_after: str | None

    @property
    def is_inert(self) -> bool:
        """Whether it changed nothing but prints, logging, breakpoints, comments and blank lines, or prose."""
        if PurePosixPath(self.place).suffix in PROSE:
            return True
        lines = [line for block in self.blocks or () for line in (*block.removed, *block.added)]
        return bool(lines) and all(INERT.match(line) for line in lines)

    def undoes(self, earlier: Change) -> bool:
        """Whether it takes back an earlier change of the same file, line for line."""
        return bool(self.blocks) and self.blocks == tuple(block.inverse for block in earlier.blocks or ())


def change_of(seq: int, at_ms: int, data: EventData) -> Change | None:
    """Return an event as a change of the code; None when it is none."""
    match data:
        case FileContent():
            place = f"{data.root}:{data.file_path}{'#' + data.cell.cell_id if data.cell else ''}"
            is_told = bool(data.diff_unified)
            return Change(seq, at_ms, place, _blocks(data.diff_unified) if is_told else None, data.buffer_hash_after)
        case FileDelete() | FileRename():
            return Change(seq, at_ms, f"{data.root}:{data.file_path}", None, None)
        case Commit() if data.kind in MOVING_COMMITS:
            return Change(seq, at_ms, f"commit {data.sha}", None, None)
        case _:
            return None


def that_matter(changes: Iterable[Change], hashes_before: Mapping[str, str | None]) -> list[Change]:
    """Return the changes that can have turned a test green, in order.

    Left out: changes that were taken back, and, where others remain, those that are inert. `hashes_before` tells,
    per place, the content at the last red run, where it is known.
    """
    standing: dict[str, list[Change]] = {}
    for change in changes:
        stack = standing.setdefault(change.place, [])
        if change.hash_after is not None and change.hash_after == hashes_before.get(change.place):
            stack.clear()
        elif stack and change.undoes(stack[-1]):
            stack.pop()
        else:
            stack.append(change)
    left = sorted((one for stack in standing.values() for one in stack), key=lambda change: change.seq)
    return [change for change in left if not change.is_inert] or left


def renamed_tests(change: Change) -> list[tuple[str, str]]:
    """Return the test functions that an edit renamed, old name and new."""
    found = list[tuple[str, str]]()
    for block in change.blocks or ():
        old, new = _tests_in(block.removed), _tests_in(block.added)
        if len(old) == len(new):
            found += [(one, other) for one, other in zip(old, new, strict=True) if one != other]
    return found


def _tests_in(lines: Sequence[str]) -> list[str]:
    return [found[1] for line in lines if (found := TEST_DEFINED.match(line))]


def _blocks(diff: str) -> tuple[Block, ...]:
    blocks = list[Block]()
    old = new = 0
    removed, added = list[str](), list[str]()

    def close() -> None:
        if removed or added:
            blocks.append(Block(old - len(removed), new - len(added), tuple(removed), tuple(added)))
            removed.clear()
            added.clear()

    for line in diff.split("\n")[2:]:
        if found := HUNK.match(line):
            close()
            old, new = int(found[1]), int(found[2])
        elif line.startswith("-"):
            removed.append(line[1:])
            old += 1
        elif line.startswith("+"):
            added.append(line[1:])
            new += 1
        elif line.startswith(" "):
            close()
            old, new = old + 1, new + 1
    close()
    return tuple(blocks)
