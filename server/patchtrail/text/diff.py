r"""Unified diffs of whole texts, fast where saves are small.

Equal stretches are skipped by comparing slices. At a difference, a short lookahead finds where both texts go on
alike; where it does not, the rest is anchored on lines that occur once on both sides (Bram Cohen's patience
diff) and `difflib` fills between. The output is the POSIX unified format with git's `\\ No newline` marker.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

__all__ = ["CONTEXT_LINES", "diff", "diff_of_names"]

CONTEXT_LINES = 3
UNENDED = "\n\\ No newline at end of file"
"""Appended to a last line without LF: it prints as git's marker, and equals no line that has one."""
STRIDE = 256
LOOKAHEAD = 32
AGREEMENT = 4


@dataclass(frozen=True)
class _Region:
    """Lines `old[a_from:a_to]` are replaced by `new[b_from:b_to]`."""

    a_from: int
    a_to: int
    b_from: int
    b_to: int


def diff(before: str, after: str, path: str) -> str:
    """Return the unified diff that leads from `before` to `after`, empty when they are equal.

    `path` stands in both file lines, with `a/` and `b/` as git writes them; `/dev/null` is never used, since a
    save always has a text on both sides.
    """
    return diff_of_names(before, after, f"a/{path}", f"b/{path}")


def diff_of_names(before: str, after: str, old_name: str, new_name: str) -> str:
    """Return the unified diff between two texts under the names that are given for them."""
    if before == after:
        return ""
    old, new = _lines(before), _lines(after)
    hunks = _hunks(list(_regions(old, new)), old, new)
    return f"--- {old_name}\n+++ {new_name}\n" + "".join(hunks)


def _lines(text: str) -> list[str]:
    """Return the lines without their LF; nothing but LF ends a line."""
    lines = text.split("\n")
    last = lines.pop()
    if last:
        lines.append(last + UNENDED)
    return lines


def _regions(old: list[str], new: list[str]) -> Iterator[_Region]:
    """Yield what differs, in order, with equal lines between any two."""
    i = j = 0
    while True:
        run = _equal_run(old, new, i, j)
        i, j = i + run, j + run
        if i == len(old) or j == len(new):
            yield from _fill(old, new, _Region(i, len(old), j, len(new)))
            return
        jump = _resync(old, new, i, j)
        if jump is None:
            yield from _patience(old, new, i, j)
            return
        yield from _fill(old, new, _Region(i, i + jump[0], j, j + jump[1]))
        i, j = i + jump[0], j + jump[1]


def _equal_run(old: list[str], new: list[str], i: int, j: int) -> int:
    """Return how many lines are equal from `old[i]` and `new[j]` on."""
    room, run = min(len(old) - i, len(new) - j), 0
    while run < room and old[i + run : i + run + STRIDE] == new[j + run : j + run + STRIDE]:
        run += STRIDE
    while run < room and old[i + run] == new[j + run]:
        run += 1
    return min(run, room)


def _resync(old: list[str], new: list[str], i: int, j: int) -> tuple[int, int] | None:
    """Return how many lines to skip on each side until a few lines agree, the nearest such place first."""
    for skipped in range(1, 2 * LOOKAHEAD):
        for p in range(max(0, skipped - LOOKAHEAD), min(skipped, LOOKAHEAD) + 1):
            q = skipped - p
            ahead = old[i + p : i + p + AGREEMENT]
            if len(ahead) == AGREEMENT and ahead == new[j + q : j + q + AGREEMENT]:
                return p, q
    return None


def _patience(old: list[str], new: list[str], i: int, j: int) -> Iterator[_Region]:
    tail, room = 0, min(len(old) - i, len(new) - j)
    while tail < room and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    old_end, new_end = len(old) - tail, len(new) - tail
    anchors = [(i - 1, j - 1), *_anchors(old, new, _Region(i, old_end, j, new_end)), (old_end, new_end)]
    for (a_last, b_last), (a_next, b_next) in pairwise(anchors):
        yield from _fill(old, new, _Region(a_last + 1, a_next, b_last + 1, b_next))


def _anchors(old: list[str], new: list[str], gap: _Region) -> list[tuple[int, int]]:
    """Return pairs of equal lines that occur once on each side, in the longest order common to both."""
    old_count, new_count = Counter(old[gap.a_from : gap.a_to]), Counter(new[gap.b_from : gap.b_to])
    new_at = {new[j]: j for j in range(gap.b_from, gap.b_to) if new_count[new[j]] == 1}
    once = (i for i in range(gap.a_from, gap.a_to) if old_count[old[i]] == 1 and old[i] in new_at)
    return _longest_rising([(i, new_at[old[i]]) for i in once])


def _longest_rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest subsequence whose second members rise; the first members rise already."""
    tops: list[int] = []
    top_index: list[int] = []
    previous: list[int] = []
    for index, (_, value) in enumerate(pairs):
        pile = bisect_left(tops, value)
        previous.append(top_index[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [value]
        top_index[pile : pile + 1] = [index]
    rising, index = [], top_index[-1] if top_index else -1
    while index >= 0:
        rising.append(pairs[index])
        index = previous[index]
    return rising[::-1]


def _fill(old: list[str], new: list[str], gap: _Region) -> Iterator[_Region]:
    """Yield the differing regions between two anchors."""
    if gap.a_from == gap.a_to or gap.b_from == gap.b_to:
        if gap.a_from != gap.a_to or gap.b_from != gap.b_to:
            yield gap
        return
    matcher = SequenceMatcher(None, old[gap.a_from : gap.a_to], new[gap.b_from : gap.b_to])
    for tag, a_from, a_to, b_from, b_to in matcher.get_opcodes():
        if tag != "equal":
            yield _Region(gap.a_from + a_from, gap.a_from + a_to, gap.b_from + b_from, gap.b_from + b_to)


def _hunks(regions: list[_Region], old: list[str], new: list[str]) -> Iterator[str]:
    group: list[_Region] = []
    for region in regions:
        if group and region.a_from - group[-1].a_to > 2 * CONTEXT_LINES:
            yield _hunk(group, old, new)
            group = []
        group.append(region)
    if group:
        yield _hunk(group, old, new)


def _hunk(group: list[_Region], old: list[str], new: list[str]) -> str:
    lead = min(CONTEXT_LINES, group[0].a_from, group[0].b_from)
    trail = min(CONTEXT_LINES, len(old) - group[-1].a_to, len(new) - group[-1].b_to)
    a_from, a_to = group[0].a_from - lead, group[-1].a_to + trail
    b_from, b_to = group[0].b_from - lead, group[-1].b_to + trail
    body, at = list[str](), a_from
    for region in group:
        body += [f" {line}\n" for line in old[at : region.a_from]]
        body += [f"-{line}\n" for line in old[region.a_from : region.a_to]]
        body += [f"+{line}\n" for line in new[region.b_from : region.b_to]]
        at = region.a_to
    body += [f" {line}\n" for line in old[at:a_to]]
    return f"@@ -{_span(a_from, a_to)} +{_span(b_from, b_to)} @@\n" + "".join(body)


def _span(start: int, stop: int) -> str:
    """Return a hunk's range; an empty one names the line before it, as POSIX asks."""
    length = stop - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"
