"""Place a hunk whose old lines do not stand in the file as one block: the model skipped lines, or misquoted context."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import pairwise

from patchtrail.contract.attempt import LocatedBy
from patchtrail.patching.locate.align import Alignment, Wanted, align, wanted
from patchtrail.patching.locate.elision import paired_elisions
from patchtrail.patching.locate.indent import reindented
from patchtrail.patching.locate.lines import FileText, indent_of
from patchtrail.patching.locate.placed import Placed, Unplaced
from patchtrail.patching.response.proposal import Hunk

__all__ = ["place_loosely"]

REACH = 300
SMALL_FILE = 700
MOST_ANCHORS, MOST_ANCHOR_PLACES, MOST_WINDOWS = 8, 8, 4
MARGIN = 1.5
NEAR = 40
SIMILAR, SIMILAR_BETWEEN, LEAD = 0.88, 0.75, 0.1
MOST_CRITICAL = 12
MOST_OLD_LINES = 600
MOST_CELLS = 600_000
MOST_RATED = 1_000


@dataclass(frozen=True)
class _Try:
    """One alignment of one spelling of the hunk."""

    hunk: Hunk
    lines: list[Wanted]
    alignment: Alignment
    window: tuple[int, int]
    is_shifted: bool


def place_loosely(file: FileText, hunk: Hunk, window: tuple[int, int], start: int | None) -> Placed | Unplaced:
    """Return the one best place inside of the window, or why there is none; `start` is the stated line, from 0."""
    lines = paired_elisions(hunk.lines)
    if lines is None:
        return Unplaced("A mark for code that was left out stands on one side of the change only.")
    plain = replace(hunk, lines=lines)
    if not plain.old or len(plain.old) > MOST_OLD_LINES:
        return Unplaced("The change names no line of the file that it belongs to.")
    best = _best(file, plain, window)
    if best is None:
        return _not_there(file, plain)
    trouble = _rival(file, best, window)
    if trouble is not None and start is not None:
        near = (max(window[0], start - NEAR), min(window[1], start + len(plain.old) + NEAR))
        nearer = _best(file, plain, near)
        if nearer is not None and nearer.alignment.cost <= best.alignment.cost + MARGIN:
            best, trouble = nearer, _rival(file, nearer, near)
    return trouble if trouble is not None else _accepted(file, best)


def _best(file: FileText, hunk: Hunk, window: tuple[int, int]) -> _Try | None:
    tries = list[_Try]()
    for index, one in enumerate([hunk, *reindented(hunk, file)]):
        lines = wanted(one.old)
        for low, high in _windows(file, lines, window):
            if len(lines) * (high - low) > MOST_CELLS:
                continue
            found = align(file, lines, low, high)
            if found is not None:
                tries.append(_Try(one, lines, found, (low, high), is_shifted=index > 0))
    return min(tries, key=lambda one: one.alignment.cost + 0.5 * one.is_shifted, default=None)


def _windows(file: FileText, lines: Sequence[Wanted], window: tuple[int, int]) -> list[tuple[int, int]]:
    """Return the stretches of the file around the hunk's rarest lines; a small file is one stretch."""
    low, high = window
    if high - low <= SMALL_FILE:
        return [window]
    rare = sorted(
        (sum(len(file.at_key.get(key, ())) for key in one.keys), index)
        for index, one in enumerate(lines)
        if not one.is_plain and not one.is_elision
    )
    anchors = [lines[index] for count, index in rare if 0 < count <= MOST_ANCHOR_PLACES][:MOST_ANCHORS]
    places = sorted({at for one in anchors for key in one.keys for at in file.at_key.get(key, ()) if low <= at < high})
    clusters = list[list[int]]()
    for at in places:
        if clusters and at - clusters[-1][-1] <= REACH and at - clusters[-1][0] <= 4 * REACH:
            clusters[-1].append(at)
        else:
            clusters.append([at])
    clusters.sort(key=len, reverse=True)
    return [(max(low, one[0] - REACH), min(high, one[-1] + REACH)) for one in clusters[:MOST_WINDOWS]]


def _rival(file: FileText, best: _Try, window: tuple[int, int]) -> Unplaced | None:
    """Return a refusal when another place is nearly as good for a line that decides where the change goes."""
    for index in _critical(best):
        at = best.alignment.at[index]
        if at is None or sum(len(file.at_key.get(key, ())) for key in best.lines[index].keys) < 2:
            continue
        for low, high in _windows(file, best.lines, window):
            other = align(file, best.lines, low, high, forbidden=(index, at))
            is_rival = other is not None and other.at[index] is not None
            if is_rival and other is not None and other.cost < best.alignment.cost + MARGIN:
                lines = sorted((at + 1, (other.at[index] or 0) + 1))
                return Unplaced(f"The change fits line {lines[0]} as well as line {lines[1]}.", is_ambiguous=True)
    return None


def _critical(best: _Try) -> list[int]:
    """Return the old lines that fix the place of a change: the ends of removed runs and what adjoins an added one."""
    found, index, previous = list[int](), 0, " "
    for line in best.hunk.lines:
        if line.sign == "+":
            if previous != "+" and index:
                found.append(index - 1)
        else:
            if line.sign == "-" or previous == "+":
                found.append(index)
            index += 1
        previous = line.sign
    # Where a line itself was not found, its neighbours have to tell the place.
    beside = [near for one in found if best.alignment.at[one] is None for near in (one - 1, one + 1)]
    inside = [one for one in dict.fromkeys([*found, *beside]) if 0 <= one < len(best.lines)]
    return [one for one in inside if best.alignment.at[one] is not None][:MOST_CRITICAL]


def _accepted(file: FileText, best: _Try) -> Placed | Unplaced:
    """Return the place when enough of the hunk was found; removed lines that differ slightly are looked up."""
    at = list(best.alignment.at)
    is_approximate = False
    for index, one in enumerate(best.lines):
        if one.line.sign != "-":
            continue
        place = at[index]
        if place is not None and not _is_same_indent(file, one, place):
            return Unplaced(f"The line to remove has another indentation in the file: {one.line.text.strip()!r}")
        if place is None:
            at[index] = _similar(file, at, index, one)
            is_approximate = True
        if at[index] is None:
            return _missing(file, one, at, index)
    if not _is_anchored(file, best, at):
        return Unplaced("Too little of the change's surroundings is in the file to tell its place.")
    return _placed(file, best, at, is_approximate=is_approximate)


def _is_same_indent(file: FileText, one: Wanted, place: int) -> bool:
    return one.is_plain or indent_of(file.lines[place]) == indent_of(one.line.text)


def _similar(file: FileText, at: Sequence[int | None], index: int, one: Wanted) -> int | None:
    """Return the one line between the neighbours that is nearly the wanted one."""
    before = next((place for place in reversed(at[:index]) if place is not None), None)
    after = next((place for place in at[index + 1 :] if place is not None), None)
    low = before + 1 if before is not None else (after or 0) - 3
    high = after if after is not None else (before if before is not None else -1) + 4
    is_between = before is not None and after is not None and high - low <= 2
    taken = set(at)
    places = [place for place in range(max(0, low), min(high, len(file), max(0, low) + 60)) if place not in taken]
    fitting = [place for place in places if _is_same_indent(file, one, place)]
    rated = sorted(((_ratio(one.keys[0], file.keys[place]), place) for place in fitting), reverse=True)
    if not rated or rated[0][0] < (SIMILAR_BETWEEN if is_between else SIMILAR):
        return None
    return rated[0][1] if len(rated) == 1 or rated[0][0] - rated[1][0] >= LEAD else None


def _ratio(one: str, other: str) -> float:
    if max(len(one), len(other)) > MOST_RATED:
        return 0.0
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.ratio() if matcher.real_quick_ratio() > 0.5 and matcher.quick_ratio() > 0.5 else 0.0


def _is_anchored(file: FileText, best: _Try, at: Sequence[int | None]) -> bool:
    """Return whether what was found tells the place: half of the lines, or rare removed lines with a neighbour."""
    telling = [index for index, one in enumerate(best.lines) if not one.is_plain and not one.is_elision]
    found = [index for index in telling if best.alignment.at[index] is not None]
    removed = [
        index for index, one in enumerate(best.lines) if one.line.sign == "-" and best.alignment.at[index] is not None
    ]
    if not found:
        return False
    if 2 * len(found) >= len(telling) and (len(found) > 1 or len(telling) == 1):
        return True
    rare = [index for index in found if len(file.at_key.get(file.keys[at[index] or 0], ())) == 1]
    has_rare_removed = any(index in rare for index in removed)
    beside = any(at[index] is not None for one in removed for index in (one - 1, one + 1) if 0 <= index < len(at))
    if has_rare_removed and (beside or any(len(best.lines[index].keys[0]) >= 12 for index in removed if index in rare)):
        return True
    return any(
        b - a == 1 and at[b] == (at[a] or 0) + 1 for a, b in zip(rare, found[1:], strict=False) if at[a] is not None
    )


def _placed(file: FileText, best: _Try, at: Sequence[int | None], *, is_approximate: bool) -> Placed:
    missed = sum(
        place is None and not one.is_plain and not one.is_elision for place, one in zip(at, best.lines, strict=True)
    )
    jumps = sum(1 for _ in _jumps(file, at))
    is_elided = any(one.is_elision for one in best.lines)
    located_by: LocatedBy = "whitespace"
    certainty = 950
    if best.is_shifted:
        located_by, certainty = "indentation", 920
    if jumps:
        located_by, certainty = "skipped_lines", max(700, 900 - 30 * jumps)
    if is_elided:
        located_by, certainty = "elision", max(700, 900 - 20 * max(0, jumps - 1))
    if missed or is_approximate:
        located_by, certainty = "approximate", max(500, 800 - 50 * missed - 100 * is_approximate - 30 * jumps)
    return Placed(best.hunk, tuple(at), located_by, certainty)


def _jumps(file: FileText, at: Sequence[int | None]) -> Iterator[int]:
    found = [place for place in at if place is not None]
    for one, following in pairwise(found):
        if file.filled[following] > file.filled[one + 1]:
            yield one


def _missing(file: FileText, one: Wanted, at: Sequence[int | None], index: int) -> Unplaced:
    before = next((place for place in reversed(at[:index]) if place is not None), None)
    near = (
        ""
        if before is None or before + 1 >= len(file)
        else f"; line {before + 2} is {file.lines[before + 1].strip()[:100]!r}"
    )
    return Unplaced(f"The line to remove is not in the file: {one.line.text.strip()[:100]!r}{near}")


def _not_there(file: FileText, hunk: Hunk) -> Unplaced:
    """Name the first line that is nowhere in the file."""
    absent = next(
        (one.text.strip() for one in hunk.old if one.text.strip() and one.text.strip() not in file.at_key), ""
    )
    return Unplaced(f"No line of the change is in the file; the first one is {absent[:100]!r}")
