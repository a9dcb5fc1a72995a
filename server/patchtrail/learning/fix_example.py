"""A fix as an example: the lines of one hunk before it and after it."""

from __future__ import annotations

from dataclasses import dataclass

from unidiff.errors import UnidiffParseError
from unidiff.patch import Hunk, PatchSet

__all__ = ["FixExample", "fix_example"]

MAX_LINES = 60
MAX_DIFF = 1 << 20


@dataclass(frozen=True)
class FixExample:
    """Code that was wrong, and the same place after it was fixed; `line` is where it began, from 1."""

    before: str
    after: str
    line: int


def fix_example(diff_unified: str, line: int | None = None) -> FixExample | None:
    """Return the hunk of a diff that covers a line, or else the first.

    None for what is no unified diff, and where every hunk is longer than an example should be, or has no line on one
    side: it does not show how one becomes the other.
    """
    try:
        hunks = [hunk for file in PatchSet.from_string(diff_unified[:MAX_DIFF]) for hunk in file]
    except UnidiffParseError:
        return None
    found = [one for hunk in hunks if (one := _example(hunk)) is not None]
    covering = (one for one in found if line is not None and one.line <= line < one.line + one.before.count("\n") + 1)
    return next(covering, None) or next(iter(found), None)


def _example(hunk: Hunk) -> FixExample | None:
    before = "".join(line.value for line in hunk if line.line_type in " -").strip("\n")
    after = "".join(line.value for line in hunk if line.line_type in " +").strip("\n")
    return FixExample(before, after, hunk.source_start) if before and after and len(hunk) <= MAX_LINES else None
