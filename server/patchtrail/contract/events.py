"""The events of a trace: one canonical JSON line each.

Source of the line format: Patchtrail's own signed-bytes design, RFC 8785 for the encoding. An event's
`data` says how it is known (`evidence`), because a recorder often cannot be sure.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from patchtrail.contract.wire import Count, DiffText, Millis, SafeInt, Sha256, TraceId, WireModel

__all__ = [
    "EVENT_TYPES",
    "ArtifactRef",
    "ClockStep",
    "ClockStepEvent",
    "CmdRun",
    "CmdRunEvent",
    "Commit",
    "CommitEvent",
    "CommitKind",
    "Confidence",
    "ConsentRef",
    "EditEvidence",
    "Event",
    "EventBody",
    "EventData",
    "FileEdit",
    "FileEditEvent",
    "Gap",
    "GapEvent",
    "GapReason",
    "Heartbeat",
    "HeartbeatEvent",
    "NoteKind",
    "Pause",
    "PauseEvent",
    "RationaleNote",
    "RationaleNoteEvent",
    "Recovered",
    "RecoveredEvent",
    "Redactor",
    "RedactorEvent",
    "Resume",
    "ResumeEvent",
    "SessionEnd",
    "SessionEndEvent",
    "SessionStart",
    "SessionStartEvent",
    "TestCase",
    "TestEvidence",
    "TestRun",
    "TestRunEvent",
    "TestTotals",
]

Confidence = Literal["low", "medium", "high", "unknown"]
NoteKind = Literal["plan", "hypothesis", "observation", "decision", "next_step"]
EditEvidence = Literal["manual", "format_on_save", "quick_fix", "ai", "external", "unknown"]
TestEvidence = Literal["plugin", "junit", "output", "exit"]
TestOutcome = Literal["passed", "failed", "error", "skipped"]
CommitKind = Literal["commit", "initial", "amend", "merge", "rebase", "cherry_pick", "revert", "apply"]
GapReason = Literal["restart", "reboot", "suspended", "capture_error"]
StartKind = Literal["online", "offline_open", "local"]


class ArtifactRef(WireModel):
    """A blob that is stored beside the events, by the SHA-256 of its (redacted) bytes."""

    sha256: Sha256
    size_bytes: Count
    media_type: str


class ConsentRef(WireModel):
    """The one immutable consent text that the participant agreed to."""

    version: str
    sha256: Sha256


class SessionStart(WireModel):
    """The task and the place: always event 0."""

    kind: StartKind
    participant_id: str | None
    task_id: str
    task_title: str
    task_description: str
    repo_origin: str
    start_commit: str
    consent: ConsentRef | None
    os: str
    python_version: str
    sidecar_version: str
    client_name: str
    client_version: str


class FileEdit(WireModel):
    """One save of one file.

    `diff_unified` leads from the text recorded before to the text saved now; where it is too long for a
    line it is empty and `diff_artifact` holds it. `base_artifact` is set on a file's first edit when replay
    cannot start at the start commit. `buffer_hash_after` is the SHA-256 of the redacted UTF-8 text.
    """

    file_path: str
    diff_unified: DiffText
    diff_artifact: ArtifactRef | None
    base_artifact: ArtifactRef | None
    buffer_hash_after: Sha256 | None
    is_replayable: bool
    withheld: Literal["denied_path", "too_large"] | None = Field(
        description="Why the content was not captured, or null when it was."
    )
    size_bytes: Count
    evidence: EditEvidence


class CmdRun(WireModel):
    """One command that ended; `output_tail` is the end of its output, the whole of it `output_artifact`."""

    command_line: str
    confidence: Confidence
    cwd: str
    exit_code: SafeInt | None
    duration_ms: Count
    output_tail: str
    output_size_bytes: Count
    output_artifact: ArtifactRef | None


class TestTotals(WireModel):
    """Counts over all cases of a run."""

    tests: Count
    passed: Count
    failed: Count
    errors: Count
    skipped: Count


class TestCase(WireModel):
    """One test's outcome; `message` is the assertion of a failure."""

    test_id: str
    outcome: TestOutcome
    duration_ms: Count
    message: str


class TestRun(WireModel):
    """One run of a test command, known at the tier that `evidence` names."""

    command_line: str
    evidence: TestEvidence
    exit_code: SafeInt | None
    duration_ms: Count
    totals: TestTotals | None
    cases: list[TestCase]
    cases_artifact: ArtifactRef | None = Field(
        description="All cases, one JSON object per line, when they are too many."
    )


class Commit(WireModel):
    """One commit that appeared on HEAD, whoever made it."""

    sha: str
    parents: list[str]
    message: str
    kind: CommitKind
    diff_unified: DiffText
    diff_artifact: ArtifactRef | None


class RationaleNote(WireModel):
    """A structured rationale, linked to the events (by `seq`) that it is about."""

    kind: NoteKind
    text: str
    confidence: Literal["low", "medium", "high"] | None
    links: list[Count]


class Pause(WireModel):
    """Recording stopped: on the participant's word, or because the gate said no."""

    reason: Literal["participant", "gate"]
    gate_reasons: list[str]


class Resume(WireModel):
    """Recording went on."""

    reason: Literal["participant", "gate"]


class Gap(WireModel):
    """Recording was not possible between two instants of the session's monotonic clock."""

    from_ms: Millis
    to_ms: Millis
    reason: GapReason


class ClockStep(WireModel):
    """The wall clock moved against the monotonic clock by `delta_ms`."""

    delta_ms: Millis


class Heartbeat(WireModel):
    """Silence, sealed: written when nothing else was for 30 seconds."""


class Recovered(WireModel):
    """The sidecar went on with a trace after it was killed; `torn_bytes` of an unfinished line were cut."""

    torn_bytes: Count
    lost_events: Count = Field(description="Events behind damage before the tail, which had to be left out.")


class Redactor(WireModel):
    """The redaction rules in force from here on."""

    rules_version: str
    rules_sha256: Sha256
    literal_count: Count


class SessionEnd(WireModel):
    """Always the last event."""

    reason: Literal["participant", "abandoned", "withdrawn"]


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
