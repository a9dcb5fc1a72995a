"""Which patterns answer a question: by signature, by words, by likeness; different ones, and at most three.

Each of the three ways gives an order, and the orders are joined by reciprocal ranks (Cormack, Clarke and Buettcher
2009), because their scores have no common measure. Of what is left, the next is the one that is most relevant and
least like those already taken (maximal marginal relevance, Carbonell and Goldstein 1998).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from patchtrail.contract.errors import ModelUnavailable
from patchtrail.contract.learning import Pattern
from patchtrail.learning.embedding import Embedder, HashingEmbedder, Vector, VectorIndex, cosine
from patchtrail.learning.scope import scope_rank
from patchtrail.learning.search_index import SearchIndex
from patchtrail.learning.signature import Signature
from patchtrail.learning.signature_index import SignatureIndex
from patchtrail.learning.words import atoms_of

__all__ = ["MAX_PATTERNS", "Match", "Question", "Retriever"]

MAX_PATTERNS = 3
CANDIDATES = 20
POOL = 8
SIGNED = 3.0
"""What the order by signature weighs beside the other two."""
RANK_OFFSET = 60
NEAR = 0.25
"""The cosine from which texts count as alike; chance words of unrelated code stay below."""
DIVERSITY = 0.3
SAME = 0.98
"""From this cosine on a pattern tells nothing that another did not."""


@dataclass(frozen=True)
class Question:
    """What a lesson is wanted for: a finding, a failure or a prompt; `repository` and `language` narrow the scope."""

    text: str
    signature: Signature = field(default_factory=Signature)
    repository: str = ""
    language: str = ""
    file_path: str = ""


@dataclass(frozen=True)
class Match:
    """One pattern that answers, and why, in words."""

    pattern: Pattern
    score: float
    reason: str


@dataclass
class _Candidate:
    score: float = 0.0
    reasons: list[str] = field(default_factory=list)


class Retriever:
    """A library's active patterns, ready to be asked; made anew when the library changes."""

    def __init__(self, patterns: Iterable[Pattern], embedder: Embedder | None = None, *, trying: str = "") -> None:
        """Take the active patterns, and the one named by `trying`, whose trial needs it retrieved."""
        self._patterns = [one for one in patterns if one.state == "active" or one.pattern_id == trying]
        self.problem = ""
        """Why likeness was left out or done without the model, if it was."""
        self._embedder = embedder or HashingEmbedder()
        self._words = SearchIndex(self._patterns)
        self._vectors = self._all_vectors([_text(one) for one in self._patterns])
        self._likeness = VectorIndex(self._vectors)
        self._names = [atoms_of(one.name) for one in self._patterns]
        self._signed = SignatureIndex(self._patterns)

    def retrieve(self, question: Question, limit: int = MAX_PATTERNS) -> tuple[Match, ...]:
        """Return at most `limit` patterns, never more than three: own scope first, then the best that differ."""
        found = self._candidates(question)
        scopes = {place: self._scope(place, question) for place in found}
        chosen = list[int]()
        for rank in (2, 1, 0):
            pool = {place: one.score for place, one in found.items() if scopes[place] == rank}
            self._choose(pool, chosen, min(limit, MAX_PATTERNS))
        return tuple(self._match(place, found[place], scopes[place]) for place in chosen)

    def _all_vectors(self, texts: Sequence[str]) -> Sequence[Vector]:
        try:
            return self._embedder.embed(texts)
        except ModelUnavailable as error:
            # Vectors of two embedders have nothing in common, so it is the one or the other for all texts.
            self.problem, self._embedder = error.message, HashingEmbedder()
            return self._embedder.embed(texts)

    def _near(self, text: str) -> dict[int, str]:
        """Return the patterns that a text is like, and how much."""
        try:
            (asked,) = self._embedder.embed([text])
        except ModelUnavailable as error:
            self.problem = error.message
            return {}
        near = self._likeness.nearest(asked, CANDIDATES, at_least=NEAR)
        return {place: f"{100 * value:.0f} % alike" for place, value in near}

    def _candidates(self, question: Question) -> dict[int, _Candidate]:
        found, signed = dict[int, _Candidate](), self._signed.find(question.signature)
        apart = self._apart(question.signature) - signed.keys()
        _join(found, dict(islice(signed.items(), CANDIDATES)), weight=SIGNED)
        words = [place for place, _ in self._words.search(question.text, CANDIDATES) if place not in apart]
        _join(found, self._by_name(words, question.text), weight=SIGNED)
        _join(found, {place: why for place, why in self._near(question.text).items() if place not in apart})
        # A shared word alone is no reason: it orders what is alike or has the signature.
        _join(found, {place: "shares its words" for place in words if place in found})
        return found

    def _apart(self, asked: Signature) -> set[int]:
        """Return, for a tool's finding, the patterns that name their rules: no likeness makes one answer another rule.

        The rules of one family differ in hardly a word, and code names rules in its comments.
        """
        if not asked.rule or asked.exception:
            return set()
        return {place for place, one in enumerate(self._patterns) if one.rule_ids}

    def _by_name(self, places: Sequence[int], text: str) -> dict[int, str]:
        """Return those whose name stands in the text, word for word."""
        said = frozenset(atoms_of(text))
        named = [place for place in places if self._names[place] and said.issuperset(self._names[place])]
        return {place: f"{self._patterns[place].name} is named" for place in named}

    def _scope(self, place: int, question: Question) -> int:
        return scope_rank(
            self._patterns[place].scope,
            repository=question.repository,
            language=question.language,
            file_path=question.file_path,
        )

    def _choose(self, pool: dict[int, float], chosen: list[int], limit: int) -> None:
        best = max(pool.values(), default=1.0)
        left = sorted(pool, key=lambda place: (-pool[place], place))[:POOL]
        while left and len(chosen) < limit:
            nearest = {place: self._nearest(place, chosen) for place in left}
            place = max(left, key=lambda one: (1 - DIVERSITY) * pool[one] / best - DIVERSITY * nearest[one])
            left.remove(place)
            if nearest[place] < SAME:
                chosen.append(place)

    def _nearest(self, place: int, chosen: Sequence[int]) -> float:
        return max((cosine(self._vectors[place], self._vectors[other]) for other in chosen), default=0.0)

    def _match(self, place: int, candidate: _Candidate, scope: int) -> Match:
        where = {2: ["of this repository"], 1: ["of this language"]}.get(scope, [])
        return Match(self._patterns[place], candidate.score, "; ".join(where + candidate.reasons))


def _join(found: dict[int, _Candidate], ordered: Mapping[int, str], weight: float = 1.0) -> None:
    """Add one way's order, the best first, with the reason for each."""
    for rank, (place, reason) in enumerate(ordered.items(), 1):
        one = found.setdefault(place, _Candidate())
        one.score += weight / (RANK_OFFSET + rank)
        one.reasons.append(reason)


def _text(pattern: Pattern) -> str:
    examples = [f"{one.message} {one.code}" for one in pattern.positive[:1]]
    return " ".join([pattern.name, pattern.description, *pattern.rule_ids, pattern.bad_example, *examples])
