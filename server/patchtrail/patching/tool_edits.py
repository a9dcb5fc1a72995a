"""Apply a tool's own edits to a text: positions are lines from 1 and UTF-16 units from 0."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from patchtrail.patching.finding import ToolEdit, ToolFix
from patchtrail.text.lines import split_lines

__all__ = ["apply_fixes"]


def apply_fixes(text: str, fixes: Iterable[ToolFix]) -> tuple[str, int]:
    """Return the text with the fixes applied that do not overlap an earlier one, and how many those are.

    A fix is applied whole or not at all, as the tool would do it; what had to wait is left for another pass.
    """
    lines = split_lines(text)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    taken: list[tuple[int, int, str]] = []
    applied = 0
    for fix in fixes:
        spans = [_span(edit, lines, starts) for edit in fix.edits]
        new = [one for one in spans if one not in taken]
        if any(_overlap(one, other) for one in new for other in taken):
            continue
        taken += new
        applied += 1
    for start, end, replacement in sorted(taken, reverse=True):
        text = text[:start] + replacement + text[end:]
    return text, applied


def _span(edit: ToolEdit, lines: Sequence[str], starts: Sequence[int]) -> tuple[int, int, str]:
    start = _offset(edit.line, edit.character, lines, starts)
    return start, max(start, _offset(edit.end_line, edit.end_character, lines, starts)), edit.text


def _offset(line: int, character: int, lines: Sequence[str], starts: Sequence[int]) -> int:
    """Return the index into the text; beyond the end is the end."""
    if line > len(lines):
        return starts[-1]
    units, index, content = 0, 0, lines[line - 1]
    while index < len(content) and units < character:
        units += 2 if ord(content[index]) > 0xFFFF else 1
        index += 1
    return starts[line - 1] + index


def _overlap(one: tuple[int, int, str], other: tuple[int, int, str]) -> bool:
    return (one[0] < other[1] and other[0] < one[1]) or (one[0], one[1]) == (other[0], other[1])
