"""Texts as vectors: the port, and the embedder that needs neither a model nor a network."""

from __future__ import annotations

import math
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from patchtrail.learning.words import atoms_of

__all__ = ["Embedder", "HashingEmbedder", "ModelEmbedder", "Vector", "VectorIndex", "cosine"]

Vector = Mapping[int, float]
"""Of length 1, by dimension; what is not named is 0. A text without words is empty."""
DIMENSIONS = 2**18
MAX_CHARS = 8_000
MAX_WORDS = 200
STEM = 5
"""Letters that words of one family share: `serialize`, `serialization`."""
STRONGEST = 256
RARE = 40
"""So many of a query's dimensions, those that the fewest texts have, find the candidates."""


class Embedder(Protocol):
    """Turns texts into vectors whose products say how near they are."""

    def embed(self, texts: Sequence[str]) -> Sequence[Vector]:
        """Return a vector for each text."""


class HashingEmbedder:
    """Words and their beginnings, counted by hash: no training, the same vectors on every machine."""

    def embed(self, texts: Sequence[str]) -> Sequence[Vector]:
        """Return a vector for each text."""
        counted = (Counter(map(_dimension, _features(text))) for text in texts)
        # The root tempers what a text only repeats.
        return [_unit({dimension: math.sqrt(count) for dimension, count in one.items()}) for one in counted]


class ModelEmbedder:
    """A model's vectors; what is sent to it is redacted first."""

    def __init__(
        self, vectors: Callable[[Sequence[str]], Sequence[Sequence[float]]], redact: Callable[[str], str]
    ) -> None:
        self._vectors = vectors
        self._redact = redact

    def embed(self, texts: Sequence[str]) -> Sequence[Vector]:
        """Return a vector for each text; raises `ModelUnavailable` as the model's door does."""
        told = self._vectors([self._redact(text[:MAX_CHARS]) or " " for text in texts]) if texts else []
        return [_unit(_strongest(vector)) for vector in told]


class VectorIndex:
    """Vectors by their dimensions, so that what shares nothing rare with a query costs nothing."""

    def __init__(self, vectors: Sequence[Vector]) -> None:
        self._vectors = vectors
        self._postings: dict[int, list[tuple[int, float]]] = defaultdict(list)
        for place, vector in enumerate(vectors):
            for dimension, weight in vector.items():
                self._postings[dimension].append((place, weight))

    def nearest(self, query: Vector, limit: int, *, at_least: float) -> list[tuple[int, float]]:
        """Return place and cosine of those that are near enough, the nearest first."""
        shared = [(len(self._postings[one]), one) for one in query if one in self._postings]
        sums = defaultdict[int, float](float)
        for _, dimension in sorted(shared)[:RARE]:
            for place, weight in self._postings[dimension]:
                sums[place] += weight * query[dimension]
        likely = sorted(sums, key=lambda place: (-sums[place], place))[:limit]
        found = [(place, cosine(query, self._vectors[place])) for place in likely]
        return sorted((one for one in found if one[1] >= at_least), key=lambda one: (-one[1], one[0]))[:limit]


def cosine(one: Vector, other: Vector) -> float:
    """Return the cosine of two unit vectors."""
    small, large = (one, other) if len(one) <= len(other) else (other, one)
    return sum(weight * large.get(dimension, 0.0) for dimension, weight in small.items())


def _features(text: str) -> Iterator[str]:
    for word in atoms_of(text[:MAX_CHARS])[:MAX_WORDS]:
        yield word
        if len(word) > STEM:
            yield f"{word[:STEM]}…"


def _dimension(feature: str) -> int:
    """Return a feature's dimension; Python's own hash differs from one process to the next."""
    return zlib.crc32(feature.encode()) % DIMENSIONS


def _strongest(vector: Sequence[float]) -> dict[int, float]:
    """Return the largest components; the small ones hardly change a cosine, and cost as much as the others."""
    order = sorted(range(len(vector)), key=lambda one: (-abs(vector[one]), one))
    return {dimension: vector[dimension] for dimension in order[:STRONGEST]}


def _unit(weights: Mapping[int, float]) -> Vector:
    length = math.sqrt(math.fsum(weight * weight for weight in weights.values()))
    return {dimension: weight / length for dimension, weight in weights.items()} if length else {}
