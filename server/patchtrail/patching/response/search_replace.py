"""Read search/replace blocks; a divider that stands in the quoted text itself is told by what the file holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from patchtrail.patching.response.changed_lines import changed_lines
from patchtrail.patching.response.fences import FENCE, named_path
from patchtrail.patching.response.proposal import FileChange, Hunk, Reading

__all__ = ["read_search_replace"]

HEAD = re.compile(r"^\s{0,12}<{4,12}\s*(?:SEARCH|ORIGINAL|OLD|HEAD|BEFORE|FIND)?\b[^<>]*$", re.IGNORECASE)
DIVIDER = re.compile(r"^\s{0,12}={4,12}\s*(?:REPLACE)?\s*$")
TAIL = re.compile(r"^\s{0,12}>{4,12}\s*(?:REPLACE|UPDATED|NEW|AFTER|MODIFIED)?\b[^<>]*$", re.IGNORECASE)
MOST_DIVIDERS = 12

Stands = Callable[[str | None, Sequence[str]], bool]


@dataclass(frozen=True)
class _Found:
    """One block: its path, its hunk, and where the next one may begin."""

    path: str | None
    hunk: Hunk
    end: int


def read_search_replace(text: str, stands: Stands) -> Reading | None:
    """Return the reading, or None when there is no such block. `stands` says whether a file holds these lines."""
    lines = text.split("\n")
    files, i, path, is_cut = dict[str | None, list[Hunk]](), 0, None, False
    while i < len(lines):
        if not HEAD.match(lines[i]):
            i += 1
            continue
        path = _path_above(lines, i) or path
        found = _block(lines, i, path, stands)
        if found is None:
            is_cut = True
            break
        path = found.path
        files.setdefault(found.path, []).append(found.hunk)
        i = found.end
    if not files and not is_cut:
        return None
    changes = tuple(_change(path, hunks) for path, hunks in files.items())
    return Reading("search_replace", changes, is_closed=not is_cut, is_cut=is_cut)


def _change(path: str | None, hunks: list[Hunk]) -> FileChange:
    is_new = len(hunks) == 1 and not hunks[0].old
    return FileChange(path, tuple(hunks), is_new=is_new)


def _block(lines: list[str], i: int, path: str | None, stands: Stands) -> _Found | None:
    """Read the block whose head is `lines[i]`; None when its end never comes."""
    end = next((at for at in range(i + 1, len(lines)) if TAIL.match(lines[at]) or HEAD.match(lines[at])), None)
    if end is None or not TAIL.match(lines[end]):
        return None
    dividers = [at for at in range(i + 1, end) if DIVIDER.match(lines[at])]
    if not dividers:
        return None
    first = i + 1
    inner = named_path(lines[first]) if first < dividers[0] else None
    if path is None and inner is not None:
        path, first = inner, first + 1
    at = dividers[0]
    if len(dividers) > 1:
        # The longest old text that stands in the file: a shorter one only ends at a line of the text itself.
        standing = [one for one in dividers[:MOST_DIVIDERS] if stands(path, lines[first:one])]
        at = standing[-1] if standing else _sevenfold(lines, dividers)
    search, replace = _unfenced(lines[first:at]), _unfenced(lines[at + 1 : end])
    return _Found(path, Hunk(tuple(changed_lines(search, replace))), end + 1)


def _sevenfold(lines: list[str], dividers: list[int]) -> int:
    """Return the divider that is spelt as the format asks, else the first."""
    return next((at for at in dividers if lines[at].strip() == "======="), dividers[0])


def _unfenced(lines: list[str]) -> list[str]:
    """Return a side without a fence around it."""
    if len(lines) >= 2 and FENCE.match(lines[0]) and FENCE.match(lines[-1]):
        return lines[1:-1]
    return lines


def _path_above(lines: list[str], i: int) -> str | None:
    """Return the path in the few lines above a block, past the fence that opens it."""
    for line in reversed(lines[max(0, i - 4) : i]):
        fence = FENCE.match(line)
        if fence:
            named = next((name for name in map(named_path, fence[3].split()) if name), None)
            if named:
                return named
            continue
        if line.strip():
            return None if TAIL.match(line) else named_path(line)
    return None
