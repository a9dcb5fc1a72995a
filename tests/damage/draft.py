"""The change as a model has it in mind, before it is written down: hunks that defects work on."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from patchtrail.text import diff, split_lines
from tests.damage.truth import Truth

__all__ = ["Draft", "DraftHunk", "draft_of"]

HEADER = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@$")


@dataclass
class DraftHunk:
    """`lines` are sign and text; `bare` are those context lines that are written without their prefix."""

    start: int
    new_start: int
    lines: list[tuple[str, str]]
    header: str | None = None
    bare: set[int] = field(default_factory=set)
    counts: tuple[int, int] | None = None

    def old_count(self) -> int:
        """Count the lines of the old side."""
        return sum(sign != "+" for sign, _ in self.lines)

    def new_count(self) -> int:
        """Count the lines of the new side."""
        return sum(sign != "-" for sign, _ in self.lines)

    def change_span(self) -> tuple[int, int]:
        """Return where the first change is, and behind the last."""
        changed = [i for i, (sign, _) in enumerate(self.lines) if sign != " "]
        return changed[0], changed[-1] + 1


@dataclass
class Draft:
    """All hunks of one file, with the lines of the file that they are about."""

    truth: Truth
    hunks: list[DraftHunk]
    old: list[str]
    path: str
    old_name: str = ""
    new_name: str = ""


def draft_of(truth: Truth) -> Draft:
    """Return the exact change, as hunks with three lines of context."""
    lines = diff(_plain(truth.before), _plain(truth.after), truth.file_path).split("\n")
    hunks = list[DraftHunk]()
    for line in lines[2:]:
        header = HEADER.match(line)
        if header:
            hunks.append(DraftHunk(int(header[1]), int(header[3]), []))
        elif line and not line.startswith("\\"):
            hunks[-1].lines.append((line[0], line[1:]))
    old = [line.removesuffix("\n") for line in split_lines(_plain(truth.before))]
    return Draft(truth, hunks, old, truth.file_path, f"a/{truth.file_path}", f"b/{truth.file_path}")


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n")
