"""The port through which capture writes: a trace's durable log, opened by whoever owns the spool."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from patchtrail.contract.artifact import ArtifactRef
from patchtrail.contract.base_snapshot import BaseStored
from patchtrail.contract.coverage import Coverage
from patchtrail.contract.event_lines import EventData
from patchtrail.contract.events import ConsentRef, StartKind

__all__ = ["ForgottenEvents", "KeptBase", "OffRecordTime", "OpenedLog", "SessionFacts", "TraceLog", "TraceLogs"]


class ForgottenEvents(Protocol):
    """What was forgotten."""

    @property
    def first_seq(self) -> int:
        """The number of the first event that is gone; the next event takes it, unless it had been sent."""

    @property
    def events(self) -> int:
        """How many events are gone."""

    @property
    def chunks_rewritten(self) -> int:
        """Chunks that were never sent."""

    @property
    def chunks_asked(self) -> int:
        """Chunks that the collector is asked to drop."""


class OffRecordTime(Protocol):
    """How long a trace is off the record, durably."""

    def begin(self, millis: int) -> None:
        """Be off the record from now on, for so long."""

    def end(self) -> None:
        """Be on the record again."""

    @property
    def until_wall_ms(self) -> int | None:
        """Until when it goes on, by the wall clock as it stood at its beginning."""

    def left_ms(self) -> int | None:
        """Return how long it goes on; 0 when its time is over, None when the trace is on the record."""


class KeptBase(Protocol):
    """Keeps a trace's base snapshot beside its events, at most one at a time."""

    def keep(self, content: bytes, told: BaseStored) -> ArtifactRef:
        """Keep a snapshot in place of the one before; raises `SpoolUnavailable` where there is no room to spare."""

    def drop(self) -> None:
        """Let the snapshot go."""


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

    @property
    def base(self) -> KeptBase:
        """The trace's base snapshot, until its end names it."""

    @property
    def off_record(self) -> OffRecordTime:
        """The trace's time off the record."""

    @property
    def has_hidden(self) -> bool:
        """Whether something was forgotten or off the record, whose texts must not become bases."""

    @property
    def forgettings(self) -> int:
        """How often something was forgotten."""

    def forget(self, since_ms: int, drafts: Callable[[int], bytes]) -> ForgottenEvents:
        """Forget every event since an instant, durably or not at all.

        `drafts` says which drafts stay, given the number of the first event that goes.
        """

    def coverage(self) -> Coverage:
        """Return the coverage ledger as it stands."""


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
    """A trace that is ready to be written, and the redaction key that belongs to it.

    `start_commit` is the one that the trace started from; empty where it had none, or nobody here knows it any more.
    """

    log: TraceLog
    kind: StartKind
    participant_id: str | None
    redact_key: bytes
    start_commit: str


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
