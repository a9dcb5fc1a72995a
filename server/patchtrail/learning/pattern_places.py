"""Where in a text active patterns match: by the shape of the code, and by what tools reported of it.

Shapes are those of Python alone; what tools report is known in every language.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from patchtrail.contract.learning import LearningSeverity, Pattern
from patchtrail.learning.holdout import finding_case, is_held_out
from patchtrail.learning.retrieval import MAX_PATTERNS
from patchtrail.learning.scope import scope_rank
from patchtrail.learning.shape import Anchor, shape_of
from patchtrail.learning.signature import Signature
from patchtrail.learning.signature_index import SignatureIndex
from patchtrail.learning.statements import Statement, statements_of

__all__ = ["MAX_CHARS", "PatternPlace", "PatternPlaces", "Reported", "Surroundings"]

MAX_CHARS = 1_000_000
"""A longer text is looked at for no shape."""
MAX_SHAPES = 1_000
MAX_PLACES = 100
MAX_STARTS = 100_000
"""At so many statements of a text shapes are tried, those first that can begin at the fewest."""
WORD = re.compile(r"\w+")
SHAPED = "the code has the shape of its bad example"
WHERE = {2: "of this repository; ", 1: "of this language; "}
SEVERITIES: dict[LearningSeverity, int] = {"critical": 0, "high": 1, "medium": 2, "low": 3}


@dataclass(frozen=True)
class Surroundings:
    """Where a text is; `file_path` is POSIX and relative to the repository."""

    repository: str
    language: str
    file_path: str


@dataclass(frozen=True)
class Reported:
    """What a tool reported of lines, which count from 0."""

    signature: Signature
    first_line: int
    last_line: int


@dataclass(frozen=True)
class PatternPlace:
    """A pattern that matches lines, which count from 0, and why, in words; `rank` is that of its scope."""

    pattern: Pattern
    first_line: int
    last_line: int
    reason: str
    rank: int


class PatternPlaces:
    """A library's active patterns, ready to be looked for; made anew when the library changes."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._patterns = [one for one in patterns if one.state == "active"]
        shaped = ((place, shape_of(one)) for place, one in enumerate(self._patterns[:MAX_SHAPES]))
        self._shapes = {place: shape for place, shape in shaped if shape is not None}
        self._signed = SignatureIndex(self._patterns)

    def find(self, text: str, where: Surroundings, reported: Sequence[Reported] = ()) -> list[PatternPlace]:
        """Return where patterns match, by line, those of the narrowest scope and the gravest first.

        At most three of a line and a hundred in all; none at what is held out for ever.
        """
        allowed = {place: rank for place in range(len(self._patterns)) if (rank := self._rank(place, where)) >= 0}
        held = [one for one in reported if is_held_out(finding_case(where.file_path, one.signature))]
        found = [*self._by_report(reported, allowed), *self._by_shape(text, where, allowed)]
        return _chosen(
            [one for one in found if not any(it.first_line <= one.first_line <= it.last_line for it in held)]
        )

    def _rank(self, place: int, where: Surroundings) -> int:
        """Return the rank of a pattern's scope; -1 also where one of its exceptions names this very place."""
        pattern = self._patterns[place]
        told = [
            scope_rank(one, repository=where.repository, language=where.language, file_path=where.file_path)
            for one in (pattern.scope, *filter(None, pattern.exceptions))
        ]
        return -1 if any(rank > 0 for rank in told[1:]) else told[0]

    def _by_report(self, reported: Sequence[Reported], allowed: dict[int, int]) -> Iterator[PatternPlace]:
        for one in reported:
            for place, reason in self._signed.find(one.signature).items():
                if place in allowed:
                    yield self._place(place, allowed[place], one.first_line, one.last_line, f"it {reason}")

    def _by_shape(self, text: str, where: Surroundings, allowed: dict[int, int]) -> Iterator[PatternPlace]:
        if where.language != "python" or len(text) > MAX_CHARS:
            return
        words = frozenset(WORD.findall(text)) if self._shapes else frozenset[str]()
        likely = {
            place: shape
            for place, shape in self._shapes.items()
            if place in allowed
            and shape.words <= words
            and not is_held_out(f"{where.file_path}\n{self._patterns[place].pattern_id}")
        }
        if not likely:
            return
        statements = statements_of(text)
        starts = _starts(statements, [shape.anchor for shape in likely.values()])
        left = MAX_STARTS
        for place, shape in sorted(likely.items(), key=lambda one: len(starts[one[1].anchor])):
            left -= len(starts[shape.anchor])
            if left < 0:
                return
            for start in islice(shape.found_in(statements, starts[shape.anchor]), MAX_PLACES):
                last = statements[start + len(shape.statements) - 1].tokens[-1]
                first_line = statements[start].tokens[0].line
                yield self._place(place, allowed[place], first_line, last.line, SHAPED)

    def _place(self, place: int, rank: int, first_line: int, last_line: int, reason: str) -> PatternPlace:
        return PatternPlace(self._patterns[place], first_line, last_line, f"{WHERE.get(rank, '')}{reason}", rank)


def _starts(statements: Sequence[Statement], anchors: Iterable[Anchor]) -> dict[Anchor, list[int]]:
    """Return at which statements shapes may begin, by their anchors."""
    places, wanted = defaultdict[int, set[int]](set), set(anchors)
    for count, place, _ in wanted:
        places[count].add(place)
    starts = defaultdict[Anchor, list[int]](list)
    for start, statement in enumerate(statements):
        whole, value = statement.tokens, statement.value
        for tokens in (whole, value) if value is not whole else (whole,):
            count = len(tokens)
            for place in places.get(count, ()):
                for anchor in ((count, place, tokens[place].text), (count, place, "")):
                    if anchor in wanted:
                        starts[anchor].append(start)
    return starts


def _chosen(found: Iterable[PatternPlace]) -> list[PatternPlace]:
    """Return at most as many places per line as may be, a pattern once."""
    chosen = defaultdict[int, dict[str, PatternPlace]](dict)
    for one in sorted(found, key=lambda one: (one.first_line, -one.rank, SEVERITIES[one.pattern.severity])):
        line = chosen[one.first_line]
        if len(line) < MAX_PATTERNS:
            line.setdefault(one.pattern.pattern_id, one)
    return [one for line in chosen.values() for one in line.values()][:MAX_PLACES]
