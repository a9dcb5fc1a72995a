"""Find a hunk's old lines as one block, strictest comparison first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from patchtrail.contract.attempt import LocatedBy
from patchtrail.patching.locate.align import is_plain
from patchtrail.patching.locate.indent import reindented
from patchtrail.patching.locate.lines import FileText
from patchtrail.patching.locate.typography import folded
from patchtrail.patching.response.proposal import Hunk, Line

__all__ = ["Block", "blocks_in", "trimmed_blocks_in"]

MOST_STARTS = 2_000
LEAST_TELLING = 2


@dataclass(frozen=True)
class Block:
    """Every place where a hunk's old lines stand, under the strictest comparison that finds any."""

    hunk: Hunk
    places: tuple[int, ...]
    located_by: LocatedBy
    certainty_milli: int


def blocks_in(file: FileText, hunk: Hunk) -> Block | None:
    """Return the places of the old block, or None when it stands nowhere as one block."""
    for one, located_by, certainty, lines, at, key in _ways(file, hunk):
        places = _places(one.old, lines, at, key)
        if places:
            return Block(one, tuple(places), located_by, certainty)
    return None


def trimmed_blocks_in(file: FileText, hunk: Hunk) -> Block | None:
    """Return the places of the block without outer context that is nowhere in the file; None when none is left over.

    What remains must hold a changed line's neighbour or a removed line that can tell a place.
    """
    lines, start, end = hunk.lines, 0, len(hunk.lines)
    while start < end and _is_absent(file, lines[start]):
        start += 1
    while end > start and _is_absent(file, lines[end - 1]):
        end -= 1
    rest = replace(hunk, lines=lines[start:end])
    telling = [line for line in rest.old if not is_plain(line.text)]
    if (start, end) == (0, len(lines)) or len(telling) < LEAST_TELLING:
        return None
    block = blocks_in(file, rest)
    return None if block is None else replace(block, located_by="approximate", certainty_milli=800)


def _is_absent(file: FileText, line: Line) -> bool:
    """Return whether a context line is nowhere in the file; a blank one at the edge says nothing."""
    return line.sign == " " and all(key not in file.at_key or not key for key in map(_stripped, _texts(line)))


def _texts(line: Line) -> tuple[str, ...]:
    return (line.text,) if line.raw is None else (line.text, line.raw)


def _stripped(text: str) -> str:
    return folded(text).strip()


Key = Callable[[str], str]
Way = tuple[Hunk, LocatedBy, int, list[str], dict[str, list[int]], Key]


def _ways(file: FileText, hunk: Hunk) -> Iterator[Way]:
    """Yield how to compare. Indentation is shifted in the hunk, so that what it adds is shifted with it."""
    yield hunk, "exact", 1000, file.lines, file.at, str
    yield hunk, "whitespace", 970, file.trimmed, file.at_trimmed, str.rstrip
    shifted = reindented(hunk, file)
    for one in shifted:
        yield one, "indentation", 940, file.trimmed, file.at_trimmed, str.rstrip
    for one in (hunk, *shifted):
        yield one, "typography", 930, file.folded, file.at_folded, _folded


def _folded(text: str) -> str:
    return folded(text).rstrip()


def _places(old: Sequence[Line], lines: Sequence[str], at: dict[str, list[int]], key: Key) -> list[int]:
    """Return every start of the block; only the rarest of its lines is looked at everywhere."""
    if not old or len(old) > len(lines):
        return []
    spellings = [_spellings(line, key) for line in old]
    counts = [sum(len(at.get(one, ())) for one in spelling) for spelling in spellings]
    rarest = min(range(len(old)), key=counts.__getitem__)
    if not counts[rarest]:
        return []
    # A line that stands everywhere tells no place; what is found among the first ones is ambiguous enough.
    starts = sorted({place - rarest for one in spellings[rarest] for place in at.get(one, ())[:MOST_STARTS]})
    return [
        start
        for start in starts
        if 0 <= start <= len(lines) - len(old)
        and all(lines[start + i] in spelling for i, spelling in enumerate(spellings))
    ]


def _spellings(line: Line, key: Key) -> tuple[str, ...]:
    text = key(line.text)
    if line.raw is None:
        return (text,)
    raw = key(line.raw)
    return (text,) if raw == text else (text, raw)
