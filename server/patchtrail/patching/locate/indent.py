"""Indentation that an answer shifted as a whole, taken from the file and given to what it adds."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from patchtrail.patching.locate.lines import FileText, indent_of
from patchtrail.patching.locate.typography import folded
from patchtrail.patching.response.proposal import Hunk, Line

__all__ = ["reindented"]

MOST_PLACES = 4
MOST_SHIFTS = 3


def reindented(hunk: Hunk, file: FileText) -> list[Hunk]:
    """Return the hunk in the file's indentation, each way that enough of its lines agree on, the likeliest first."""
    mapped = _mapped(hunk, file)
    first = [] if mapped is None or mapped == hunk else [mapped]
    start = first[0] if first else hunk
    votes = _votes(start, file)
    ranked = sorted(votes, key=lambda pair: (_is_odd(pair), -votes[pair]))
    shifts = (_shift(start, quoted, real) for quoted, real in ranked[:MOST_SHIFTS])
    return [*first, *(one for one in shifts if one is not None and one != start)]


def _votes(hunk: Hunk, file: FileText) -> Counter[tuple[str, str]]:
    """Count the pairs of differing indentation, common ends taken off, over lines that are rare in the file."""
    votes = Counter[tuple[str, str]]()
    for line in hunk.old:
        key = folded(line.text).strip()
        places = file.at_key.get(key, []) if len(key) > 1 else []
        if not 0 < len(places) <= MOST_PLACES:
            continue
        # A context line may have lost its prefix, so that its first blank belongs to the text.
        for text in (line.text,) if line.raw is None else dict.fromkeys((line.text, line.raw)):
            for at in places:
                votes[_difference(indent_of(text), indent_of(file.lines[at]))] += MOST_PLACES // len(places)
    votes.pop(("", ""), None)
    return votes


def _is_odd(pair: tuple[str, str]) -> bool:
    """Return whether a shift is by an odd number of blanks: more likely a lost prefix than another indentation."""
    quoted, real = pair
    return "\t" not in quoted + real and (len(quoted) - len(real)) % 2 == 1


def _difference(quoted: str, real: str) -> tuple[str, str]:
    """Return both without their common tail: what stands in front of a line there, and in the file."""
    while quoted and real and quoted[-1] == real[-1]:
        quoted, real = quoted[:-1], real[:-1]
    return quoted, real


def _shift(hunk: Hunk, quoted: str, real: str) -> Hunk | None:
    """Return the hunk with `quoted` in front of every line replaced by `real`; None where a changed line lacks it."""
    lines = list[Line]()
    for line in hunk.lines:
        if not line.text.strip():
            lines.append(line)
        elif line.text.startswith(quoted):
            lines.append(replace(line, text=real + line.text[len(quoted) :]))
        elif line.sign == " ":
            lines.append(line)
        else:
            return None
    return replace(hunk, lines=tuple(lines))


def _mapped(hunk: Hunk, file: FileText) -> Hunk | None:
    """Return the hunk with blanks for tabs, or tabs for blanks, where the file uses the other kind."""
    tabs = sum(line.startswith("\t") for line in file.lines)
    blanks = sum(line.startswith("  ") for line in file.lines)
    has_tabs = any(line.text.startswith("\t") for line in hunk.lines)
    has_blanks = any(line.text.startswith("  ") for line in hunk.lines)
    if tabs > blanks and has_blanks:
        unit = _unit([line.text for line in hunk.lines])
        return replace(hunk, lines=tuple(replace(one, text=_tabbed(one.text, unit)) for one in hunk.lines))
    if blanks > tabs and has_tabs:
        unit = _unit(file.lines)
        return replace(hunk, lines=tuple(replace(one, text=_blanked(one.text, unit)) for one in hunk.lines))
    return None


def _unit(lines: list[str]) -> int:
    """Return how many blanks one level has: the smallest step that occurs often."""
    widths = Counter(len(indent_of(line)) for line in lines if line.startswith(" ") and line.strip())
    for unit in (4, 2, 8, 3):
        fitting = sum(count for width, count in widths.items() if width % unit == 0)
        if widths and fitting >= 0.9 * sum(widths.values()) and (unit != 4 or any(w % 8 == 4 for w in widths)):
            return unit
    return 4


def _tabbed(text: str, unit: int) -> str:
    width = len(indent_of(text).replace("\t", " " * unit))
    rest = text[len(indent_of(text)) :]
    return "\t" * (width // unit) + " " * (width % unit) + rest if rest else text


def _blanked(text: str, unit: int) -> str:
    return indent_of(text).replace("\t", " " * unit) + text[len(indent_of(text)) :]
