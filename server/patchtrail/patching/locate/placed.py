"""A hunk that found its place: which file line each of its old lines is, and what edits follow from that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from patchtrail.contract.attempt import LocatedBy
from patchtrail.patching.locate.edits import Edit, NewLine
from patchtrail.patching.locate.lines import FileText, indent_of
from patchtrail.patching.locate.typography import folded, with_file_characters
from patchtrail.patching.response.proposal import Hunk, Line

__all__ = ["BLOCKS", "Placed", "Unplaced", "edits_of"]

MOST_GAP = 40
MOST_SWAPPED, MOST_SWAPPED_LENGTH, ALIKE = 20, 500, 0.6
BLOCKS: tuple[LocatedBy, ...] = ("exact", "near_line", "whitespace", "indentation", "typography")
"""How a hunk is located whose lines stand together."""


@dataclass(frozen=True)
class Placed:
    """`at` has a file line (from 0) for each old line of the hunk; None for context that is not in the file."""

    hunk: Hunk
    at: tuple[int | None, ...]
    located_by: LocatedBy
    certainty_milli: int

    @property
    def span(self) -> tuple[int, int]:
        """The first and behind the last file line that was found."""
        found = [one for one in self.at if one is not None]
        return (min(found), max(found) + 1) if found else (0, 0)


@dataclass(frozen=True)
class Unplaced:
    """Why a hunk has no place: nowhere, or in several."""

    message: str
    is_ambiguous: bool = False


@dataclass
class _Open:
    """An edit that is being collected; `start` is unknown until an anchor comes."""

    lines: list[NewLine] = field(default_factory=list)
    start: int | None = None
    end: int = 0
    gains_ending: bool = False
    removed: list[tuple[str, str]] = field(default_factory=list)
    is_after_anchor: bool = False
    is_after_blank: bool = False


def edits_of(placed: Placed, file: FileText) -> list[Edit] | Unplaced:
    """Return the edits of a placed hunk, or why an added line has no certain place between its neighbours."""
    builder = _Builder(placed, file)
    for line in placed.hunk.lines:
        trouble = builder.take(line)
        if trouble is not None:
            return trouble
    return builder.finish()


class _Builder:
    """Walks the lines of one hunk beside the file."""

    def __init__(self, placed: Placed, file: FileText) -> None:
        self._file = file
        self._places = iter(placed.at)
        self._is_block = placed.located_by in BLOCKS
        self._at: int | None = None
        self._is_anchored = False
        self._is_weak = False
        self._open: _Open | None = None
        self._edits = list[Edit]()

    def take(self, line: Line) -> Unplaced | None:
        """Take one line of the hunk."""
        if line.sign == "+":
            if self._open is None:
                self._open = _Open(is_after_anchor=self._is_anchored, is_after_blank=self._is_weak)
            self._open.lines.append(NewLine(self._written(line), line.is_unended))
            return None
        place = next(self._places)
        if line.sign == " ":
            trouble = self._close(place, is_anchored=place is not None)
            if place is not None:
                self._at = place + 1
            # A blank line that is not in the file hides nothing, but what stands before it is no neighbour any more.
            self._is_weak = place is None and not line.text.strip() and (self._is_anchored or self._is_weak)
            self._is_anchored = place is not None
            return trouble
        return self._remove(line, place)

    def finish(self) -> list[Edit] | Unplaced:
        """Return all edits."""
        trouble = self._close(None, is_anchored=False)
        return trouble if trouble is not None else self._edits

    def _remove(self, line: Line, place: int | None) -> Unplaced | None:
        if place is None:
            return Unplaced(f"The line to remove is not in the file: {_shown(line.text)}")
        opened = self._open
        if opened is not None and opened.start is not None and opened.end != place:
            self._close(place, is_anchored=True)
            opened = None
        if opened is None:
            opened = self._open = _Open()
        if opened.start is None:
            opened.start = place
        opened.end = place + 1
        opened.gains_ending = line.is_unended
        real = self._file.lines[place]
        if line.text != real and folded(line.text) == folded(real) and len(real) <= MOST_SWAPPED_LENGTH:
            opened.removed.append((line.text, real))
        self._at, self._is_anchored = place + 1, True
        return None

    def _written(self, line: Line) -> str:
        """Keep the file's own characters where an added line repeats a removed one in other typography."""
        swapped = [] if self._open is None else self._open.removed
        rated = (
            (SequenceMatcher(None, one[0], line.text, autojunk=False).ratio(), one) for one in swapped[:MOST_SWAPPED]
        )
        ratio, (quoted, real) = max(rated, default=(0.0, ("", "")))
        return with_file_characters(line.text, quoted, real) if ratio >= ALIKE else line.text

    def _close(self, following: int | None, *, is_anchored: bool) -> Unplaced | None:
        opened, self._open = self._open, None
        if opened is None:
            return None
        if opened.start is None:
            place = self._between(opened, following, is_anchored=is_anchored)
            if isinstance(place, Unplaced):
                return place
            opened.start = opened.end = place
        gains = opened.gains_ending and bool(opened.lines) and not opened.lines[-1].is_unended
        self._edits.append(Edit(opened.start, opened.end, tuple(opened.lines), gains_ending=gains))
        return None

    def _between(self, opened: _Open, following: int | None, *, is_anchored: bool) -> int | Unplaced:
        """Return where added lines go, between the line found before them and the one found after them."""
        before = self._at
        has_before = opened.is_after_anchor and before is not None
        has_after = is_anchored and following is not None
        if before is not None and has_before and not has_after:
            end = len(self._file) if following is None else following
            return self._told(before, before - 1, range(before, min(end, before + MOST_GAP)))
        if following is not None and has_after and not has_before:
            start = 0 if before is None else before
            return self._told(following, following, range(max(start, following - MOST_GAP), following))
        if before is not None and opened.is_after_blank and before == len(self._file):
            return before
        if before is None or following is None or not has_before:
            return Unplaced("Lines are added, and neither line next to them is in the file.", is_ambiguous=True)
        if before == following:
            return before
        return self._in_gap(opened.lines, before, following)

    def _told(self, place: int, anchor: int, others: range) -> int | Unplaced:
        """Return the place, unless the one line that tells it is a lone bracket that stands nearby once more."""
        key = self._file.keys[anchor]
        is_plain = sum(one.isalnum() for one in key) == 0
        if self._is_block or not is_plain or all(self._file.keys[other] != key for other in others):
            return place
        return Unplaced(f"An added line could go next to any of several lines {key!r}.", is_ambiguous=True)

    def _in_gap(self, added: Sequence[NewLine], before: int, following: int) -> int | Unplaced:
        """Both neighbours were found, with other lines between: the kinship of the lines decides, or nothing does."""
        gap = self._file.filled[following] - self._file.filled[before]
        filled = [line.text for line in added if line.text.strip()]
        if not filled or gap > MOST_GAP:
            return Unplaced("The lines next to an added one are far apart in the file.", is_ambiguous=True)
        above, below = self._file.lines[before - 1], self._file.lines[following]
        if gap == 0:
            return following if added[-1].text.strip() == "" or _is_kin(filled[-1], below) else before
        kin_above, kin_below = _is_kin(filled[0], above), _is_kin(filled[-1], below)
        if kin_above != kin_below:
            return before if kin_above else following
        return Unplaced("An added line could stand at either end of lines that the answer left out.", is_ambiguous=True)


def _is_kin(one: str, other: str) -> bool:
    """Return whether two lines begin alike: the same indentation, and the same first word."""
    if indent_of(one) != indent_of(other):
        return False
    first, second = one.split(None, 1), other.split(None, 1)
    return bool(first and second) and first[0] == second[0]


def _shown(text: str) -> str:
    stripped = text.strip()
    return repr(stripped if len(stripped) <= 100 else stripped[:100] + "…")
