"""Full-text search over patterns: SQLite's FTS5 in memory, ranked by BM25."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from patchtrail.contract.learning import Pattern
from patchtrail.learning.words import words_of

__all__ = ["SearchIndex"]

COLUMNS = ("name", "description", "messages", "code")
WEIGHTS = (8.0, 3.0, 4.0, 1.0)
"""A name says what a pattern is about; code holds words of all kinds."""
MAX_TERMS = 24
MAX_CHARS = 20_000


class SearchIndex:
    """The patterns' words; made once for a library, and asked often."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._database = sqlite3.connect(":memory:", check_same_thread=False)
        self._database.execute(
            f'CREATE VIRTUAL TABLE patterns USING fts5({", ".join(COLUMNS)}, tokenize = "porter unicode61")'
        )
        rows = [(place, *map(_indexed, _columns(pattern))) for place, pattern in enumerate(patterns)]
        marks = ", ".join("?" * (len(COLUMNS) + 1))
        self._database.executemany(f"INSERT INTO patterns(rowid, {', '.join(COLUMNS)}) VALUES ({marks})", rows)

    def search(self, text: str, limit: int) -> list[tuple[int, float]]:
        """Return place and BM25 score of the patterns that share words with a text, the best (highest) first."""
        terms = _terms(text)
        if not terms:
            return []
        # Each term is quoted: unquoted, a user's `*`, `-` or `ver1.1` is query language.
        query = " OR ".join(f'"{term}"' for term in terms)
        weights = ", ".join(map(str, WEIGHTS))
        found = self._database.execute(
            f"SELECT rowid, -bm25(patterns, {weights}) AS score FROM patterns WHERE patterns MATCH ? "
            "ORDER BY score DESC, rowid LIMIT ?",
            (query, limit),
        )
        return [(place, score) for place, score in found]


def _columns(pattern: Pattern) -> tuple[str, ...]:
    examples = pattern.positive
    return (
        " ".join([pattern.name, *pattern.rule_ids]),
        pattern.description,
        " ".join(one.message for one in examples),
        " ".join([pattern.bad_example, *(one.code for one in examples)]),
    )


def _terms(text: str) -> list[str]:
    """Return the distinct words of a text, in order: what comes first says most."""
    return list(dict.fromkeys(words_of(text[:MAX_CHARS])))[:MAX_TERMS]


def _indexed(text: str) -> str:
    return " ".join(words_of(text[:MAX_CHARS]))
