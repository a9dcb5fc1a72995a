"""Metrics of every kind as what they have in common: which pattern, how bad, how often, when, and what was told of it.

Lenient on purpose: what somebody else wrote, and left out, still counts for what it says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, get_args

from patchtrail.contract.learning import LearningSeverity

__all__ = ["SEVERITIES", "Occurrence", "instant_of", "occurrences_of"]

SEVERITIES: tuple[LearningSeverity, ...] = get_args(LearningSeverity)
"""The mildest first."""
PATTERN = {"test_failures": "pattern_violated"}
MESSAGES = {
    "bugs": "error",
    "test_failures": "failure_reason",
    "code_reviews": "suggestion",
    "deployment_issues": "issue_type",
}
CODE = {"bugs": "code", "test_failures": "code_snippet"}


@dataclass(frozen=True)
class Occurrence:
    """One entry: `times` are those of its `count` happenings that are known, the newest last."""

    kind: str
    pattern: str
    severity: LearningSeverity
    count: int
    times: tuple[datetime, ...]
    message: str = ""
    code: str = ""
    file_path: str = ""
    traces: tuple[str, ...] = ()
    rule_id: str = ""
    fixed_code: str = ""

    def since(self, start: datetime) -> Occurrence | None:
        """Return what of it happened from `start` on; None where nothing did."""
        times = tuple(one for one in self.times if one >= start)
        return replace(self, times=times, count=len(times)) if times else None


def occurrences_of(metrics: Mapping[str, Any]) -> tuple[Occurrence, ...]:
    """Return every entry of an exported or published metrics document."""
    return tuple(
        _occurrence(str(kind), entry)
        for kind, entries in metrics.items()
        if isinstance(entries, Sequence) and not isinstance(entries, str)
        for entry in entries
        if isinstance(entry, Mapping)
    )


def instant_of(timestamp: object) -> datetime | None:
    """Return a published time as UTC, which it is where it has no offset; None for what is no time."""
    try:
        read = datetime.fromisoformat(str(timestamp))
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        # The first day of all, in a zone to the east, is no time in UTC.
        return None


def _occurrence(kind: str, entry: Mapping[str, Any]) -> Occurrence:
    count = entry.get("count", 1)
    severity = entry.get("severity")
    return Occurrence(
        kind=kind,
        pattern=_text(entry, PATTERN.get(kind, "pattern")),
        severity=severity if severity in SEVERITIES else "medium",
        count=count if isinstance(count, int) and count > 0 else 1,
        times=tuple(sorted(_times(entry))),
        message=_text(entry, MESSAGES.get(kind, "")) or _text(entry, "issue_type"),
        code=_text(entry, CODE.get(kind, "")),
        file_path=_text(entry, "file_path"),
        rule_id=_text(entry, "rule_id"),
        fixed_code=_text(entry, "fixed_code"),
        traces=tuple(one for one in entry.get("traces") or () if isinstance(one, str)),
    )


def _times(entry: Mapping[str, Any]) -> Iterator[datetime]:
    earlier = entry.get("earlier")
    for told in [*(earlier if isinstance(earlier, list) else []), entry.get("timestamp")]:
        if (read := instant_of(told)) is not None:
            yield read


def _text(entry: Mapping[str, Any], name: str) -> str:
    found = entry.get(name)
    return found if isinstance(found, str) else ""
