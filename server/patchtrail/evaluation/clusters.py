"""Failures become modes: those with one exact signature first, the rest by what they say, people's names kept."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from patchtrail.evaluation.failure import Failure
from patchtrail.evaluation.failure_mode import Clustering, Mode, rank_of
from patchtrail.evaluation.failure_signature import exact_signature
from patchtrail.evaluation.masking import masked_text
from patchtrail.evaluation.mode_names import KnownMode, KnownModes
from patchtrail.evaluation.stability import stabilities
from patchtrail.evaluation.text_groups import grouped, joining
from patchtrail.evaluation.text_space import Rows, TextSpace

__all__ = ["cluster", "known_modes"]

SMALLEST = 5
SMALLEST_SHARE = 0.005
EXEMPLARS = 3
TERMS = 3
SILHOUETTE_POINTS = 1_500


@dataclass(frozen=True)
class _Draft:
    """A mode in the making, with the places of its failures."""

    members: tuple[int, ...]
    stability: float
    signature: tuple[str, ...] | None = None
    known: KnownMode | None = None


@dataclass(frozen=True)
class _Corpus:
    """The failures, each with the row of its masked text; rows of known modes' exemplars come after all others."""

    failures: Sequence[Failure]
    texts: list[str]
    row_of: Rows
    space: TextSpace
    seed: int

    def rows(self, members: Sequence[int]) -> Rows:
        return np.unique(self.row_of[list(members)])

    def count(self, members: Sequence[int]) -> int:
        return sum(self.failures[at].count for at in members)


def cluster(failures: Sequence[Failure], known: KnownModes | None = None, *, seed: int = 0) -> Clustering:
    """Return the modes among failures; what is known of modes names them, and joins those that people named alike.

    The same failures, known modes and seed give the same modes.
    """
    if not failures:
        return Clustering((), ())
    # Matrices so small are done before several threads have met, on a busy machine long before.
    with threadpool_limits(limits=1):
        return _clustered(failures, known or KnownModes(), seed)


def _clustered(failures: Sequence[Failure], known: KnownModes, seed: int) -> Clustering:
    corpus = _corpus(failures, known, seed)
    smallest = max(SMALLEST, round(SMALLEST_SHARE * corpus.count(range(len(failures)))))
    exact = list(_exact(corpus, smallest))
    taken = {at for draft in exact for at in draft.members}
    rest = [at for at in range(len(failures)) if at not in taken]
    groups, stable = _text_groups(corpus, rest, smallest)
    drafts = _joined(_recognised([*exact, *_text_drafts(corpus, rest, groups, stable)], corpus, groups, known))
    inside = {at for draft in drafts for at in draft.members}
    noise = tuple(one for at, one in enumerate(failures) if at not in inside)
    return Clustering(tuple(sorted(_modes(corpus, drafts), key=lambda one: -one.rank.score)), noise)


def known_modes(clustering: Clustering) -> KnownModes:
    """Return what the next run has to know of these modes."""
    return KnownModes(
        modes=tuple(
            KnownMode(
                mode_id=mode.mode_id,
                name=mode.name,
                suggested=mode.suggested,
                signature=mode.signature,
                exemplars=tuple(masked_text(one.text) for one in mode.exemplars),
            )
            for mode in clustering.modes
        )
    )


def _corpus(failures: Sequence[Failure], known: KnownModes, seed: int) -> _Corpus:
    places = dict[str, int]()
    row_of = [places.setdefault(masked_text(one.text), len(places)) for one in failures]
    for mode in known.modes:
        for text in mode.exemplars:
            places.setdefault(text, len(places))
    texts = list(places)
    return _Corpus(failures, texts, np.array(row_of, dtype=np.intp), TextSpace(texts, seed), seed)


def _exact(corpus: _Corpus, smallest: int) -> Iterator[_Draft]:
    by_signature = defaultdict[tuple[str, ...], list[int]](list)
    for at, one in enumerate(corpus.failures):
        signature = exact_signature(one)
        if signature is not None:
            by_signature[signature].append(at)
    for signature, members in by_signature.items():
        if corpus.count(members) >= smallest:
            yield _Draft(tuple(members), 1.0, signature)


def _text_groups(corpus: _Corpus, rest: Sequence[int], smallest: int) -> tuple[list[Rows], list[float]]:
    """Return the groups of texts and their stability; a text that is said often enough is a group by itself."""
    if not rest:
        return [], []
    rows = corpus.rows(rest)
    said = Counter[int]()
    for at in rest:
        said[int(corpus.row_of[at])] += corpus.failures[at].count
    often = np.array([row for row in rows if said[int(row)] >= smallest], dtype=np.intp)
    groups = grouped(corpus.space, rows, often)
    return groups, stabilities(corpus.texts, rows, often, groups, corpus.seed)


def _text_drafts(
    corpus: _Corpus, rest: Sequence[int], groups: Sequence[Rows], stable: Sequence[float]
) -> Iterator[_Draft]:
    place = {int(row): at for at, group in enumerate(groups) for row in group}
    members = defaultdict[int, list[int]](list)
    for at in rest:
        row = int(corpus.row_of[at])
        if row in place:
            members[place[row]].append(at)
    for at in range(len(groups)):
        yield _Draft(tuple(members[at]), stable[at])


def _recognised(drafts: Sequence[_Draft], corpus: _Corpus, groups: list[Rows], known: KnownModes) -> Iterator[_Draft]:
    """Yield each draft with the known mode that it is: by its signature, or because most exemplars belong to it."""
    by_text = defaultdict[int, list[KnownMode]](list)
    rows = {text: row for row, text in enumerate(corpus.texts)}
    for mode in (one for one in known.modes if one.signature is None):
        exemplars = np.array([rows[text] for text in mode.exemplars], dtype=np.intp)
        places = Counter(int(place) for place in joining(corpus.space, groups, exemplars) if place >= 0)
        if places and 2 * places.most_common(1)[0][1] > len(exemplars):
            by_text[places.most_common(1)[0][0]].append(mode)
    first_text = len(drafts) - len(groups)
    for at, draft in enumerate(drafts):
        own = by_text[at - first_text] if at >= first_text else []
        if draft.signature is not None:
            own = [mode for mode in known.modes if mode.signature == draft.signature]
        yield replace(draft, known=next((mode for mode in own if mode.is_by_hand), own[0] if own else None))


def _joined(drafts: Iterator[_Draft]) -> list[_Draft]:
    """Return the drafts, those joined to which people gave one name."""
    joined = list[_Draft]()
    places = dict[str, int]()
    for draft in drafts:
        if draft.known is None or not draft.known.is_by_hand:
            joined.append(draft)
            continue
        place = places.setdefault(draft.known.name, len(joined))
        if place == len(joined):
            joined.append(draft)
            continue
        first = joined[place]
        stability = min(first.stability, draft.stability)
        joined[place] = replace(first, members=(*first.members, *draft.members), stability=stability)
    return joined


def _modes(corpus: _Corpus, drafts: Sequence[_Draft]) -> Iterator[Mode]:
    rows = [corpus.rows(draft.members) for draft in drafts]
    silhouettes = corpus.space.silhouettes(rows, max(10, SILHOUETTE_POINTS // max(1, len(drafts))))
    total, newest = corpus.count(range(len(corpus.failures))), max(one.at for one in corpus.failures)
    for at, draft in enumerate(drafts):
        members = tuple(corpus.failures[place] for place in draft.members)
        likeness = corpus.space.likeness(np.arange(len(corpus.texts)), [corpus.space.centre(rows[at])])[:, 0]
        exemplars = _exemplars(corpus, draft, rows[at][np.argsort(-likeness[rows[at]], kind="stable")])
        suggested = _suggested(corpus, draft, rows[at])
        yield Mode(
            mode_id=draft.known.mode_id if draft.known else _mode_id(draft, exemplars),
            name=draft.known.name if draft.known else suggested,
            suggested=draft.known.suggested if draft.known else suggested,
            signature=draft.signature,
            members=members,
            exemplars=exemplars,
            counter_example=_counter_example(corpus, draft, likeness),
            stability=draft.stability,
            silhouette=silhouettes[at] if silhouettes else None,
            rank=rank_of(members, total, newest),
        )


def _exemplars(corpus: _Corpus, draft: _Draft, by_likeness: Rows) -> tuple[Failure, ...]:
    """Return the newest failures of three texts: the most typical one, and one and two thirds of the way out.

    Where there are not three texts, the newest others of the same texts stand in for them.
    """
    by_age = sorted(draft.members, key=lambda at: corpus.failures[at].at)
    newest = {int(corpus.row_of[at]): at for at in by_age}
    typical = [newest[int(by_likeness[len(by_likeness) * step // EXEMPLARS])] for step in range(EXEMPLARS)]
    chosen = list(dict.fromkeys([*typical, *reversed(by_age)]))[:EXEMPLARS]
    return tuple(corpus.failures[at] for at in chosen)


def _counter_example(corpus: _Corpus, draft: _Draft, likeness: np.ndarray) -> Failure | None:
    of_failures = likeness[corpus.row_of].copy()
    of_failures[list(draft.members)] = 0.0
    nearest = int(of_failures.argmax())
    return corpus.failures[nearest] if of_failures[nearest] > 0 else None


def _suggested(corpus: _Corpus, draft: _Draft, rows: Rows) -> str:
    """Return the name that the rule gives: the signature in words, or the most telling ones."""
    if draft.signature is None:
        return " · ".join(corpus.space.telling_terms(rows, TERMS)) or "no words in common"
    stage, *told = draft.signature
    return f"{' in '.join(told)} ({stage})" if stage else " in ".join(told)


def _mode_id(draft: _Draft, exemplars: Sequence[Failure]) -> str:
    if draft.signature is not None:
        return _id_of("exact", "\0".join(draft.signature))
    return _id_of("text", masked_text(exemplars[0].text))


def _id_of(kind: str, text: str) -> str:
    return f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
