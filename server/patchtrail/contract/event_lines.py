"""Event lines: one canonical JSON line per event.

Source of the format: Patchtrail's own signed-bytes design, RFC 8785 for the encoding.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from patchtrail.contract.debugging import Breakpoints, DebugSession, DebugStop
from patchtrail.contract.events import (
    ClockStep,
    CmdRun,
    Commit,
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
from patchtrail.contract.files import AgentAct, CellRun, FileCreate, FileDelete, FileEdit, FileRename
from patchtrail.contract.patch_events import PatchAttempt, PatchOutcome
from patchtrail.contract.wire import Count, Millis, Sha256, TraceId, WireModel

__all__ = [
    "EVENT_TYPES",
    "AgentActEvent",
    "BreakpointsEvent",
    "CellRunEvent",
    "ClockStepEvent",
    "CmdRunEvent",
    "CommitEvent",
    "DebugSessionEvent",
    "DebugStopEvent",
    "Event",
    "EventBody",
    "EventData",
    "FileCreateEvent",
    "FileDeleteEvent",
    "FileEditEvent",
    "FileRenameEvent",
    "GapEvent",
    "HeartbeatEvent",
    "PatchAttemptEvent",
    "PatchOutcomeEvent",
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


class BreakpointsEvent(EventBody):
    """Event line of a `Breakpoints`."""

    type: Literal["breakpoints"]
    data: Breakpoints


class CellRunEvent(EventBody):
    """Event line of a `CellRun`."""

    type: Literal["cell_run"]
    data: CellRun


class AgentActEvent(EventBody):
    """Event line of a `AgentAct`."""

    type: Literal["agent_act"]
    data: AgentAct


class DebugSessionEvent(EventBody):
    """Event line of a `DebugSession`."""

    type: Literal["debug_session"]
    data: DebugSession


class DebugStopEvent(EventBody):
    """Event line of a `DebugStop`."""

    type: Literal["debug_stop"]
    data: DebugStop


class FileCreateEvent(EventBody):
    """Event line of a `FileCreate`."""

    type: Literal["file_create"]
    data: FileCreate


class FileDeleteEvent(EventBody):
    """Event line of a `FileDelete`."""

    type: Literal["file_delete"]
    data: FileDelete


class FileRenameEvent(EventBody):
    """Event line of a `FileRename`."""

    type: Literal["file_rename"]
    data: FileRename


class PatchAttemptEvent(EventBody):
    """Event line of a `PatchAttempt`."""

    type: Literal["patch_attempt"]
    data: PatchAttempt


class PatchOutcomeEvent(EventBody):
    """Event line of a `PatchOutcome`."""

    type: Literal["patch_outcome"]
    data: PatchOutcome


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
    | SessionEndEvent
    | BreakpointsEvent
    | CellRunEvent
    | AgentActEvent
    | DebugSessionEvent
    | DebugStopEvent
    | FileCreateEvent
    | FileDeleteEvent
    | FileRenameEvent
    | PatchAttemptEvent
    | PatchOutcomeEvent,
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
    | Breakpoints
    | CellRun
    | AgentAct
    | DebugSession
    | DebugStop
    | FileCreate
    | FileDelete
    | FileRename
    | PatchAttempt
    | PatchOutcome
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
    Breakpoints: "breakpoints",
    CellRun: "cell_run",
    AgentAct: "agent_act",
    DebugSession: "debug_session",
    DebugStop: "debug_stop",
    FileCreate: "file_create",
    FileDelete: "file_delete",
    FileRename: "file_rename",
    PatchAttempt: "patch_attempt",
    PatchOutcome: "patch_outcome",
}
"""The `type` of an event line, by the class of its `data`."""
