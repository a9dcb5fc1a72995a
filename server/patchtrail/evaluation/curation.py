"""Which attempts may leave, and what is learned from them; whatever stays behind is counted with its reason.

What was withdrawn, by its own id or by its session's, is taken out first: nothing below ever sees it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from patchtrail.contract.attempt import AttemptRecord
from patchtrail.evaluation.marks import Mark

__all__ = ["Curated", "Pair", "Sample", "curated", "pairs_of", "samples_of"]

SYSTEM, USER = "[system]\n", "\n\n[user]\n"
PRAISED = ("good", "fine_tune")


@dataclass(frozen=True)
class Sample:
    """A request as it was first made, and an answer to it."""

    record: AttemptRecord
    system: str
    user: str


@dataclass(frozen=True)
class Pair:
    """Two answers for the same finding: the better and the worse one."""

    preferred: Sample
    rejected: AttemptRecord


@dataclass(frozen=True)
class Curated:
    """Attempts that may leave, each with its verdict where it has one, and how many were withdrawn."""

    records: tuple[AttemptRecord, ...]
    marks: Mapping[str, Mark]
    withdrawn: int = 0

    def is_praised(self, record: AttemptRecord) -> bool:
        """Whether a person called it good."""
        return record.attempt_id in self.marks and self.marks[record.attempt_id].verdict in PRAISED

    def is_blamed(self, record: AttemptRecord) -> bool:
        """Whether a person called it bad."""
        return record.attempt_id in self.marks and self.marks[record.attempt_id].verdict == "bad"


def curated(records: Iterable[AttemptRecord], marks: Mapping[str, Mark], withdrawn: Collection[str]) -> Curated:
    """Return what may leave, the oldest first."""
    ordered = sorted(records, key=lambda one: (one.timestamp, one.attempt_id))
    kept = tuple(one for one in ordered if one.attempt_id not in withdrawn and one.trace_id not in withdrawn)
    judged = {one.attempt_id: marks[one.attempt_id] for one in kept if one.attempt_id in marks}
    return Curated(kept, judged, len(ordered) - len(kept))


def samples_of(found: Curated) -> tuple[list[Sample], Counter[str]]:
    """Return what a person called good, and how much else there was, by reason.

    A sample shows the first request of its group: a retry's own tells of failed tries.
    """
    groups, samples, left_out = _groups(found.records), list[Sample](), Counter[str]()
    for record in found.records:
        if record.attempt_id not in found.marks:
            left_out["unmarked"] += 1
        elif not found.is_praised(record):
            left_out["marked bad"] += 1
        elif (sample := _sample(record, groups)) is None:
            left_out["without a request that could be shown"] += 1
        else:
            samples.append(sample)
    return samples, left_out


def pairs_of(found: Curated) -> list[Pair]:
    """Return every good answer beside every bad one to the same request; what nobody judged is in no pair."""
    groups = _groups(found.records)
    return [pair for tries in groups.values() for pair in _pairs(tries, found, groups)]


def _pairs(
    tries: Sequence[AttemptRecord], found: Curated, groups: Mapping[str, Sequence[AttemptRecord]]
) -> Iterator[Pair]:
    blamed = [one for one in tries if found.is_blamed(one) and one.llm_response]
    for record in filter(found.is_praised, tries):
        sample = _sample(record, groups)
        if sample is None:
            continue
        for other in blamed:
            if other.findings == record.findings and other.llm_response != record.llm_response:
                yield Pair(sample, other)


def _groups(records: Iterable[AttemptRecord]) -> dict[str, list[AttemptRecord]]:
    """Return the tries for one finding or batch together, in order."""
    groups = dict[str, list[AttemptRecord]]()
    for one in records:
        groups.setdefault(one.group_id or one.attempt_id, []).append(one)
    return groups


def _sample(record: AttemptRecord, groups: Mapping[str, Sequence[AttemptRecord]]) -> Sample | None:
    """Return an answer with its group's first request; None where there is none, or nothing was answered."""
    tries = groups[record.group_id or record.attempt_id]
    first = next((one for one in tries if one.retry_attempt == 1 and one.findings == record.findings), None)
    if first is None or not record.llm_response or not first.prompt.startswith(SYSTEM):
        return None
    system, found, user = first.prompt.removeprefix(SYSTEM).partition(USER)
    return Sample(record, system, user) if found else None
