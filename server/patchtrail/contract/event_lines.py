"""Event lines: one canonical JSON line per event.

Source of the format: Patchtrail's own signed-bytes design, RFC 8785 for the encoding.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from patchtrail.contract.events import (
    ClockStep,
    CmdRun,
    Commit,
    FileEdit,
    Gap,
    Heartbeat,
    Pause,
    RationaleNote,
    Recovered,
    Redactor,
    Resume,
    SessionEnd,
    SessionStart,
    TestRun,
)
from patchtrail.contract.wire import Count, Millis, Sha256, TraceId, WireModel

__all__ = [
    "EVENT_TYPES",
    "ClockStepEvent",
    "CmdRunEvent",
    "CommitEvent",
    "Event",
    "EventBody",
    "EventData",
    "FileEditEvent",
    "GapEvent",
    "HeartbeatEvent",
    "PauseEvent",
    "RationaleNoteEvent",
    "RecoveredEvent",
    "RedactorEvent",
    "ResumeEvent",
    "SessionEndEvent",
    "SessionStartEvent",
    "TestRunEvent",
]


class EventBody(WireModel):
    """The fields that every event line shares; `prev` is the hash of the line before (genesis for 0)."""

    v: Literal[1]
    trace_id: TraceId
    seq: Count
    prev: Sha256
    ts_ms: Millis
    mono_ms: Count


class SessionStartEvent(EventBody):
    """Event line of a `SessionStart`."""

    type: Literal["session_start"]
    data: SessionStart


class FileEditEvent(EventBody):
    """Event line of a `FileEdit`."""

    type: Literal["file_edit"]
    data: FileEdit


class CmdRunEvent(EventBody):
    """Event line of a `CmdRun`."""

    type: Literal["cmd_run"]
    data: CmdRun


class TestRunEvent(EventBody):
    """Event line of a `TestRun`."""

    type: Literal["test_run"]
    data: TestRun


class CommitEvent(EventBody):
    """Event line of a `Commit`."""

    type: Literal["commit"]
    data: Commit


class RationaleNoteEvent(EventBody):
    """Event line of a `RationaleNote`."""

    type: Literal["rationale_note"]
    data: RationaleNote


class PauseEvent(EventBody):
    """Event line of a `Pause`."""

    type: Literal["pause"]
    data: Pause


class ResumeEvent(EventBody):
    """Event line of a `Resume`."""

    type: Literal["resume"]
    data: Resume


class GapEvent(EventBody):
    """Event line of a `Gap`."""

    type: Literal["gap"]
    data: Gap


class ClockStepEvent(EventBody):
    """Event line of a `ClockStep`."""

    type: Literal["clock_step"]
    data: ClockStep


class HeartbeatEvent(EventBody):
    """Event line of a `Heartbeat`."""

    type: Literal["heartbeat"]
    data: Heartbeat


class RecoveredEvent(EventBody):
    """Event line of a `Recovered`."""

    type: Literal["recovered"]
    data: Recovered


class RedactorEvent(EventBody):
    """Event line of a `Redactor`."""

    type: Literal["redactor"]
    data: Redactor


class SessionEndEvent(EventBody):
    """Event line of a `SessionEnd`."""

    type: Literal["session_end"]
    data: SessionEnd


Event = Annotated[
    SessionStartEvent
    | FileEditEvent
    | CmdRunEvent
    | TestRunEvent
    | CommitEvent
    | RationaleNoteEvent
    | PauseEvent
    | ResumeEvent
    | GapEvent
    | ClockStepEvent
    | HeartbeatEvent
    | RecoveredEvent
    | RedactorEvent
    | SessionEndEvent,
    Field(discriminator="type"),
]

EventData = (
    SessionStart
    | FileEdit
    | CmdRun
    | TestRun
    | Commit
    | RationaleNote
    | Pause
    | Resume
    | Gap
    | ClockStep
    | Heartbeat
    | Recovered
    | Redactor
    | SessionEnd
)

EVENT_TYPES: dict[type[EventData], str] = {
    SessionStart: "session_start",
    FileEdit: "file_edit",
    CmdRun: "cmd_run",
    TestRun: "test_run",
    Commit: "commit",
    RationaleNote: "rationale_note",
    Pause: "pause",
    Resume: "resume",
    Gap: "gap",
    ClockStep: "clock_step",
    Heartbeat: "heartbeat",
    Recovered: "recovered",
    Redactor: "redactor",
    SessionEnd: "session_end",
}
"""The `type` of an event line, by the class of its `data`."""
