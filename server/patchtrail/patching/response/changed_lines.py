"""The lines of a hunk, from the old and the new text of one place."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from patchtrail.patching.response.proposal import Line

__all__ = ["changed_lines"]

MOST_LINES = 600


def changed_lines(old: Sequence[str], new: Sequence[str]) -> list[Line]:
    """Return kept, removed and added lines that lead from `old` to `new`."""
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    kept = [Line(" ", text) for text in old[:head]]
    ends = [Line(" ", text) for text in old[len(old) - tail :]]
    return kept + _middle(old[head : len(old) - tail], new[head : len(new) - tail]) + ends


def _middle(old: Sequence[str], new: Sequence[str]) -> list[Line]:
    if len(old) > MOST_LINES or len(new) > MOST_LINES:
        return [*(Line("-", text) for text in old), *(Line("+", text) for text in new)]
    lines = list[Line]()
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            lines += [Line(" ", text) for text in old[a:b]]
        else:
            lines += [Line("-", text) for text in old[a:b]]
            lines += [Line("+", text) for text in new[c:d]]
    return lines
