"""The shortest way: a diff that is right to the letter, counts and places included, needs no search.

It also keeps what the tolerant way does not see: changes of line ends, and lines that look like headers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from patchtrail.patching.changed_file import ChangedFile
from patchtrail.patching.gate import gate
from patchtrail.patching.locate.elision import stands_for_code
from patchtrail.patching.patch import LocatedHunk, Refusal
from patchtrail.patching.paths import Paths, is_safe
from patchtrail.text import split_lines

__all__ = ["verbatim_changes"]

HUNK = re.compile(r"^@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")
NO_NEWLINE = "\\ No newline at end of file"


@dataclass(frozen=True)
class _Section:
    """One file's lines of a diff, from its first `@@` on."""

    path: str
    lines: list[str]


def verbatim_changes(answer: str, paths: Paths) -> list[ChangedFile] | Refusal | None:
    """Return the changes of an answer that is nothing but an exact diff; None when it is not."""
    text = answer.strip("\n")
    if not text.startswith("--- a/"):
        return None
    done = list[ChangedFile]()
    for section in _sections(text.split("\n")):
        before = paths.read(section.path) if is_safe(section.path) else None
        found = None if before is None else _applied(section, before)
        if found is None or before is None or any(one.file_path == section.path for one in done):
            return None
        after, hunks = found
        refusal = gate(section.path, before, after, is_exact=True).refusal
        if refusal is not None:
            return refusal
        done.append(ChangedFile(section.path, before, after, tuple(hunks)))
    return done or None


def _sections(lines: Sequence[str]) -> Iterator[_Section]:
    """Yield each file; one with an empty path says that the text is no exact diff."""
    i = 0
    while i < len(lines):
        old, new = lines[i], lines[i + 1] if i + 1 < len(lines) else ""
        is_header = old.startswith("--- a/") and new.startswith("+++ b/") and old[6:] == new[6:]
        start = i = i + 2
        while i < len(lines) and HUNK.match(lines[i]):
            i = _hunk_end(lines, i)
        yield _Section(new[6:] if is_header and i > start else "", list(lines[start:i]))


def _hunk_end(lines: Sequence[str], i: int) -> int:
    """Return the line behind a hunk, by its counts."""
    header = HUNK.match(lines[i])
    old, new = (int(header[2] or 1), int(header[4] or 1)) if header else (0, 0)
    i += 1
    while i < len(lines) and (old > 0 or new > 0):
        sign = lines[i][:1]
        if sign not in (" ", "-", "+", "\\"):
            return i
        old, new = old - (sign in (" ", "-")), new - (sign in (" ", "+"))
        i += 1
    return i + 1 if i < len(lines) and lines[i].rstrip("\r") == NO_NEWLINE else i


def _applied(section: _Section, before: str) -> tuple[str, list[LocatedHunk]] | None:
    """Return the new text, or None at the first line that is not as the diff says."""
    old, new, at, i = split_lines(before), list[str](), 0, 0
    hunks = list[LocatedHunk]()
    while i < len(section.lines):
        header = HUNK.match(section.lines[i])
        if header is None:
            return None
        counts = int(header[2] or 1), int(header[4] or 1)
        start = int(header[1]) - (1 if counts[0] else 0)
        is_unanchored = not counts[0] and bool(old)
        if is_unanchored or not at <= start <= len(old):
            return None
        end = _hunk_end(section.lines, i)
        taken = _hunk(section.lines[i + 1 : end], old[start : start + counts[0]], counts)
        if taken is None:
            return None
        new += [*old[at:start], *taken]
        at, i = start + counts[0], end
        hunks.append(LocatedHunk(section.path, start + 1, counts[0], counts[1], "exact", 1000))
    return "".join([*new, *old[at:]]), hunks


def _hunk(lines: Sequence[str], old: Sequence[str], counts: tuple[int, int]) -> list[str] | None:
    """Return the new side of one hunk when its old side is exactly `old`."""
    quoted, new = list[str](), list[str]()
    for i, line in enumerate(lines):
        if line.startswith("\\"):
            continue
        is_unended = i + 1 < len(lines) and lines[i + 1].startswith("\\")
        text = line[1:] + ("" if is_unended else "\n")
        if line[:1] != "+":
            quoted.append(text)
        if line[:1] == "+" and stands_for_code(line[1:]):
            return None
        if line[:1] != "-":
            new.append(text)
    return new if quoted == list(old) and (len(quoted), len(new)) == counts else None
