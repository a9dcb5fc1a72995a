"""Tries patches: what the carrier answers with and without them, on requests that it has seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from patchtrail.lab.carrier import Carrier
from patchtrail.lab.parser import Parser
from patchtrail.lab.patch import Patch
from patchtrail.lab.quote import MISTAKES, Answer, Quote
from patchtrail.learning import FixtureRun, Question, Retriever, run_fixtures

__all__ = ["Attempt", "Bench"]


@dataclass(frozen=True)
class Attempt:
    """One quote: which patches were retrieved and applied, what was asked, and what the carrier answered."""

    retrieved: tuple[str, ...]
    applied: tuple[Patch, ...]
    quote: Quote
    answer: Answer

    @property
    def is_ok(self) -> bool:
        """Whether the carrier took it."""
        return not self.answer


class Bench:
    """The loop's way to the carrier."""

    def __init__(self, carrier: Carrier, parser: Parser) -> None:
        self._carrier = carrier
        self._parser = parser

    def bare(self, text: str) -> Attempt:
        """Ask without any patch."""
        return self._asked(text, (), ())

    def alone(self, text: str, patch: Patch) -> Attempt:
        """Ask with one patch and no other."""
        return self._asked(text, (), [patch] if patch.touches(text) else [])

    def retrieved(self, text: str, retriever: Retriever, patches: dict[str, Patch]) -> Attempt:
        """Ask with the patches that are retrieved for the request, where they touch it."""
        ids = tuple(match.pattern.pattern_id for match in retriever.retrieve(Question(text)))
        applied = [patches[one] for one in ids if patches[one].touches(text)]
        # First what the request says, then what follows from it: a seal needs to know the parcel.
        return self._asked(
            text, ids, sorted(applied, key=lambda one: one.fix.kind not in ("unit", "parcel", "country"))
        )

    def fixtures(self, patch: Patch) -> FixtureRun:
        """Run a patch's own tests: it takes the label off each positive request, and leaves the others alone."""
        return run_fixtures(
            patch.pattern,
            helps=lambda one: patch.touches(one.code) and self._is_mended(one.code, patch),
            touches=lambda one: patch.touches(one.code),
        )

    def regressions(self, patch: Patch, suite: Iterable[str]) -> tuple[str, ...]:
        """Return the requests that were answered with ok, and are not with this patch."""
        return tuple(one for one in suite if self.bare(one).is_ok and not self.alone(one, patch).is_ok)

    def _is_mended(self, text: str, patch: Patch) -> bool:
        before, after = set(self.bare(text).answer), set(self.alone(text, patch).answer)
        # A label that the first one hid may show now; a mistake of the patch's own may not.
        return patch.label in before and patch.label not in after and not (after - before) & MISTAKES

    def _asked(self, text: str, retrieved: tuple[str, ...], applied: Sequence[Patch]) -> Attempt:
        quote = self._parser.read(text)
        for patch in applied:
            quote = patch.applied(quote)
        return Attempt(retrieved, tuple(applied), quote, self._carrier.answer(text, quote))
