"""Texts as vectors: TF-IDF of words and pairs of words, what is dense among them, and how alike groups of them are.

Likeness is the mean cosine of two groups' texts, from 0 to 1: about the share of telling words that they have in
common. This is the one module that needs scikit-learn, of the extra `patchtrail[evaluation]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.cluster import HDBSCAN
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer
from sklearn.metrics import silhouette_samples
from sklearn.preprocessing import normalize

__all__ = ["Floats", "Rows", "TextSpace"]

Rows = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]
WORD = r"(?<![<\w])\w+"
"""What masks stand for is no word."""
IDLE = ENGLISH_STOP_WORDS | {"file", "line", "traceback", "recent", "s", "t"}
"""Words that name nothing."""
DIMENSIONS = 32
NEIGHBOURS = 5
MOST_POINTS = 6_000
"""More points than these tell HDBSCAN nothing new; the others join the groups that were found."""


class TextSpace:
    """The space of different texts; a row is a text's place among them."""

    def __init__(self, texts: Sequence[str], seed: int) -> None:
        self._seed = seed
        vectorizer = TfidfVectorizer(ngram_range=(1, 2), token_pattern=WORD, sublinear_tf=True)
        try:
            self._vectors: Any = vectorizer.fit_transform(texts)
        except ValueError:
            # scikit-learn refuses texts of which none holds a word; one made-up word leaves them all alike.
            self._vectors = vectorizer.fit_transform(["empty", *texts])[1:]
        self._terms: npt.NDArray[np.object_] = vectorizer.get_feature_names_out()

    def dense_groups(self, rows: Rows, smallest: int) -> list[Rows]:
        """Return HDBSCAN's groups of at least `smallest` rows in 32 dimensions; of very many rows, of a drawn part."""
        if len(rows) > MOST_POINTS:
            rows = np.sort(np.random.default_rng(self._seed).choice(rows, MOST_POINTS, replace=False))
        if len(rows) <= max(smallest, NEIGHBOURS):
            return []
        vectors = self._vectors[rows]
        if min(vectors.shape) > DIMENSIONS:
            vectors = TruncatedSVD(DIMENSIONS, random_state=self._seed).fit_transform(vectors)
        else:
            vectors = vectors.toarray()
        points = normalize(vectors)
        labels = _labels(points, smallest, allow_single_cluster=False)
        if labels.max() < 0:
            labels = _labels(points, smallest, allow_single_cluster=True)
        return [rows[labels == label] for label in range(labels.max() + 1)]

    def centre(self, rows: Rows) -> Floats:
        """Return the mean of the rows' vectors."""
        return np.asarray(self._vectors[rows].mean(axis=0)).ravel()

    def cohesion(self, rows: Rows) -> float:
        """Return how alike two different texts of a group are; one text is all alike."""
        if len(rows) < 2:
            return 1.0
        whole = self.centre(rows) * len(rows)
        return float((whole @ whole - len(rows)) / (len(rows) * (len(rows) - 1)))

    def likeness(self, rows: Rows, centres: Sequence[Floats]) -> Floats:
        """Return how alike each row is to each group, as a table of rows by groups."""
        return np.asarray(self._vectors[rows] @ np.stack(centres, axis=1))

    def telling_terms(self, rows: Rows, count: int) -> list[str]:
        """Return the words and pairs that the rows have and others have not, the most telling first."""
        telling = self.centre(rows) - self.centre(np.arange(self._vectors.shape[0]))
        chosen = list[str]()
        for at in np.argsort(-telling, kind="stable"):
            words = str(self._terms[at]).split()
            is_idle = any(word in IDLE or word.isdigit() for word in words)
            if not is_idle and not any(set(words) & set(one.split()) for one in chosen):
                chosen.append(" ".join(words))
            if len(chosen) == count or telling[at] <= 0:
                break
        return chosen

    def silhouettes(self, groups: Sequence[Rows], most: int) -> list[float] | None:
        """Return each group's mean silhouette, from -1 to 1, over at most `most` rows of each; None of one group."""
        if len(groups) < 2:
            return None
        draw = np.random.default_rng(self._seed)
        drawn = [rows if len(rows) <= most else draw.choice(rows, most, replace=False) for rows in groups]
        labels = np.repeat(np.arange(len(drawn)), [len(rows) for rows in drawn])
        if len(labels) <= len(drawn):
            return None
        found = silhouette_samples(self._vectors[np.concatenate(drawn)], labels, metric="cosine")
        return [float(found[labels == label].mean()) for label in range(len(drawn))]


def _labels(points: Floats, smallest: int, *, allow_single_cluster: bool) -> Rows:
    found = HDBSCAN(
        min_cluster_size=smallest,
        min_samples=NEIGHBOURS,
        allow_single_cluster=allow_single_cluster,
        copy=True,
    )
    return np.asarray(found.fit_predict(points))
