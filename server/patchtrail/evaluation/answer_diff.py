"""The unified diff in a raw answer, as somebody would copy it out: no repair, no guessing."""

from __future__ import annotations

import re

__all__ = ["diff_in"]

FENCE = re.compile(r"^[ ]{0,3}```[^\n`]*\n(.*?)(?:^[ ]{0,3}```[ ]*$|\Z)", re.MULTILINE | re.DOTALL)
BEGIN = re.compile(r"^(?:diff --git |--- |\+\+\+ |@@)", re.MULTILINE)


def diff_in(answer: str) -> str | None:
    """Return the fenced blocks that hold hunks, or the answer from its first file line on; None without hunks."""
    fenced = [block for block in FENCE.findall(answer) if _has_hunk(block)]
    if fenced:
        return "".join(fenced)
    begin = BEGIN.search(answer)
    rest = answer[begin.start() :] if begin else ""
    if not _has_hunk(rest):
        return None
    return rest if rest.endswith("\n") else rest + "\n"


def _has_hunk(text: str) -> bool:
    return re.search(r"^@@", text, re.MULTILINE) is not None
