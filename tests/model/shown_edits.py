"""Edits by what they do: which tokens go, which come, and where; names, numbers and texts do not count.

Of a right change and of an example in a prompt alike, so that a model can follow what an example shows, and nothing
else.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

__all__ = ["BLANK", "END", "Edit", "edits_between", "examples_in", "places_of_change"]

TOKEN = re.compile(
    r'(?P<text>(?:\b[rbfuRBFU]{1,2})?(?:"""(?:.|\n)*?"""|\'\'\'(?:.|\n)*?\'\'\'|"(?!"")[^"\n]*"|\'[^\'\n]*\'))'
    r"|(?P<name>[^\W\d]\w*)|(?P<number>\d[\w.]*)|(?P<end>\n)"
    r'|(?P<sign>"""|\'\'\'|[=!<>]=|->|[^\w\s])'
)
EXAMPLE = re.compile(r"^Instead of:\n(.*?)\nWrite:\n(.*?)\n[0-9a-f]+>>$", re.MULTILINE | re.DOTALL)
END, BLANK = "⏎", "blank line"


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int


@dataclass(frozen=True)
class Edit:
    """Some tokens in a row become others; `added_text` is how they are written, at `at`, an offset in the old text."""

    removed: tuple[str, ...]
    added: tuple[str, ...]
    begins_line: bool
    ends_line: bool
    at: int
    end: int
    added_text: str

    @property
    def shape(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What it does, wherever it is done."""
        return self.removed, self.added

    @property
    def start(self) -> tuple[tuple[str, ...], bool, bool]:
        """What it begins with: two edits with the same start are two ways to go on from it."""
        return self.removed, self.begins_line, self.ends_line


def examples_in(prompt: str) -> list[tuple[str, str]]:
    """Return the examples that a prompt shows: code, and what it should have been."""
    return [(f"{bad}\n", f"{good}\n") for bad, good in EXAMPLE.findall(prompt)]


def edits_between(before: str, after: str) -> tuple[Edit, ...]:
    """Return what turns one text into the other, token by token, within the lines that differ."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    head = _shared(old, new)
    tail = _shared(old[head:][::-1], new[head:][::-1])
    offset = sum(map(len, old[:head]))
    was, now = "".join(old[head : len(old) - tail]), "".join(new[head : len(new) - tail])
    return tuple(_edits(was, now, offset))


def places_of_change(before: str, after: str) -> tuple[str, str]:
    """Return the lines that differ in either text, each with a line on both sides."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    head = _shared(old, new)
    tail = _shared(old[head:][::-1], new[head:][::-1])
    first = max(0, head - 1)
    return "".join(old[first : len(old) - tail + 1]), "".join(new[first : len(new) - tail + 1])


def _shared(old: Sequence[str], new: Sequence[str]) -> int:
    """Return how many lines both begin with."""
    pairs = zip(old, new, strict=False)
    return next((count for count, (one, other) in enumerate(pairs) if one != other), min(len(old), len(new)))


def _edits(was: str, now: str, offset: int) -> list[Edit]:
    old, new = _tokens(was), _tokens(now)
    codes = SequenceMatcher(None, [one.text for one in old], [one.text for one in new], autojunk=False).get_opcodes()
    return [
        Edit(
            _kinds(old[a_from:a_to]),
            _kinds(new[b_from:b_to]),
            begins_line=a_from == 0 or old[a_from - 1].kind in (END, BLANK),
            ends_line=a_to == len(old) or old[a_to].kind in (END, BLANK),
            at=offset + _place(old, a_from, was),
            end=offset + _place(old, a_to, was),
            added_text=now[_place(new, b_from, now) : _place(new, b_to, now)],
        )
        for tag, a_from, a_to, b_from, b_to in codes
        if tag != "equal"
    ]


def _tokens(text: str) -> list[_Token]:
    found = list[_Token]()
    for one in TOKEN.finditer(text):
        kind = one.lastgroup or ""
        if kind == "end":
            kind = BLANK if not found or found[-1].kind in (END, BLANK) else END
        elif kind == "sign" or (kind == "name" and keyword.iskeyword(one[0])):
            kind = one[0]
        found.append(_Token(kind, one[0], one.start()))
    return found


def _kinds(tokens: Sequence[_Token]) -> tuple[str, ...]:
    """Return what tokens are; blank lines beside others do not count."""
    kinds = tuple(one.kind for one in tokens)
    return tuple(one for one in kinds if one != BLANK) or kinds


def _place(tokens: Sequence[_Token], number: int, text: str) -> int:
    return tokens[number].start if number < len(tokens) else len(text)
