"""Marks that stand for code which the answer leaves out: a jump, and never a deletion."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from patchtrail.patching.locate.lines import FileText
from patchtrail.patching.response.proposal import Hunk, Line

__all__ = ["is_elision", "kept_under_marks", "paired_elisions", "stands_for_code"]

COMMENT = r"(?:#|//|/\*|<!--|--|;|%|\{/\*)"
WORDS = (
    r"(?:existing|rest|remaining|unchanged|other|previous|same|omitted|the rest|code|more|skipped|keep|snip|as before)"
)
END = r"\s*(?:\]|\))?\s*(?:\*/\}?|-->)?\s*$"
MARK = re.compile(rf"^\s*{COMMENT}\s*(?:\[|\()?(?:\.{{3,}}|…|⋮)\s*(?:[^.…]{{0,80}}(?:\.{{3,}}|…)?)?{END}")
WORDED = re.compile(rf"^\s*{COMMENT}\s*(?:\[|\()?\s*{WORDS}\b[^\n]{{0,80}}(?:\.{{3}}|…){END}", re.IGNORECASE)
BARE = re.compile(r"^\s*(?:\.{3,}|…|⋮|\[\.{3}\]|\[…\]|\(\.{3}\))\s*$")
TELLING = re.compile(rf"\b{WORDS}\b", re.IGNORECASE)
MOST_LENGTH = 200
ALIKE, LEAD = 0.6, 0.1


def is_elision(text: str) -> bool:
    """Return whether a line is such a mark; a spread argument (`...rest`) is none."""
    return _may_be_mark(text) and (BARE.match(text) is not None or _is_comment(text))


def _may_be_mark(text: str) -> bool:
    return len(text) <= MOST_LENGTH and ("..." in text or "…" in text or "⋮" in text)


def _is_comment(text: str) -> bool:
    return MARK.match(text) is not None or WORDED.match(text) is not None


def stands_for_code(text: str) -> bool:
    """Return whether an added line can only be a mark: a bare `...` may be code, and a comment may begin with one."""
    if not _may_be_mark(text):
        return False
    words = text.strip().strip("#/*<!->;% \t[](){}")
    is_closed = words in ("...", "…", "⋮") or (words.startswith((".", "…")) and words.endswith(("...", "…")))
    is_comment = _is_comment(text) and (is_closed or TELLING.search(text) is not None)
    return is_comment or text.strip() in ("…", "⋮", "[...]", "[…]", "(...)")


def paired_elisions(lines: tuple[Line, ...]) -> tuple[Line, ...] | None:
    """Return the lines with each mark that is removed and added again turned into context; None when they do not pair.

    A mark that is only removed would delete what nobody has seen.
    """
    removed = [line for line in lines if line.sign == "-" and is_elision(line.text)]
    added = [line for line in lines if line.sign == "+" and is_elision(line.text)]
    if not removed:
        return lines
    if len(removed) != len(added):
        return None
    return tuple(
        Line(" ", line.text) if line.sign == "-" and is_elision(line.text) else line
        for line in lines
        if not (line.sign == "+" and is_elision(line.text))
    )


def kept_under_marks(hunk: Hunk, file: FileText) -> Hunk | None:
    """Return the hunk in which each added mark keeps the removed lines that it stands for.

    None when it cannot be told which ones those are.
    """
    if hunk.range is not None or not any(line.sign == "+" and _is_added_mark(line, file) for line in hunk.lines):
        return hunk
    if any(line.sign == "-" and is_elision(line.text) for line in hunk.lines):
        return hunk
    lines, i = list[Line](), 0
    while i < len(hunk.lines):
        end = i
        while end < len(hunk.lines) and (hunk.lines[end].sign != " ") == (hunk.lines[i].sign != " "):
            end += 1
        run = hunk.lines[i:end]
        kept = _kept_run(run, file) if run[0].sign != " " else list(run)
        if kept is None:
            return None
        lines += kept
        i = end
    return replace(hunk, lines=tuple(lines))


def _is_added_mark(line: Line, file: FileText) -> bool:
    return stands_for_code(line.text) and line.text.strip() not in file.at_key


def _kept_run(run: Sequence[Line], file: FileText) -> list[Line] | None:
    removed = [line for line in run if line.sign == "-"]
    added = [line for line in run if line.sign == "+"]
    marks = [i for i, line in enumerate(added) if _is_added_mark(line, file)]
    if not marks:
        return list(run)
    if not removed:
        return [line for line in run if not _is_added_mark(line, file)]
    if len(marks) > 1:
        return None
    before, after = added[: marks[0]], added[marks[0] + 1 :]
    start = _counterpart(before[-1], removed) if before else -1
    end = _counterpart(after[0], removed) if after else len(removed)
    if start is None or end is None or start >= end:
        return None
    kept = [Line(" ", line.text) for line in removed[start + 1 : end]]
    return [*removed[: start + 1], *before, *kept, *removed[end:], *after]


def _counterpart(line: Line, removed: Sequence[Line]) -> int | None:
    """Return the one removed line that an added one takes the place of."""
    rated = sorted(
        ((SequenceMatcher(None, line.text.strip()[:MOST_LENGTH], one.text.strip()[:MOST_LENGTH]).ratio(), i)
         for i, one in enumerate(removed[:MOST_LENGTH])),
        reverse=True,
    )  # fmt: skip
    if rated[0][0] < ALIKE or (len(rated) > 1 and rated[0][0] - rated[1][0] < LEAD):
        return None
    return rated[0][1]
