"""What a prompt is about: its words, the topics that they belong to, and what these imply."""

from __future__ import annotations

import re
from dataclasses import dataclass

from patchtrail.learning.words import atoms_of

__all__ = ["LANGUAGES", "PromptContext", "context_of", "stem"]

STEM = 5
"""Letters that words of one family share: `serialize`, `serialization`."""
LANGUAGES = frozenset({"python", "typescript", "javascript", "go", "rust", "java", "c", "ruby", "php"})
TOPICS: dict[str, tuple[str, str]] = {
    "file upload": ("upload multipart attachment", "large file size chunk stream process validate input"),
    "large files": ("gigabyte huge large bulk stream chunk", "large file size chunk process memory"),
    "temporary files": ("temporary temp tmp scratch", "temp file handling cleanup"),
    "numbers": ("numpy pandas array dataframe matrix mean statistic", "numpy array"),
    "JSON": ("json serialize dump endpoint api response", "json serialization"),
    "indexing": ("index first last element slice position", "bounds index check list"),
    "input": ("endpoint api form request parameter query user input upload", "input validation"),
    "errors": ("exception error failure retry robust safe", "specific exception error handling"),
    "logging": ("log logging print debug trace", "logger logging debug"),
}
"""Words that show a topic, and words that belong to it though nobody said them."""


@dataclass(frozen=True)
class PromptContext:
    """A prompt's own stems, those that its topics imply, the names that it holds, and its language."""

    words: frozenset[str]
    implied: frozenset[str]
    topics: tuple[str, ...]
    names: frozenset[str]
    language: str


def context_of(prompt: str) -> PromptContext:
    """Return what a prompt is about; a prompt that names no language is about Python."""
    atoms = atoms_of(prompt)
    words = frozenset(map(stem, atoms))
    topics = tuple(name for name, (shown_by, _) in TOPICS.items() if words & _stems(shown_by))
    named = [one.lower() for one in re.findall(r"[A-Za-z]+", prompt)]
    return PromptContext(
        words=words,
        implied=frozenset[str]().union(*(_stems(TOPICS[name][1]) for name in topics)) - words,
        topics=topics,
        names=frozenset(one.lower() for one in re.findall(r"[\w.-]{2,120}", prompt)),
        # `go` and `c` are words of other kinds too, and name a language only where no other does.
        language=next((one for one in sorted(named, key=len, reverse=True) if one in LANGUAGES), "python"),
    )


def stem(word: str) -> str:
    """Return what the words of one family share; a plural is one of them."""
    bare = word.lower()
    return (bare[:-1] if len(bare) > 3 and bare.endswith("s") else bare)[:STEM]


def _stems(words: str) -> frozenset[str]:
    return frozenset(map(stem, words.split()))
