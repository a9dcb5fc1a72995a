"""The words of a text, and the parts of those that are put together: `parse_row` is `parse` and `row`, too."""

from __future__ import annotations

import re

__all__ = ["atoms_of", "words_of"]

WORD = re.compile(r"\w{1,40}")
ATOM = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")
IDLE = frozenset({
    "a", "an", "and", "are", "as", "at", "be", "been", "but", "by", "can", "do", "does", "for", "from", "had", "has",
    "have", "if", "in", "into", "is", "it", "its", "no", "not", "of", "on", "or", "so", "than", "that", "the",
    "their", "then", "there", "these", "they", "this", "to", "was", "were", "when", "which", "will", "with", "you",
    "your"
})  # fmt: skip
"""Words that say how others belong together, and nothing by themselves."""


def atoms_of(text: str) -> list[str]:
    """Return the smallest words, in lower case and in order, without those that say nothing."""
    return [word for found in ATOM.findall(text) if (word := found.lower()) not in IDLE]


def words_of(text: str) -> list[str]:
    """Return the smallest words, and each word that is put together of several."""
    words = list[str]()
    for found in WORD.findall(text):
        atoms = atoms_of(found)
        words += [found.lower(), *atoms] if len(atoms) > 1 else atoms
    return words
