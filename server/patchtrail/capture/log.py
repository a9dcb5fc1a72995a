"""The port through which capture writes: a trace's durable log, opened by whoever owns the spool."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from patchtrail.contract.artifact import ArtifactRef
from patchtrail.contract.event_lines import EventData
from patchtrail.contract.events import ConsentRef, StartKind

__all__ = ["OpenedLog", "SessionFacts", "TraceLog", "TraceLogs"]


class TraceLog(Protocol):
    """Where a session's events go. An append that returned is never lost to a killed process."""

    @property
    def trace_id(self) -> str:
        """The trace's id."""

    @property
    def next_seq(self) -> int:
        """The number of the next event."""

    @property
    def last_mono_ms(self) -> int:
        """The instant of the last event, on the session's clock."""

    @property
    def is_wanted(self) -> bool:
        """Whether another sidecar waits to go on with this trace."""

    def mono_ms(self) -> int:
        """Return milliseconds since the session opened."""

    def wall_ms(self) -> int:
        """Return Unix time in milliseconds."""

    def append(self, data: EventData) -> int:
        """Append an event and return its `seq`; raises `SpoolUnavailable` when the disk refuses."""

    def keep_drafts(self, content: bytes) -> None:
        """Keep the drafts of notes beside the events, durably; empty content means that there are none."""

    def kept_drafts(self) -> bytes:
        """Return what was kept last; empty when there is nothing."""

    def store(self, content: bytes, media_type: str) -> ArtifactRef:
        """Keep a blob beside the events."""


@dataclass(frozen=True)
class SessionFacts:
    """What a new trace is about, already redacted."""

    task_id: str
    task_title: str
    repo_origin: str
    start_commit: str
    consent: ConsentRef | None


@dataclass(frozen=True)
class OpenedLog:
    """A trace that is ready to be written, and the redaction key that belongs to it."""

    log: TraceLog
    kind: StartKind
    participant_id: str | None
    redact_key: bytes


class TraceLogs(Protocol):
    """Opens traces."""

    def open(self, facts: SessionFacts, root: Path, redact_key: bytes) -> OpenedLog:
        """Open a new trace; one that was left unfinished in the same folder ends as abandoned."""

    def reopen(self, trace_id: str, root: Path) -> OpenedLog:
        """Go on with a trace that a killed sidecar left; raises `SpoolUnavailable` when there is none."""

    def ended(self, log: TraceLog) -> None:
        """Learn that a trace has ended and may be delivered at once."""

    def stopped(self, log: TraceLog) -> None:
        """Learn that the disk refused: nobody records the trace any more, and it can be gone on with."""

    def give_up(self, log: TraceLog) -> None:
        """Let another sidecar go on with a trace that has not ended."""

    def resumable(self) -> list[str]:
        """Return the ids of unfinished traces that nobody records."""
