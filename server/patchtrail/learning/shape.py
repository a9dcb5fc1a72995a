"""The shape of a pattern's bad example: what makes code look like it, whatever its author named things.

A shape is the statements that the good example changes, from the first to the last, as tokens. What is the author's own
becomes a hole: names, and literals that the good example keeps; the same hole is the same text everywhere. What is the
language's or a library's stays: keywords, operators, attributes, what is called, modules, built-in names, names of
arguments, and short literals that the good example replaces. Statements match whole, from beginning to end; where there
is but one, it does not matter whether its value is returned, or what it is assigned to.

Too small a shape fits code that nobody would call wrong, and a developer switches off what is wrong twice. So one that
holds fewer than `ENOUGH` is none: each distinct name of a library counts one, and two where the good example no longer
uses it, because then the name itself is the lesson; a literal that stays counts two as well. `yaml.load(x)` made
`yaml.safe_load(x)` is enough; `print(x)`, `items[0]`, `json.loads(x)` in a `try` and `except Exception:` are not. None
either where the good example or a negative one has the shape too, or where the good example only adds to the bad one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from patchtrail.contract.learning import Pattern
from patchtrail.learning.example_names import RECEIVERS, ExampleNames, is_import
from patchtrail.learning.statements import Statement, Token, statements_of

__all__ = ["ENOUGH", "Anchor", "Shape", "shape_of"]

ENOUGH = 3
MAX_EXAMPLE = 20_000
MAX_STATEMENTS, MAX_TOKENS = 200, 400
CONSTANTS = frozenset({"0", "1"})
WORD = re.compile(r"[\w.%+-]{1,24}")
PREFIX = re.compile(r"[a-zA-Z]*")
BODY = re.compile(r"[a-zA-Z]*(?:\"\"\"|'''|[\"'])(.*?)(?:\"\"\"|'''|[\"'])?", re.DOTALL)

Anchor = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Part:
    """One token of a shape; a `hole` takes any text of its kind, and the same text each time."""

    kind: str
    text: str
    hole: int | None = None

    def takes(self, token: Token, bound: dict[int, str]) -> bool:
        """Return whether a token fits, and bind the hole that it fills."""
        if self.hole is None:
            return self.text == _plain(token) and self.kind == _kind(token)
        return self.kind == _kind(token) and bound.setdefault(self.hole, token.text) == token.text


@dataclass(frozen=True, slots=True)
class Shape:
    """Statements in order; `steps` says of each whether it is indented more (1), as much (0) or less (-1) than before.

    `words` are the libraries' names in it: a text without one of them need not be looked through. Of statements that
    stand for their value, `is_value`, the value alone is meant.
    """

    statements: tuple[tuple[Part, ...], ...]
    steps: tuple[int, ...]
    words: frozenset[str]
    is_value: bool = False

    @property
    def anchor(self) -> Anchor:
        """How many tokens its first statement has, the place of its longest fixed name, and that name; else nothing."""
        first = self.statements[0]
        named = [place for place, part in enumerate(first) if part.kind == "name" and part.hole is None]
        if not named:
            return len(first), 0, ""
        place = max(named, key=lambda one: len(first[one].text))
        return len(first), place, first[place].text

    def found_in(self, statements: Sequence[Statement], starts: Sequence[int] | None = None) -> Iterator[int]:
        """Yield the places where it begins, without overlaps; `starts` are those that may be."""
        next_free = 0
        for place in range(len(statements)) if starts is None else starts:
            if place >= next_free and self._is_at(statements, place):
                next_free = place + len(self.statements)
                yield place

    def _is_at(self, statements: Sequence[Statement], place: int) -> bool:
        if place + len(self.statements) > len(statements):
            return False
        bound = dict[int, str]()
        for offset, parts in enumerate(self.statements):
            statement = statements[place + offset]
            tokens = statement.value if self.is_value else statement.tokens
            if len(tokens) != len(parts) or (offset and _step(statements, place + offset) != self.steps[offset]):
                return False
            if not all(part.takes(token, bound) for part, token in zip(parts, tokens, strict=True)):
                return False
        return True


def shape_of(pattern: Pattern) -> Shape | None:
    """Return the shape of a pattern's bad example; None where it has none by which code could be known."""
    if max(len(pattern.bad_example), len(pattern.good_example)) > MAX_EXAMPLE or not pattern.good_example.strip():
        return None
    bad, good = statements_of(pattern.bad_example), statements_of(pattern.good_example)
    changed = _changed(bad, good) if max(len(bad), len(good)) <= MAX_STATEMENTS else ()
    if not changed or sum(len(one.tokens) for one in changed) > MAX_TOKENS:
        return None
    is_value = _is_value(changed)
    # An import that the good example still has is no use of the name.
    kept = frozenset(text for one in good if not is_import(one) for text in one.texts)
    names, holes = ExampleNames(bad, good), dict[tuple[str, str], int]()
    statements = tuple(tuple(_parts(one.value if is_value else one.tokens, names, kept, holes)) for one in changed)
    fixed = [part for parts in statements for part in parts if part.hole is None and part.text]
    words = frozenset(part.text for part in fixed if part.kind == "name") - RECEIVERS
    literals = frozenset(part.text for part in fixed if part.kind.startswith("string"))
    if sum(1 if name in kept else 2 for name in words) + 2 * len(literals) < ENOUGH:
        return None
    shape = Shape(statements, tuple(_step(changed, place) for place in range(len(changed))), words, is_value)
    innocent = [good, *(statements_of(one.code[:MAX_EXAMPLE]) for one in pattern.negative)]
    return None if any(next(shape.found_in(one), None) is not None for one in innocent) else shape


def _changed(bad: Sequence[Statement], good: Sequence[Statement]) -> Sequence[Statement]:
    """Return the bad example's statements from the first to the last that the good one changes.

    Imports and headers at their beginning only say where the example stands; they are left out if anything is left.
    """
    matcher = SequenceMatcher(None, [one.texts for one in bad], [one.texts for one in good], autojunk=False)
    spans = [(begin, end) for tag, begin, end, _, _ in matcher.get_opcodes() if tag in ("replace", "delete")]
    if not spans:
        return ()
    first, last = spans[0][0], spans[-1][1]
    body = first
    while body < last and _is_placing(bad[body]):
        body += 1
    return bad[body if body < last else first : last]


def _is_placing(statement: Statement) -> bool:
    """Return whether a statement only says where others stand."""
    first, second = [*statement.texts, "", ""][:2]
    return first in ("import", "from", "def", "class", "@") or (first, second) == ("async", "def")


def _is_value(changed: Sequence[Statement]) -> bool:
    """Return whether all that matters is a value: of a single statement, and not put into what it is made of."""
    if len(changed) != 1 or not changed[0].value or len(changed[0].value) == len(changed[0].tokens):
        return False
    head = changed[0].tokens[: -len(changed[0].value)]
    given = {token.text for token in head if token.kind == "name"}
    return given.isdisjoint(token.text for token in changed[0].value)


def _parts(
    tokens: Sequence[Token], names: ExampleNames, kept: frozenset[str], holes: dict[tuple[str, str], int]
) -> Iterator[Part]:
    for place, token in enumerate(tokens):
        kind = _kind(token)
        if names.is_own(tokens, place) if token.kind == "name" else _is_open(token, kept):
            yield Part(kind, "", holes.setdefault((kind, token.text), len(holes)))
        else:
            yield Part(kind, _plain(token))


def _is_open(token: Token, kept: frozenset[str]) -> bool:
    """Return whether a literal may be another one: the good example keeps it, or it is no word of a library's."""
    if token.kind == "number":
        return token.text in kept and token.text not in CONSTANTS
    return token.kind == "string" and (token.text in kept or WORD.fullmatch(_plain(token)) is None)


def _step(statements: Sequence[Statement], place: int) -> int:
    if place == 0:
        return 0
    before, now = statements[place - 1].indent, statements[place].indent
    return (now > before) - (now < before)


def _kind(token: Token) -> str:
    """Return a token's kind; a string's prefix belongs to it, because an f-string is not what a plain one is."""
    if token.kind != "string":
        return token.kind
    prefix = (PREFIX.match(token.text) or [""])[0]
    return f"string {''.join(sorted(prefix.lower().replace('u', '').replace('r', '')))}"


def _plain(token: Token) -> str:
    """Return what a token says; it does not matter in which quotes."""
    found = BODY.fullmatch(token.text) if token.kind == "string" else None
    return token.text if found is None else found[1]
