"""The lines of a unified diff of one file, apart."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["DiffLines", "lines_of"]

HUNK = re.compile(r"^@@ [^@]*@@ ?(.*)$")
MAX_LINES = 4_000
"""Of one diff; what is longer was not written by hand."""


@dataclass(frozen=True)
class DiffLines:
    """Added, removed and unchanged lines, and how many places the diff touches."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    shown: tuple[str, ...]
    hunks: int


def lines_of(diff: str) -> DiffLines:
    """Read a diff; what is none, such as changed lines without a head, is read as far as its prefixes go."""
    added, removed, shown = list[str](), list[str](), list[str]()
    hunks = 0
    for line in diff.split("\n")[:MAX_LINES]:
        if line.startswith(("--- ", "+++ ")) and not hunks:
            continue
        if found := HUNK.match(line):
            hunks += 1
            shown += [found[1]] if found[1] else []
        elif line.startswith("+"):
            added.append(line[1:])
        elif line.startswith("-"):
            removed.append(line[1:])
        elif line.startswith(" "):
            shown.append(line[1:])
    return DiffLines(tuple(added), tuple(removed), tuple(shown), max(hunks, int(bool(added or removed))))
