"""The coverage ledger: what share of a session was observed, and every gap with its reason and its channel.

Only what the recorder declared counts: a silence that nothing declares is the verifier's to remark. A gap of the
channel `all` takes from the observed time, once, however many gaps lie over each other; a gap of another channel
says what could not be seen in time that was observed. Where a gap says that something cannot be seen from now on,
it reaches to the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from patchtrail.contract.coverage import Channel, Coverage, CoverageGap
from patchtrail.contract.event_lines import Event, EventData, SessionEndEvent
from patchtrail.contract.events import Gap, Pause, Recovered, Resume
from patchtrail.integrity.verify import Finding

__all__ = ["MARKS", "Mark", "check_coverage", "coverage_of", "coverage_of_events"]

MARKS = (Gap, Pause, Resume, Recovered)
"""The events that a ledger is made of."""
CHANNELS: dict[str, Channel] = {
    "no_shell_integration": "commands",
    "other_terminal": "commands",
    "junit_refused": "tests",
    "test_explorer": "tests",
    "too_many_changes": "edits",
    "not_a_file": "edits",
    "nested_repository": "edits",
    "debugger": "debugger",
}
FROM_NOW_ON = frozenset({"no_shell_integration", "other_terminal", "junit_refused", "test_explorer", "debugger"})
PAUSES = {"participant": "pause", "gate": "gate", "off_record": "off_record"}


@dataclass(frozen=True)
class Mark:
    """One event of a ledger, and its instant on the session's clock."""

    mono_ms: int
    data: EventData


def coverage_of(marks: Iterable[Mark], end_ms: int) -> Coverage:
    """Return the ledger of a session that has lasted until `end_ms`; the marks stand in their order."""
    gaps = _merged(_clipped(gap, end_ms) for gap in _gaps(marks, end_ms))
    observed_ms = end_ms - _length((gap.from_ms, gap.to_ms) for gap in gaps if gap.channel == "all")
    return Coverage(
        duration_ms=end_ms,
        observed_ms=observed_ms,
        observed_milli=1000 if end_ms == 0 else observed_ms * 1000 // end_ms,
        gaps=gaps,
    )


def coverage_of_events(events: Iterable[Event]) -> Coverage:
    """Return the ledger that the events of a trace tell, whatever the recorder says of itself."""
    marks, end_ms = list[Mark](), 0
    for event in events:
        end_ms = max(end_ms, event.mono_ms)
        if isinstance(event.data, MARKS):
            marks.append(Mark(event.mono_ms, event.data))
    return coverage_of(marks, end_ms)


def check_coverage(events: list[Event]) -> Iterator[Finding]:
    """Yield a remark when the ledger in `session_end` is not the one that the events tell."""
    end = events[-1] if events else None
    told = end.data.coverage if isinstance(end, SessionEndEvent) else None
    if end is not None and told is not None and told != coverage_of_events(events):
        message = "The recorder's coverage ledger is not the one that its events tell."
        yield Finding("trace.coverage", f"event {end.seq}", message, "remark")


def _gaps(marks: Iterable[Mark], end_ms: int) -> Iterator[CoverageGap]:
    paused: tuple[int, str] | None = None
    for mark in marks:
        if paused is not None and isinstance(mark.data, Pause | Resume | Recovered):
            yield _gap("all", paused[0], mark.mono_ms, paused[1])
            paused = None
        if isinstance(mark.data, Pause):
            paused = mark.mono_ms, PAUSES[mark.data.reason]
        elif isinstance(mark.data, Gap):
            told = mark.data
            to_ms = end_ms if told.reason in FROM_NOW_ON else told.to_ms
            yield _gap(CHANNELS.get(told.reason, "all"), told.from_ms, to_ms, told.reason, told.detail)
    if paused is not None:
        yield _gap("all", paused[0], end_ms, paused[1])


def _gap(channel: Channel, from_ms: int, to_ms: int, reason: str, detail: str = "") -> CoverageGap:
    return CoverageGap(channel=channel, from_ms=from_ms, to_ms=max(from_ms, to_ms), reason=reason, detail=detail)


def _clipped(gap: CoverageGap, end_ms: int) -> CoverageGap:
    from_ms, to_ms = (min(max(at_ms, 0), end_ms) for at_ms in (gap.from_ms, gap.to_ms))
    return gap.model_copy(update={"from_ms": from_ms, "to_ms": to_ms})


def _merged(gaps: Iterable[CoverageGap]) -> list[CoverageGap]:
    """Return the gaps in order of time, those that touch and say the same as one."""
    merged = list[CoverageGap]()
    newest = dict[tuple[str, str, str], int]()
    for gap in sorted(gaps, key=lambda one: (one.from_ms, one.to_ms, one.channel, one.reason, one.detail)):
        said = gap.channel, gap.reason, gap.detail
        at = newest.get(said)
        if at is not None and gap.from_ms <= merged[at].to_ms:
            merged[at] = merged[at].model_copy(update={"to_ms": max(merged[at].to_ms, gap.to_ms)})
        else:
            newest[said] = len(merged)
            merged.append(gap)
    return merged


def _length(stretches: Iterable[tuple[int, int]]) -> int:
    """Return how long the union of some stretches is; they stand in order of their starts."""
    total = reached = 0
    for from_ms, to_ms in stretches:
        total += max(0, to_ms - max(from_ms, reached))
        reached = max(reached, to_ms)
    return total
