"""All hunks of one file: placed, made into edits, applied; later hunks may quote what earlier ones wrote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from patchtrail.patching.locate.blocks import blocks_in
from patchtrail.patching.locate.edits import Conflict, Edit, applied, merged
from patchtrail.patching.locate.elision import kept_under_marks
from patchtrail.patching.locate.lines import FileText
from patchtrail.patching.locate.normal import plain_hunk
from patchtrail.patching.locate.place import place_all
from patchtrail.patching.locate.placed import BLOCKS, Placed, Unplaced, edits_of
from patchtrail.patching.response.proposal import Hunk

__all__ = ["Rewritten", "rewrite"]


MOST_HUNKS = 400
MOST_IN_TURN = 40


@dataclass(frozen=True)
class Rewritten:
    """A file's new text and how each changing hunk was placed; `is_conflict` of an Unplaced tells alternatives."""

    after: str
    placed: tuple[Placed, ...]

    @property
    def is_exact(self) -> bool:
        """Whether every hunk stood in the file as one block."""
        return all(one.located_by in BLOCKS for one in self.placed)


def rewrite(text: str, hunks: Sequence[Hunk], focus_line: int | None) -> Rewritten | Unplaced:
    """Return the text with every changing hunk applied, or why one cannot be; the others change nothing."""
    changing = [one for one in map(plain_hunk, hunks) if one.is_changing]
    if not changing:
        return Rewritten(text, ())
    if len(changing) > MOST_HUNKS:
        return Unplaced(f"There are {len(changing):,} hunks for one file; {MOST_HUNKS} are looked for at most.")
    file = FileText(text)
    whole = [one for one in (kept_under_marks(one, file) for one in changing) if one is not None]
    if len(whole) < len(changing):
        return Unplaced("A mark stands for code that was left out, and it is not clear which.", is_ambiguous=True)
    changing = [one for one in map(plain_hunk, whole) if one.is_changing]
    placed = place_all(file, changing, focus_line)
    if isinstance(placed, Unplaced):
        return _one_after_the_other(file, changing, focus_line) or placed
    return _applied(file, placed)


def _applied(file: FileText, placed: Sequence[Placed]) -> Rewritten | Unplaced:
    edits = list[Edit]()
    for one in placed:
        found = edits_of(one, file)
        if isinstance(found, Unplaced):
            return found
        edits += found
    whole = merged(edits)
    if isinstance(whole, Conflict):
        return Unplaced(f"Two hunks want different things of line {whole.line}.", is_ambiguous=True)
    return Rewritten(applied(file, whole), tuple(placed))


def _one_after_the_other(file: FileText, hunks: Sequence[Hunk], focus_line: int | None) -> Rewritten | None:
    """Apply what has a place; what has none must stand, exactly and once, in the text that results."""
    if len(hunks) > MOST_IN_TURN:
        return None
    first = [one for one in hunks if isinstance(place_all(file, [one], focus_line), list)]
    rest = [one for one in hunks if one not in first]
    placed = place_all(file, first, focus_line) if first and rest else Unplaced("")
    done = _applied(file, placed) if isinstance(placed, list) else placed
    if isinstance(done, Unplaced):
        return None
    for one in rest:
        now = FileText(done.after)
        block = blocks_in(now, one) if one.old else None
        if block is None or block.located_by != "exact" or len(block.places) != 1:
            return None
        place = Placed(one, tuple(range(block.places[0], block.places[0] + len(one.old))), "exact", 950)
        following = _applied(now, [place])
        if isinstance(following, Unplaced):
            return None
        done = Rewritten(following.after, (*done.placed, place))
    return done
