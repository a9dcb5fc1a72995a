"""Makes patches of what the carrier answered: it sees the texts of requests and the labels, and nothing else."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterator

from patchtrail.lab.parser import terms
from patchtrail.lab.patch import Patch, patch_of
from patchtrail.lab.quote import Answer, Fix
from patchtrail.learning import Proportion

__all__ = ["Curator"]

MIN_FAILURES = 3
MIN_GAIN = 0.25
"""So much of the way from a label's usual share to certainty must a word go, surely."""
FIXTURES = 4
UNITS = {"g": "1", "oz": "28.3495", "lb": "453.592"}
MARKED = {"hazmat": "hazmat", "fragile": "fragile", "temperature": "chilled", "insurance": "insured"}


class Curator:
    """Counts which words go with which label, and proposes a fix for the word that goes with it best."""

    def __init__(self) -> None:
        self._seen = Counter[str]()
        self._failed: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        self._fine = dict[str, None]()
        self._proposed = set[tuple[str, str, Fix, tuple[str, ...]]]()
        self._failures = Counter[str]()
        self._observed = 0
        self._number = 0

    def observe(self, text: str, answer: Answer, *, is_declined: bool) -> None:
        """Learn what the carrier answered to a request; of what was rightly declined nothing is known but that."""
        if is_declined and not answer:
            return
        said = dict.fromkeys(terms(text))
        self._seen.update(list(said))
        self._observed += 1
        self._failures.update(answer)
        for label in answer:
            for term in said:
                self._failed[label][term].append(text)
        if not answer:
            self._fine[text] = None

    def proposed(self, text: str, label: str, living: Container[tuple[str, str]]) -> Patch | None:
        """Return a draft for a request that was just answered with a label; None where nothing suggests itself.

        Nothing is proposed for a label and a trigger that a patch is used or tried for.
        """
        for term in self._suspects(text, label):
            if (label, term) in living:
                return None
            exceptions = tuple(sorted(self._harmless(label, term)))
            for fix in _fixes(label, term):
                # What was refused is proposed again only with an exception that was not known then.
                if (label, term, fix, exceptions) not in self._proposed:
                    self._proposed.add((label, term, fix, exceptions))
                    return self._draft(label, term, fix, exceptions)
        return None

    def regression_suite(self, size: int) -> tuple[str, ...]:
        """Return the latest requests that were answered with ok."""
        return tuple(self._fine)[-size:]

    def _suspects(self, text: str, label: str) -> list[str]:
        """Return the words that go with a label often enough, those first that do so most surely."""
        failed = self._failed[label]
        sure = {
            term: Proportion(len(failed[term]), self._seen[term]).interval[0]
            for term in dict.fromkeys(terms(text))
            if len(failed[term]) >= MIN_FAILURES
        }
        usual = self._failures[label] / self._observed
        least = usual + MIN_GAIN * (1 - usual)
        likely = [term for term, low in sure.items() if low >= least and _says_more(term, sure)]
        return sorted(likely, key=lambda term: (-sure[term], len(term), term))

    def _draft(self, label: str, term: str, fix: Fix, exceptions: tuple[str, ...]) -> Patch:
        self._number += 1
        fine = [text for text in reversed(self._fine) if set(terms(text)).isdisjoint(exceptions)]
        # The hardest requests to leave alone are those with the same word.
        fine.sort(key=lambda text: term not in terms(text))
        failed = list(dict.fromkeys(self._failed[label][term]))
        return patch_of(
            f"P{self._number:03}", label, term, fix,
            failed=failed[-FIXTURES:], fine=fine[:FIXTURES], exceptions=exceptions,
        )  # fmt: skip

    def _harmless(self, label: str, term: str) -> set[str]:
        """Return pairs that begin with the word, went well, and never failed for it: `paint brush` is no paint."""
        pairs = {pair for text in self._fine for pair in terms(text) if pair.startswith(f"{term} ")}
        return {pair for pair in pairs if not self._failed[label].get(pair)}


def _says_more(term: str, sure: dict[str, float]) -> bool:
    """Return whether a pair of words is surer than each of its words; a single word always is."""
    words = term.split()
    return len(words) == 1 or all(sure[term] > sure.get(word, 0.0) for word in words)


def _fixes(label: str, term: str) -> Iterator[Fix]:
    """Yield what might help, the likeliest first."""
    if label in MARKED:
        yield Fix("mark", MARKED[label])
    elif label == "liquid":
        yield Fix("seal")
    elif label in ("prohibited", "embargo"):
        yield Fix("decline", label)
    elif label == "overweight":
        yield Fix("unit", UNITS[term]) if term in UNITS else Fix("parcel", "crate")
    elif label == "parcel_unknown":
        yield Fix("parcel", term)
        yield Fix("parcel", "box")
    elif label == "destination_unknown" and len(term) > 2 and " " not in term:
        # Country codes are guessed as people do: mostly right, sometimes another country.
        yield Fix("country", term[:2].upper())
        yield Fix("country", (term[0] + term[2]).upper())
