"""What the events of a trace tell: the `data` of each type.

An event's `data` says how it is known (`evidence`), because a recorder often cannot be sure. A field with a
default is younger than version 1's first vectors.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from patchtrail.contract.wire import Count, DiffText, Millis, SafeInt, Sha256, WireModel

__all__ = [
    "ArtifactRef",
    "ClockStep",
    "CmdRun",
    "CommandOrigin",
    "Commit",
    "CommitKind",
    "Confidence",
    "ConsentRef",
    "EditEvidence",
    "FileEdit",
    "Gap",
    "GapReason",
    "Heartbeat",
    "NoteKind",
    "OutputCoverage",
    "Pause",
    "RationaleNote",
    "Recovered",
    "Redactor",
    "Resume",
    "SaveReason",
    "SessionEnd",
    "SessionStart",
    "TestCase",
    "TestEvidence",
    "TestOrigin",
    "TestRun",
    "TestTotals",
]

Confidence = Literal["low", "medium", "high", "unknown"]
NoteKind = Literal["plan", "hypothesis", "observation", "decision", "next_step"]
EditEvidence = Literal["manual", "format_on_save", "quick_fix", "ai", "external", "unknown"]
TestEvidence = Literal["plugin", "junit", "output", "exit"]
SaveReason = Literal["manual", "after_delay", "focus_out", "unknown"]
CommandOrigin = Literal["terminal", "task"]
TestOrigin = Literal["terminal", "task", "test_explorer", "unknown"]
OutputCoverage = Literal["whole", "tail", "unknown"]
TestOutcome = Literal["passed", "failed", "error", "skipped"]
CommitKind = Literal["commit", "initial", "amend", "merge", "rebase", "cherry_pick", "revert", "apply"]
GapReason = Literal["restart", "reboot", "suspended", "capture_error", "no_shell_integration", "junit_refused"]
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
    save_reason: SaveReason = Field(default="unknown", description="Why the editor saved, as LSP's willSave tells it.")


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
    output_coverage: OutputCoverage = Field(
        default="unknown", description="Whether the output was seen whole; an empty one that was not seen is unknown."
    )
    is_trusted: bool | None = Field(
        default=None, description="Whether the shell vouches that the command line comes from itself."
    )
    origin: CommandOrigin = "terminal"
    task_name: str | None = None


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
    file_path: str | None = Field(default=None, description="Relative to the run's root directory.")
    line: Count | None = Field(default=None, description="Where the test is defined, from 1.")


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
    origin: TestOrigin = "unknown"
    command_seq: Count | None = Field(default=None, description="The `cmd_run` that ran it.")


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
    drafted_ms: Millis | None = Field(
        default=None, description="When it was first written, on the session's clock; it may be confirmed later."
    )


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
