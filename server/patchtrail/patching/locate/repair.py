"""The fix written as context: in a file that does not parse, the closest region takes the hunk's new side.

Small models show the repaired line as if it had always been there. Nothing here decides whether that is right: each
result is only worth something when the file parses afterwards, which the caller checks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from patchtrail.patching.locate.edits import Edit, NewLine, applied, merged
from patchtrail.patching.locate.indent import reindented
from patchtrail.patching.locate.lines import FileText, indent_of
from patchtrail.patching.response.proposal import Hunk, Line

__all__ = ["Repair", "repairs"]

MOST_NEW_LINES = 80
AROUND = 12
ALIKE = 0.6
MOST_LENGTH = 500
MOST_DROPPED = 2


@dataclass(frozen=True)
class Repair:
    """A whole new text, and the region (from 1) that it differs in."""

    after: str
    line: int
    old_lines: int
    new_lines: int


@dataclass(frozen=True)
class _Pairing:
    """Pairs of a new line and a file line, in rising order; either may stand alone."""

    pairs: tuple[tuple[int | None, int | None], ...]
    score: float


def repairs(file: FileText, hunk: Hunk, centers: Sequence[int]) -> Iterator[Repair]:
    """Yield results for one hunk, the smallest change of the likeliest region first. `centers` count from 0."""
    for one in [hunk, *reindented(hunk, file)[:1]]:
        new = one.new
        if not new or len(new) > MOST_NEW_LINES:
            continue
        pairings = [found for low, high in _windows(file, one, centers) if (found := _pairing(file, new, low, high))]
        for pairing in sorted(pairings, key=lambda found: -found.score)[:2]:
            yield from _results(file, one, new, pairing)


def _windows(file: FileText, hunk: Hunk, centers: Sequence[int]) -> list[tuple[int, int]]:
    size = len(hunk.new)
    rare = [
        file.at_key[key][0] for line in hunk.lines if len(file.at_key.get(key := line.text.strip(), ())) == 1 and key
    ]
    middle = rare[len(rare) // 2 : len(rare) // 2 + 1]
    places = [min(at, max(0, len(file) - 1)) for at in [*middle, *centers]]
    spans = [(max(0, at - size - AROUND), min(len(file), at + size + AROUND)) for at in places]
    return list(dict.fromkeys(spans))[:3]


def _pairing(file: FileText, new: Sequence[Line], low: int, high: int) -> _Pairing | None:
    """Align the new side with the window, by how alike the lines are; the ends of the window are free."""
    width = high - low
    score = [[0.0] * (width + 1) for _ in range(len(new) + 1)]
    step = [[0] * (width + 1) for _ in range(len(new) + 1)]
    for i, line in enumerate(new, 1):
        score[i][0], step[i][0] = score[i - 1][0] - 0.3, 1
        for j in range(1, width + 1):
            joined = score[i - 1][j - 1] + _alike(line.text.strip(), file.keys[low + j - 1])
            above, left = score[i - 1][j] - 0.3, score[i][j - 1] - 0.4
            best = max(joined, above, left)
            score[i][j], step[i][j] = best, 0 if best == joined else 1 if best == above else 2
    end = max(range(width + 1), key=lambda j: score[len(new)][j])
    pairs = _traced(step, len(new), end, low)
    return _Pairing(pairs, score[len(new)][end]) if any(a is not None and b is not None for a, b in pairs) else None


def _traced(step: list[list[int]], i: int, j: int, low: int) -> tuple[tuple[int | None, int | None], ...]:
    pairs = list[tuple[int | None, int | None]]()
    while i > 0:
        if j > 0 and step[i][j] == 0:
            i, j = i - 1, j - 1
            pairs.append((i, low + j))
        elif j > 0 and step[i][j] == 2:
            j -= 1
            pairs.append((None, low + j))
        else:
            i -= 1
            pairs.append((i, None))
    return tuple(reversed(pairs))


def _alike(one: str, other: str) -> float:
    if one == other:
        return 2.0 if len(one) > 2 else 0.5
    if not one or not other:
        return -2.0
    if max(len(one), len(other)) > MOST_LENGTH:
        return -2.0
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    if matcher.real_quick_ratio() < ALIKE or matcher.quick_ratio() < ALIKE:
        return -2.0
    ratio = matcher.ratio()
    return 1.5 * ratio if ratio >= ALIKE else -2.0


def _results(file: FileText, hunk: Hunk, new: Sequence[Line], pairing: _Pairing) -> Iterator[Repair]:
    """Yield the new texts: one differing context line alone, then all, then with foreign lines dropped."""
    joined = [(a, b) for a, b in pairing.pairs if a is not None and b is not None]
    moved = [(a, b) for a, b in joined if new[a].text.strip() == file.keys[b] and not _is_as_it_stands(new[a], file, b)]
    # One line that stands elsewhere is a repair; all of them would only be the answer's own indentation.
    moved = moved if 2 * len(moved) < len(joined) else []
    differing = [(a, b) for a, b in joined if new[a].text.strip() != file.keys[b] or (a, b) in moved]
    absent = [a for a, b in pairing.pairs if a is not None and b is None and new[a].text.strip()]
    for only in differing:
        yield from _made(file, hunk, new, pairing, {only}, set())
    for alone in absent:
        yield from _made(file, hunk, new, pairing, set(), {alone})
    if differing:
        yield from _made(file, hunk, new, pairing, set(differing), set())
    yield from _made(file, hunk, new, pairing, set(differing), set(absent))
    yield from _made(file, hunk, new, pairing, set(differing), set(absent), drops=True)


def _is_as_it_stands(line: Line, file: FileText, at: int) -> bool:
    real = file.trimmed[at]
    return line.text.rstrip() == real or (line.raw is not None and line.raw.rstrip() == real)


def _made(
    file: FileText,
    hunk: Hunk,
    new: Sequence[Line],
    pairing: _Pairing,
    changed: set[tuple[int, int]],
    inserted: set[int],
    *,
    drops: bool = False,
) -> Iterator[Repair]:
    """Yield the text in which these lines are taken over; every added line of the hunk is."""
    removed = {line.text.strip() for line in hunk.lines if line.sign == "-"}
    inner = [b for a, b in pairing.pairs if a is None and b is not None and file.keys[b]]
    foreign = {b for b in inner if file.keys[b] in removed} | (
        set(inner) if drops and len(inner) <= MOST_DROPPED else set()
    )
    edits, at = list[Edit](), next((b for _, b in pairing.pairs if b is not None), 0)
    for a, b in pairing.pairs:
        if b is None and a is not None and (new[a].sign == "+" or a in inserted):
            edits = _with_added(edits, at, new[a].text)
        elif a is not None and b is not None:
            is_taken = (a, b) in changed or (new[a].sign == "+" and new[a].text.strip() != file.keys[b])
            if is_taken:
                edits.append(Edit(b, b + 1, (NewLine(_indented(new[a], file.lines[b])),)))
        elif b is not None and b in foreign:
            edits.append(Edit(b, b + 1, ()))
        at = at if b is None else b + 1
    whole = merged(edits) if edits else None
    if isinstance(whole, list):
        after = applied(file, whole)
        if after != file.text:
            yield Repair(
                after, whole[0].start + 1, sum(e.end - e.start for e in whole), sum(len(e.lines) for e in whole)
            )


def _with_added(edits: list[Edit], at: int, text: str) -> list[Edit]:
    last = edits[-1] if edits else None
    if last is not None and last.end == at and last.start == at:
        return [*edits[:-1], Edit(at, at, (*last.lines, NewLine(text)))]
    return [*edits, Edit(at, at, (NewLine(text),))]


def _indented(line: Line, real: str) -> str:
    """Give a context line the file's indentation where it only lost one blank to the missing prefix."""
    if line.raw is not None and indent_of(line.raw) == indent_of(real):
        return line.raw
    return line.text
