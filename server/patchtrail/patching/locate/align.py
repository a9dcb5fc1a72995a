"""Align old lines with a file that has more between them: monotone, with a cost for each jump, the cheapest way.

Costs are summed line by line; a state is the file line that was matched last. Lines too plain to tell a place by
(blank ones, a lone bracket) are matched only directly behind another match.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from patchtrail.patching.locate.elision import is_elision
from patchtrail.patching.locate.lines import FileText
from patchtrail.patching.locate.typography import folded
from patchtrail.patching.response.proposal import Line

__all__ = ["Alignment", "Wanted", "align", "is_plain", "wanted"]

JUMP, JUMP_A_LINE = 2.0, 0.01
ELIDED, ELIDED_A_LINE = 0.2, 0.002
BLANK_GAP = 0.3
MISSING, MISSING_PLAIN, MISSING_REMOVED = 4.0, 0.3, 12.0
FOLDED, SHIFTED, SHIFTED_REMOVED = 0.3, 1.0, 2.5
PLAIN_LENGTH = 2
INFINITY = float("inf")


@dataclass(frozen=True)
class Wanted:
    """One old line, prepared: its keys, what it costs to miss it, and whether it can tell a place."""

    line: Line
    keys: tuple[str, ...]
    spellings: tuple[str, ...]
    is_plain: bool
    is_elision: bool
    missing: float


@dataclass(frozen=True)
class Alignment:
    """The file line of each wanted one, and what the way cost."""

    at: tuple[int | None, ...]
    cost: float


@dataclass
class _Node:
    at: int
    index: int
    cost: float
    parent: _Node | None
    is_elided: bool = False


def wanted(old: Sequence[Line]) -> list[Wanted]:
    """Prepare the old lines of a hunk."""
    return [_wanted(line) for line in old]


def is_plain(text: str) -> bool:
    """Return whether a line is too plain to tell a place by."""
    key = text.strip()
    return len(key) <= PLAIN_LENGTH or not any(one.isalnum() for one in key)


def _wanted(line: Line) -> Wanted:
    texts = (line.text,) if line.raw is None or line.raw == line.text else (line.text, line.raw)
    plain = is_plain(line.text)
    skip = is_elision(line.text) and line.sign == " "
    missing = MISSING_REMOVED if line.sign == "-" else MISSING_PLAIN if plain else MISSING
    spellings = tuple(text.rstrip() for text in texts)
    return Wanted(line, tuple(dict.fromkeys(folded(one).strip() for one in texts)), spellings, plain, skip, missing)


def align(
    file: FileText, lines: Sequence[Wanted], low: int, high: int, *, forbidden: tuple[int, int] | None = None
) -> Alignment | None:
    """Return the cheapest alignment between `low` and `high`, or None when no line is found there.

    `forbidden` is a pair of a wanted line and a file line that must not be joined: so one learns of the second best.
    """
    states, lead = dict[int, _Node](), 0.0
    for index, one in enumerate(lines):
        if one.is_elision:
            states = {at: _Node(at, node.index, node.cost, node, is_elided=True) for at, node in states.items()}
            continue
        found = _step(file, one, index, states, lead, (low, high), forbidden)
        lead += one.missing
        for node in states.values():
            node.cost += one.missing
        for at, node in found.items():
            known = states.get(at)
            if known is None or node.cost < known.cost:
                states[at] = node
    best = min(states.values(), key=lambda node: node.cost, default=None)
    return None if best is None else Alignment(_traced(best, len(lines)), best.cost)


def _step(
    file: FileText,
    one: Wanted,
    index: int,
    states: dict[int, _Node],
    lead: float,
    window: tuple[int, int],
    forbidden: tuple[int, int] | None,
) -> dict[int, _Node]:
    """Return the states in which this line is matched."""
    found = dict[int, _Node]()
    jumps = _Jumps(file, states)
    for at in _places(file, one, states, window):
        if forbidden == (index, at):
            continue
        cost, parent = jumps.cheapest(at, is_far_allowed=not one.is_plain or one.line.sign == "-")
        if lead < cost and (not one.is_plain or one.line.sign == "-"):
            cost, parent = lead, None
        if cost < INFINITY:
            found[at] = _Node(at, index, cost + _price(file, one, at), parent and _frozen(parent))
    return found


def _frozen(node: _Node) -> _Node:
    """A state's cost goes on growing while lines are missed; the way to it stays."""
    return _Node(node.at, node.index, node.cost, node.parent, node.is_elided)


def _places(file: FileText, one: Wanted, states: dict[int, _Node], window: tuple[int, int]) -> list[int]:
    low, high = window
    if one.is_plain and one.line.sign == " ":
        near = {following for at in states for following in _next_places(file, at, one)}
        return sorted(at for at in near if low <= at < high)
    places = {at for key in one.keys for at in file.at_key.get(key, ())}
    return sorted(at for at in places if low <= at < high)


def _next_places(file: FileText, at: int, one: Wanted) -> list[int]:
    """Return the line directly behind, and the first filled one behind, where they are the wanted one."""
    following = at + 1
    if following >= len(file):
        return []
    if file.keys[following] in one.keys:
        return [following]
    while following < len(file) and not file.keys[following]:
        following += 1
    return [following] if following < len(file) and file.keys[following] in one.keys else []


def _price(file: FileText, one: Wanted, at: int) -> float:
    if file.trimmed[at] in one.spellings:
        return 0.0
    if file.folded[at] in tuple(folded(text).rstrip() for text in one.spellings):
        return FOLDED
    return SHIFTED_REMOVED if one.line.sign == "-" else SHIFTED


class _Jumps:
    """The cheapest way from any earlier state to a line; lines are asked for in rising order."""

    def __init__(self, file: FileText, states: dict[int, _Node]) -> None:
        self._file = file
        self._states = states
        self._order = sorted(states)
        self._next = 0
        self._plain: tuple[float, _Node | None] = (INFINITY, None)
        self._elided: tuple[float, _Node | None] = (INFINITY, None)

    def cheapest(self, at: int, *, is_far_allowed: bool) -> tuple[float, _Node | None]:
        """Return the cost up to `at` and the state it comes from."""
        self._advance(at)
        filled = self._file.filled
        best: tuple[float, _Node | None] = (INFINITY, None)
        near = self._states.get(at - 1)
        if near is not None:
            best = (near.cost, near)
        back = at - 1
        while back >= 0 and not self._file.keys[back]:
            back -= 1
        gap = self._states.get(back) if back < at - 1 else None
        if gap is not None and gap.cost + BLANK_GAP < best[0]:
            best = (gap.cost + BLANK_GAP, gap)
        if not is_far_allowed:
            return best
        plain = self._plain[0] + JUMP + JUMP_A_LINE * filled[at]
        if plain < best[0]:
            best = (plain, self._plain[1])
        elided = self._elided[0] + ELIDED + ELIDED_A_LINE * filled[at]
        return (elided, self._elided[1]) if elided < best[0] else best

    def _advance(self, at: int) -> None:
        while self._next < len(self._order) and self._order[self._next] < at:
            place = self._order[self._next]
            node = self._states[place]
            rate = ELIDED_A_LINE if node.is_elided else JUMP_A_LINE
            value = node.cost - rate * self._file.filled[place + 1]
            if node.is_elided and value < self._elided[0]:
                self._elided = (value, node)
            elif not node.is_elided and value < self._plain[0]:
                self._plain = (value, node)
            self._next += 1


def _traced(node: _Node, count: int) -> tuple[int | None, ...]:
    at: list[int | None] = [None] * count
    step: _Node | None = node
    while step is not None:
        at[step.index] = step.at
        step = step.parent
    return tuple(at)
