"""Edits on a file's lines: made from placed hunks, merged where they agree, applied with the file's own endings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from patchtrail.patching.locate.lines import FileText

__all__ = ["Conflict", "Edit", "NewLine", "applied", "merged"]


@dataclass(frozen=True)
class NewLine:
    """A line to write; `is_unended` when the answer says that no line end follows."""

    text: str
    is_unended: bool = False


@dataclass(frozen=True)
class Edit:
    """Lines `start` to `end` (from 0, the end excluded) become `lines`."""

    start: int
    end: int
    lines: tuple[NewLine, ...]
    gains_ending: bool = False


@dataclass(frozen=True)
class Conflict:
    """Two hunks want different things of the same lines; `line` counts from 1."""

    line: int


def merged(edits: Sequence[Edit]) -> list[Edit] | Conflict:
    """Return the edits in order, equal ones once, or the first place where two of them contradict."""
    kept = list[Edit]()
    for edit in sorted(dict.fromkeys(edits), key=lambda one: (one.start, one.end)):
        last = kept[-1] if kept else None
        if last is not None and edit.start < last.end:
            return Conflict(edit.start + 1)
        kept.append(edit)
    return kept


def applied(file: FileText, edits: Sequence[Edit]) -> str:
    """Return the file's text with the edits made."""
    if not edits:
        return file.text
    pieces, at = [file.bom], 0
    for edit in edits:
        pieces += _kept(file, at, edit.start)
        if edit.lines and edit.start > 0 and edit.start >= len(file) and not file.endings[-1]:
            pieces.append(file.ending)
        pieces += _written(file, edit)
        at = edit.end
    pieces += _kept(file, at, len(file))
    return "".join(pieces)


def _kept(file: FileText, start: int, end: int) -> list[str]:
    return [line + ending for line, ending in zip(file.lines[start:end], file.endings[start:end], strict=True)]


def _written(file: FileText, edit: Edit) -> list[str]:
    """Return the new lines; the file's last line keeps having no end unless the answer gives it one."""
    pieces = list[str]()
    is_last = edit.end >= len(file)
    was_unended = bool(file.endings) and not file.endings[-1]
    for i, line in enumerate(edit.lines):
        ending = _ending_near(file, edit, i)
        if is_last and i == len(edit.lines) - 1:
            stays_unended = was_unended and not edit.gains_ending
            ending = "" if line.is_unended or stays_unended else ending
        pieces.append(line.text + ending)
    return pieces


def _ending_near(file: FileText, edit: Edit, i: int) -> str:
    """Return the ending of the line that is replaced, else of a neighbour."""
    near = edit.start + i if edit.start + i < edit.end else max(edit.start - 1, 0)
    found = file.endings[near] if near < len(file.endings) else ""
    return found or file.ending
