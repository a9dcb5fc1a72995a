"""From a file's text before and after to the fewest whole lines that an editor must replace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import SequenceMatcher

from patchtrail.editor.lines import lines_of

__all__ = ["LineEdit", "PlacedPatch", "line_edits"]

MOST_COMPARED = 4_000


@dataclass(frozen=True)
class LineEdit:
    """Lines `start` to `end`, from 0 and the end excluded, become `text`; `end` may be behind the last line."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class PlacedPatch:
    """One file of a patch, with the document that it changes; `units` counts a text as the client does."""

    uri: str
    version: int | None
    before: str | None
    after: str
    units: Callable[[str], int]


def line_edits(before: str, after: str) -> list[LineEdit]:
    """Return the edits that lead from one text to the other, in order, none touching another."""
    old, new = lines_of(before), lines_of(after)
    head = _alike(old, new)
    tail = _alike(old[head:][::-1], new[head:][::-1])
    old_middle, new_middle = old[head : len(old) - tail], new[head : len(new) - tail]
    if len(old_middle) + len(new_middle) > MOST_COMPARED:
        return [LineEdit(head, head + len(old_middle), "".join(new_middle))]
    codes = SequenceMatcher(None, old_middle, new_middle, autojunk=False).get_opcodes()
    return [LineEdit(head + i, head + j, "".join(new_middle[k:m])) for kind, i, j, k, m in codes if kind != "equal"]


def _alike(old: list[str], new: list[str]) -> int:
    count = 0
    for one, other in zip(old, new, strict=False):
        if one != other:
            break
        count += 1
    return count
