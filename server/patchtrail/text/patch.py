"""Apply a unified diff to a text, exactly: every context and removed line must be where the diff says."""

from __future__ import annotations

from unidiff.errors import UnidiffParseError
from unidiff.patch import Hunk, PatchSet

from patchtrail.contract.errors import InvalidInput, PatchDoesNotApply
from patchtrail.text.lines import split_lines

__all__ = ["apply"]


def apply(diff_unified: str, before: str) -> str:
    """Return `before` with the one-file `diff_unified` applied; an empty diff changes nothing.

    Raises `InvalidInput` when it is not a unified diff of one file, `PatchDoesNotApply` naming the first line
    that is not as the diff expects.
    """
    if not diff_unified:
        return before
    old, new, at = split_lines(before), list[str](), 0
    for hunk in _parsed(diff_unified):
        start = hunk.source_start - 1 if hunk.source_length else hunk.source_start
        if start < at or start > len(old):
            raise PatchDoesNotApply(f"A hunk starts at line {hunk.source_start}, where it cannot.")
        new += old[at:start]
        at = _apply_hunk(hunk, old, new, start)
    return "".join(new + old[at:])


def _parsed(diff_unified: str) -> list[Hunk]:
    try:
        files = PatchSet.from_string(diff_unified)
    except UnidiffParseError as error:
        raise InvalidInput(f"This is not a unified diff: {error}", code="bad_diff") from error
    if len(files) != 1:
        raise InvalidInput(f"The diff of one file was expected, not of {len(files)}.", code="bad_diff")
    hunks = list(files[0])
    if not hunks:
        raise InvalidInput("The diff has no hunk: no line `@@ … @@` says where its lines are.", code="bad_diff")
    return hunks


def _apply_hunk(hunk: Hunk, old: list[str], new: list[str], at: int) -> int:
    lines = [(line.line_type, line.value) for line in hunk]
    for index, (kind, value) in enumerate(lines):
        if kind == "\\":
            continue
        is_unended = index + 1 < len(lines) and lines[index + 1][0] == "\\"
        text = value.removesuffix("\n") if is_unended else value
        if kind != "+":
            if at >= len(old) or old[at] != text:
                raise PatchDoesNotApply(f"Line {at + 1} is not what the diff expects.", detail={"line": at + 1})
            at += 1
        if kind != "-":
            new.append(text)
    return at
