"""Find a hunk's old lines as one block, strictest comparison first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from patchtrail.contract.attempt import LocatedBy
from patchtrail.patching.locate.indent import reindented
from patchtrail.patching.locate.lines import FileText
from patchtrail.patching.locate.typography import folded
from patchtrail.patching.response.proposal import Hunk, Line

__all__ = ["Block", "blocks_in"]

MOST_STARTS = 2_000


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
