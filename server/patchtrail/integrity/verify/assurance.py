"""The assurance level of a trace, from what can be checked without running anything.

A chunk that was forgotten, by the device's signed request and with the collector's signed answer, is a declared gap:
it keeps no trace from L3. It keeps it from L4, since nobody can replay what is gone.

L0 unsigned or not verified · L1 chain valid · L2 and receipted within 5 minutes · L3 and ended, with every gap
declared by the recorder and no heartbeat or sequence missing · L4 and its replay agrees.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from patchtrail.contract.collection import Assurance
from patchtrail.contract.event_lines import Event, GapEvent, PauseEvent, RecoveredEvent, ResumeEvent
from patchtrail.integrity.verify.finding import Finding

__all__ = ["FORGOTTEN", "NOT_REPLAYED", "RECEIPT_WITHIN_MS", "SILENCE_MS", "assurance_of", "late_receipt", "silences"]

NOT_REPLAYED = "The edits were not replayed on the start commit."
RECEIPT_WITHIN_MS = 5 * 60 * 1000
SILENCE_MS = 45_000
"""Half as long again as the 30 seconds between heartbeats."""

FORGOTTEN = "chunk.forgotten"
"""The advice that a chunk's bytes are rightly gone."""

BELOW_L2 = frozenset({"receipt.late", "receipt.missing", "trace.forked"})


def late_receipt(n: int, *, made_ms: int, received_ms: int) -> Iterator[Finding]:
    """Yield a remark when a chunk reached the collector too late to prove when it was made."""
    if received_ms - made_ms > RECEIPT_WITHIN_MS:
        delay_s = (received_ms - made_ms) // 1000
        message = f"The chunk was receipted {delay_s} s after it was sealed."
        yield Finding("receipt.late", f"chunk {n}", message, "remark")


def silences(events: Iterable[Event]) -> Iterator[Finding]:
    """Yield a remark for each stretch without events that no pause and no gap declares."""
    is_paused, last_ms = False, 0
    for event in events:
        is_declared = isinstance(event, GapEvent) and _covers(event, last_ms)
        if event.mono_ms - last_ms > SILENCE_MS and not is_paused and not is_declared:
            silent_s = (event.mono_ms - last_ms) // 1000
            message = f"{silent_s} s without a heartbeat before this event, and no gap says why."
            yield Finding("trace.silence", f"event {event.seq}", message, "remark")
        if isinstance(event, RecoveredEvent) and event.data.lost_events:
            lost = event.data.lost_events
            yield Finding("trace.lost", f"event {event.seq}", f"{lost} events were damaged and left out.", "remark")
        is_paused = isinstance(event, PauseEvent) or (is_paused and not isinstance(event, ResumeEvent))
        last_ms = event.mono_ms


def assurance_of(findings: Iterable[Finding], *, is_signed: bool, unreplayed: str | None = NOT_REPLAYED) -> Assurance:
    """Return the level that a trace's findings allow, with the reasons against the next one.

    `unreplayed` says what keeps the replay from agreeing; None when it agrees.
    """
    everything = list(findings)
    found = [finding for finding in everything if finding.weight != "advice"]
    forgotten = [str(finding) for finding in everything if finding.code == FORGOTTEN]
    errors = [str(finding) for finding in found if finding.weight == "error"]
    if errors:
        return Assurance(level="L0", reasons=errors)
    if not is_signed:
        return Assurance(level="L0", reasons=["The trace is not signed."])
    below_l2 = [str(finding) for finding in found if finding.code in BELOW_L2]
    if below_l2:
        return Assurance(level="L1", reasons=below_l2)
    if found:
        return Assurance(level="L2", reasons=[str(finding) for finding in found])
    if unreplayed is not None:
        return Assurance(level="L3", reasons=[unreplayed])
    if forgotten:
        return Assurance(level="L3", reasons=forgotten)
    return Assurance(level="L4", reasons=[])


def _covers(gap: GapEvent, last_ms: int) -> bool:
    """Return whether a gap reaches from the last event to itself."""
    return gap.data.from_ms <= last_ms + SILENCE_MS and gap.data.to_ms >= gap.mono_ms - SILENCE_MS
