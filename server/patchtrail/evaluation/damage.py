"""What is wrong with answers in diff form, counted as the published measurement counted real ones.

The counts of real answers stand here as data, so that a test model which damages too little is seen at once.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from patchtrail.evaluation.answer_diff import diff_in

__all__ = ["PUBLISHED", "PUBLISHED_ANSWERS", "PUBLISHED_GIT_APPLY", "Damage", "damage_of", "realised"]

PUBLISHED_ANSWERS = 1285
PUBLISHED = {
    "wrong counts in @@": 961,
    "lines exist but are not contiguous": 399,
    "context line that is not in the file": 292,
    "no-op hunk": 290,
    "wrong start line": 211,
    "removed line that is not in the file": 168,
    "mangled or missing file lines": 103,
    "context line without its leading space": 94,
    "cut off before the end": 83,
    "header without numbers": 59,
    "blank context line without its space": 53,
}
"""Single defects among 1,285 real answers of seven model settings; one answer can have several."""
PUBLISHED_GIT_APPLY = 0.186
HEADER = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


@dataclass(frozen=True)
class Damage:
    """The defects of one answer, and whether it holds a diff at all."""

    is_diff: bool
    defects: frozenset[str]


@dataclass(frozen=True)
class _Hunk:
    header: str
    body: tuple[str, ...]

    def side(self, signs: str) -> list[str]:
        return [line[1:] for line in self.body if line[:1] in signs and line]


def damage_of(answer: str, read: Callable[[str], str | None], focus: str, *, is_cut_off: bool = False) -> Damage:
    """Return what is wrong with `answer`, held to the file that it is about."""
    text = diff_in(answer)
    if text is None:
        return Damage(False, frozenset())
    lines = (read(focus) or "").split("\n")
    defects = set(_file_line_defects(text, focus))
    for hunk in _hunks(text):
        defects.update(_form_defects(hunk))
        defects.update(_place_defects(hunk, lines))
    if is_cut_off or answer.count("```") % 2:
        defects.add("cut off before the end")
    return Damage(True, frozenset(defects))


def realised(damages: Iterable[Damage]) -> tuple[Counter[str], int]:
    """Return how many answers have each defect, and how many answers are diffs."""
    diffs = [one for one in damages if one.is_diff]
    return Counter(defect for one in diffs for defect in one.defects), len(diffs)


def _file_line_defects(text: str, focus: str) -> Iterator[str]:
    names = re.findall(r"^(?:--- a/|\+\+\+ b/)(\S+)", text, re.MULTILINE)
    if len(names) < 2 or focus not in names:
        yield "mangled or missing file lines"


def _hunks(text: str) -> Iterator[_Hunk]:
    header, body = "", list[str]()
    for line in text.split("\n"):
        if line.startswith(("@@", "diff --git ", "--- ", "index ")):
            if header:
                yield _Hunk(header, tuple(_trimmed(body)))
            header, body = (line, []) if line.startswith("@@") else ("", [])
        elif header:
            body.append(line)
    if header:
        yield _Hunk(header, tuple(_trimmed(body)))


def _trimmed(body: list[str]) -> list[str]:
    while body and not body[-1]:
        body = body[:-1]
    return body


def _form_defects(hunk: _Hunk) -> Iterator[str]:
    numbers = HEADER.match(hunk.header)
    if numbers is None:
        yield "header without numbers"
    blanks = sum(1 for line in hunk.body if not line)
    old, new = len(hunk.side(" -")) + blanks, len(hunk.side(" +")) + blanks
    if numbers is not None and (int(numbers[2] or 1), int(numbers[4] or 1)) != (old, new):
        yield "wrong counts in @@"
    if blanks:
        yield "blank context line without its space"
    if any(line and line[0] not in " +-\\" for line in hunk.body):
        yield "context line without its leading space"
    if hunk.side("-") == hunk.side("+"):
        yield "no-op hunk"


def _place_defects(hunk: _Hunk, lines: list[str]) -> Iterator[str]:
    known = set(lines)
    if any(line not in known for line in hunk.side("-")):
        yield "removed line that is not in the file"
        return
    if any(line not in known for line in hunk.side(" ")):
        yield "context line that is not in the file"
        return
    old = [line[1:] for line in hunk.body if line[:1] in ("", " ", "-")]
    places = [at for at in range(len(lines) - len(old) + 1) if lines[at : at + len(old)] == old] if old else []
    if old and not places:
        yield "lines exist but are not contiguous"
    numbers = HEADER.match(hunk.header)
    if numbers is not None and places and int(numbers[1]) - 1 not in places:
        yield "wrong start line"
