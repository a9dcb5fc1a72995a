"""Bring a hunk into its plain form: what is removed and added again unchanged is context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from patchtrail.patching.response.changed_lines import changed_lines
from patchtrail.patching.response.proposal import Hunk, Line

__all__ = ["plain_hunk"]


def plain_hunk(hunk: Hunk) -> Hunk:
    """Return a hunk whose every `-` and `+` line changes something; one that changes nothing has none left."""
    if hunk.range is not None:
        return hunk
    lines, i = list[Line](), 0
    while i < len(hunk.lines):
        if hunk.lines[i].sign == " ":
            lines.append(hunk.lines[i])
            i += 1
            continue
        end = i
        while end < len(hunk.lines) and hunk.lines[end].sign != " ":
            end += 1
        lines += _plain_run(hunk.lines[i:end])
        i = end
    return replace(hunk, lines=tuple(lines))


def _plain_run(run: Sequence[Line]) -> list[Line]:
    """Return a run of changes; its order is kept, since the lines between may have been left out."""
    removed = [line for line in run if line.sign == "-"]
    added = [line for line in run if line.sign == "+"]
    if not removed or not added or any(line.is_unended for line in run):
        return list(run)
    if [line.text for line in removed] == [line.text for line in added]:
        return [Line(" ", line.text) for line in removed]
    lines, i = list[Line](), 0
    while i < len(run):
        middle = _run_end(run, i, "-")
        end = _run_end(run, middle, "+")
        old, new = [line.text for line in run[i:middle]], [line.text for line in run[middle:end]]
        lines += changed_lines(old, new)
        i = end
    return lines


def _run_end(run: Sequence[Line], i: int, sign: str) -> int:
    while i < len(run) and run[i].sign == sign:
        i += 1
    return i
