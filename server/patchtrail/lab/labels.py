"""What became of each label: how often requests called for it, what was done about it, and when that was learned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from patchtrail.lab.bench import Attempt
from patchtrail.lab.loop import LabResult, Run
from patchtrail.learning import Proportion

__all__ = ["LABELS", "Diagnosis", "diagnoses", "failures", "first_failure"]

LABELS = (
    "prohibited", "hazmat", "liquid", "embargo", "overweight", "parcel_unknown", "destination_unknown", "fragile",
    "temperature", "insurance",
)  # fmt: skip


class _Quoted(Protocol):
    @property
    def plain(self) -> tuple[str, ...]:
        """The labels that a request calls for."""

    @property
    def patched(self) -> Attempt:
        """Its quote with patches."""


@dataclass(frozen=True)
class Diagnosis:
    """Of what was treated for a label, what called for it; and of what called for it, what was treated."""

    precision: Proportion
    recall: Proportion


def diagnoses(quoted: Sequence[_Quoted]) -> dict[str, Diagnosis]:
    """Return precision and recall per label."""
    return {label: _diagnosis(label, quoted) for label in LABELS}


def failures(runs: Iterable[Run], *, is_patched: bool) -> Counter[str]:
    """Count the labels that requests failed with, mistakes of patches included."""
    attempts = (run.patched if is_patched else run.baseline for run in runs)
    return Counter(label for attempt in attempts for label in attempt.answer)


def first_failure(result: LabResult, label: str) -> int | None:
    """Return the first run that failed with a label."""
    return next((run.number for run in result.runs if label in run.patched.answer), None)


def _diagnosis(label: str, quoted: Sequence[_Quoted]) -> Diagnosis:
    treated = [one for one in quoted if label in one.patched.quote.treated]
    called = [one for one in quoted if label in one.plain]
    hits = sum(label in one.plain for one in treated)
    return Diagnosis(Proportion(hits, len(treated)), Proportion(hits, len(called)))
