"""The lab's patch: a pattern of the product with a trigger and a fix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from patchtrail.contract.learning import Example, GateDecisionRecord, Pattern, Provenance
from patchtrail.lab.parser import terms
from patchtrail.lab.quote import Fix, Quote, fixed
from patchtrail.learning import moved

__all__ = ["Patch", "patch_of"]


@dataclass(frozen=True)
class Patch:
    """Changes the configuration where its trigger stands in a request, unless an exception does, too."""

    pattern: Pattern
    label: str
    trigger: str
    fix: Fix

    @property
    def patch_id(self) -> str:
        """Its name in reports."""
        return self.pattern.pattern_id

    def touches(self, text: str) -> bool:
        """Return whether it would change anything about a request."""
        said = frozenset(terms(text))
        return self.trigger in said and said.isdisjoint(self.pattern.exceptions)

    def applied(self, quote: Quote) -> Quote:
        """Return the quote with the fix."""
        return fixed(quote, self.fix, self.label)

    def moved(self, decision: GateDecisionRecord) -> Patch:
        """Return it in its new state."""
        return replace(self, pattern=moved(self.pattern, decision))


def patch_of(
    patch_id: str, label: str, trigger: str, fix: Fix, *, failed: Sequence[str], fine: Sequence[str],
    exceptions: Sequence[str] = (),
) -> Patch:  # fmt: skip
    """Return a draft; `failed` and `fine` are texts of requests that were answered with the label, and without it."""
    pattern = Pattern(
        pattern_id=patch_id,
        name=trigger,
        description=f"The carrier answers {label} where a request says {trigger}: {fix}.",
        bad_example=failed[0] if failed else "",
        good_example=str(fix),
        test_coverage=f"{len(failed)} requests that failed, {len(fine)} that did not",
        occurrence_frequency=len(failed),
        last_occurrence=None,
        severity="medium",
        effectiveness_score=0.0,
        rule_ids=[label],
        exceptions=list(exceptions),
        provenance=Provenance(traces=list(failed), source="traces"),
        positive=[Example(code=one, message=label) for one in failed],
        negative=[Example(code=one) for one in fine],
    )
    return Patch(pattern, label, trigger, fix)
