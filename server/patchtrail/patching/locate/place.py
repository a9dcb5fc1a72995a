"""Find the places of all hunks of one file together: order and stated lines decide between equal places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from patchtrail.patching.locate.blocks import Block, blocks_in
from patchtrail.patching.locate.lines import FileText, indent_of
from patchtrail.patching.locate.loose import place_loosely
from patchtrail.patching.locate.placed import Placed, Unplaced
from patchtrail.patching.response.proposal import Hunk, Line

__all__ = ["place_all", "places_near"]

NEAR_LINES = 60
MOST_OFFSET = 400
MOST_LOOSE = 60


@dataclass
class _Search:
    """What is known of one hunk while the others are looked for."""

    hunk: Hunk
    block: Block | None
    placed: Placed | None = None
    trouble: Unplaced | None = None


def place_all(file: FileText, hunks: Sequence[Hunk], focus_line: int | None) -> list[Placed] | Unplaced:
    """Return a place for each hunk, in their order, or why one has none. `focus_line` counts from 1."""
    found = [_Search(hunk, None if _is_bare(hunk) else blocks_in(file, hunk)) for hunk in hunks]
    for one in found:
        if _is_bare(one.hunk):
            bare = _place_bare(file, one.hunk)
            one.placed, one.trouble = (bare, None) if isinstance(bare, Placed) else (None, bare)
        elif one.block is not None and len(one.block.places) == 1:
            one.placed = _placed(one.block, one.block.places[0], is_chosen=False)
    _share_out(found)
    for index, one in enumerate(found):
        if one.placed is None and one.block is not None:
            _choose(file, found, index, focus_line)
    loose = [i for i, one in enumerate(found) if one.placed is None and one.block is None and one.trouble is None]
    for index in loose[:MOST_LOOSE]:
        _loosely(file, found, index, focus_line)
        if found[index].placed is None:
            break
    trouble = next((one.trouble for one in found if one.placed is None and one.trouble is not None), None)
    placed = [one.placed for one in found if one.placed is not None]
    return placed if len(placed) == len(found) else trouble or Unplaced("A hunk has no place.")


def _is_bare(hunk: Hunk) -> bool:
    return hunk.range is not None or not hunk.old


def _place_bare(file: FileText, hunk: Hunk) -> Placed | Unplaced:
    """Place added lines that quote nothing of the file: only an empty file, its end or stated lines will do."""
    if hunk.range is not None:
        return _place_range(file, hunk)
    if not file.text.strip():
        return Placed(hunk, (), "exact", 1000)
    if hunk.start is not None and hunk.sections and 0 < hunk.start <= len(file):
        above = [i for i in file.at_key.get(hunk.sections[-1].strip(), []) if i < hunk.start]
        if len(file.at_key.get(hunk.sections[-1].strip(), [])) == 1 and above:
            anchor = replace(hunk, lines=(*_context(file, hunk.start - 1), *hunk.lines))
            return Placed(anchor, (hunk.start - 1,), "near_line", 700)
    return Unplaced("Lines are added without any line of the file beside them, so their place is unknown.")


def _context(file: FileText, at: int) -> tuple[Line, ...]:
    return (Line(" ", file.lines[at]),)


def _place_range(file: FileText, hunk: Hunk) -> Placed | Unplaced:
    """Place an edit of stated lines: those lines are what it removes; an end before the start inserts there."""
    start, end = hunk.range or (0, 0)
    if not (1 <= start <= len(file) + 1 and start - 1 <= end <= len(file)):
        return Unplaced(f"Lines {start} to {end} are not in the file, which has {len(file)}.")
    removed = tuple(Line("-", text) for text in file.lines[start - 1 : end])
    if not removed:
        if start == 1:
            return Unplaced("Lines are added without any line of the file beside them, so their place is unknown.")
        return Placed(
            replace(hunk, range=None, lines=(*_context(file, start - 2), *hunk.lines)), (start - 2,), "near_line", 600
        )
    lines = (*removed, *hunk.lines)
    return Placed(replace(hunk, range=None, lines=lines), tuple(range(start - 1, end)), "near_line", 600)


def _placed(block: Block, start: int, *, is_chosen: bool) -> Placed:
    at = tuple(range(start, start + len(block.hunk.old)))
    if is_chosen:
        return Placed(block.hunk, at, "near_line", min(900, block.certainty_milli - 50))
    return Placed(block.hunk, at, block.located_by, block.certainty_milli)


def _share_out(found: Sequence[_Search]) -> None:
    """Give equal hunks the equal places in order, when there are as many of the one as of the other."""
    for one in found:
        if one.placed is not None or one.block is None:
            continue
        equal = [other for other in found if other.block is not None and other.hunk.lines == one.hunk.lines]
        if len(equal) == len(one.block.places) > 1:
            for other, start in zip(equal, one.block.places, strict=True):
                if other.block is not None:
                    other.placed = _placed(other.block, start, is_chosen=True)


def _bounds(file: FileText, found: Sequence[_Search], index: int) -> tuple[int, int]:
    """Return the stretch between the hunks before and after this one, as far as they have places in order."""
    before = [one.placed.span[1] for one in found[:index] if one.placed is not None]
    after = [one.placed.span[0] for one in found[index + 1 :] if one.placed is not None]
    low, high = max(before, default=0), min(after, default=len(file))
    return (low, high) if low <= high else (0, len(file))


def _choose(file: FileText, found: Sequence[_Search], index: int, focus_line: int | None) -> None:
    """Decide between several equal places, or say that nothing decides."""
    one = found[index]
    block = one.block
    if block is None:
        return
    low, high = _bounds(file, found, index)
    size = len(block.hunk.old)
    taken = {start for other in found if other.placed is not None and other.hunk.lines == one.hunk.lines
             for start in other.placed.at[:1]}  # fmt: skip
    fitting = [start for start in block.places if low <= start and start + size <= high and start not in taken]
    places = fitting or [start for start in block.places if start not in taken]
    chosen = places[0] if len(places) == 1 else _decided(file, found, index, places, focus_line)
    if chosen is None:
        shown = ", ".join(str(start + 1) for start in places[:5])
        one.trouble = Unplaced(f"The same lines stand at {len(places)} places: lines {shown}.", is_ambiguous=True)
    else:
        one.placed = _placed(block, chosen, is_chosen=True)


def _decided(
    file: FileText, found: Sequence[_Search], index: int, places: Sequence[int], focus_line: int | None
) -> int | None:
    hunk = found[index].hunk
    stated = None if hunk.start is None else hunk.start - 1
    if stated is not None and stated in places:
        return stated
    inside = places_near(file, places, hunk.sections)
    if len(inside) == 1:
        return inside[0]
    places = inside or places
    if stated is not None:
        for hint in dict.fromkeys((stated + _offset(found, index), stated)):
            near = _nearest(places, hint)
            if near is not None:
                return near
    if focus_line is not None and stated is None:
        size = len(hunk.old)
        at_focus = [start for start in places if start <= focus_line - 1 < start + size]
        return at_focus[0] if len(at_focus) == 1 else None
    return None


def _offset(found: Sequence[_Search], index: int) -> int:
    """Return how far the nearest hunk with a place stands from where it was stated."""
    known = [
        (abs(i - index), one.placed.span[0] - (one.hunk.start - 1))
        for i, one in enumerate(found)
        if one.placed is not None and one.hunk.start is not None and one.placed.located_by == "exact"
    ]
    offset = min(known)[1] if known else 0
    return offset if abs(offset) <= MOST_OFFSET else 0


def _nearest(places: Sequence[int], hint: int) -> int | None:
    """Return the place that is clearly nearer to the hint than any other."""
    ranked = sorted((abs(start - hint), start) for start in places)
    first, second = ranked[0][0], ranked[1][0]
    is_clear = second - first >= 3 and 2 * first <= second and first <= NEAR_LINES
    return ranked[0][1] if is_clear else None


def places_near(file: FileText, places: Sequence[int], sections: Sequence[str]) -> list[int]:
    """Return the places inside of the section that a hunk's header names; none when it is not in the file."""
    for section in reversed(sections):
        name = section.strip()
        if len(name) < 3:
            continue
        heads = [i for i, key in enumerate(file.keys) if key.startswith(name)]
        if heads:
            return [start for start in places if _is_inside(file, heads, start)]
    return []


def _is_inside(file: FileText, heads: Sequence[int], start: int) -> bool:
    """Return whether no line as far out as the nearest head stands between it and the place."""
    above = [head for head in heads if head <= start]
    if not above:
        return False
    head = above[-1]
    depth = len(indent_of(file.lines[head]).expandtabs(4))
    closing = (")", "]", "}", "{")
    return all(
        len(indent_of(file.lines[i]).expandtabs(4)) > depth or not file.keys[i] or file.keys[i].startswith(closing)
        for i in range(head + 1, start)
    )


def _loosely(file: FileText, found: Sequence[_Search], index: int, focus_line: int | None) -> None:
    one = found[index]
    stated = one.hunk.start - 1 if one.hunk.start is not None else None
    start = stated + _offset(found, index) if stated is not None else focus_line - 1 if focus_line is not None else None
    whole = place_loosely(file, one.hunk, (0, len(file)), start)
    bounds = _bounds(file, found, index)
    if isinstance(whole, Unplaced) and bounds != (0, len(file)):
        inner = place_loosely(file, one.hunk, bounds, start)
        whole = inner if isinstance(inner, Placed) else whole
    one.placed, one.trouble = (whole, None) if isinstance(whole, Placed) else (None, whole)
