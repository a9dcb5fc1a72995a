"""What the events of a trace tell: the `data` of each type.

An event's `data` says how it is known (`evidence`), because a recorder often cannot be sure. A field with a
default is younger than version 1's first vectors.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from patchtrail.contract.artifact import ArtifactRef
from patchtrail.contract.coverage import Coverage
from patchtrail.contract.wire import Count, DiffText, Millis, SafeInt, Sha256, WireModel

__all__ = [
    "ClockStep",
    "CmdRun",
    "CommandOrigin",
    "Commit",
    "CommitKind",
    "Confidence",
    "ConsentRef",
    "Gap",
    "GapReason",
    "Heartbeat",
    "NoteHint",
    "NoteKind",
    "NoteLocation",
    "NoteSource",
    "OutputCoverage",
    "Pause",
    "Pauser",
    "RationaleNote",
    "Recovered",
    "Redactor",
    "Resume",
    "SessionEnd",
    "SessionRoot",
    "SessionStart",
    "TestCase",
    "TestEvidence",
    "TestOrigin",
    "TestRun",
    "TestTotals",
]

Confidence = Literal["low", "medium", "high", "unknown"]
NoteSource = Literal["keyboard", "selection", "hint", "tool", "editor_model"]
NoteHint = Literal["third_red_run", "revert", "long_stop"]
NoteKind = Literal["plan", "hypothesis", "observation", "decision", "next_step"]
TestEvidence = Literal["plugin", "junit", "ctrf", "output", "exit"]
CommandOrigin = Literal["terminal", "task"]
TestOrigin = Literal["terminal", "task", "test_explorer", "unknown"]
OutputCoverage = Literal["whole", "tail", "unknown"]
TestOutcome = Literal["passed", "failed", "error", "skipped"]
CommitKind = Literal["commit", "initial", "amend", "merge", "rebase", "cherry_pick", "revert", "apply"]
GapReason = Literal[
    "restart",
    "reboot",
    "suspended",
    "capture_error",
    "no_shell_integration",
    "junit_refused",
    "test_explorer",
    "too_many_changes",
    "not_a_file",
    "nested_repository",
    "off_record",
    "forgotten",
    "spool_full",
    "disk_full",
    "debugger",
    "other_terminal",
]
Pauser = Literal["participant", "gate", "off_record"]
StartKind = Literal["online", "offline_open", "local"]


class ConsentRef(WireModel):
    """The one immutable consent text that the participant agreed to."""

    version: str
    sha256: Sha256


class SessionRoot(WireModel):
    """A further root of a session, beside the first: another folder of the same workspace."""

    name: str = Field(description="What `root` of an event says; unique in the session, never empty.")
    repo_origin: str
    start_commit: str


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
    roots: list[SessionRoot] = Field(default=[])


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
    shell: str | None = Field(default=None, description="bash, zsh, fish, pwsh, …, where it is known.")
    output_omitted_bytes: Count = Field(default=0, description="Bytes of output that the artifact leaves out.")
    has_ended: bool = Field(
        default=True, description="False: it was still running when recording stopped; what is told is as far as seen."
    )


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
    suite: str | None = None
    retries: Count = Field(default=0, description="Attempts before the one that `outcome` tells of.")
    is_flaky: bool = Field(default=False, description="It failed and passed within this run.")


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
    framework: str | None = Field(default=None, description="pytest, unittest, jest, vitest, go, …, where it is known.")
    report_path: str | None = Field(default=None, description="The report file that it was read from, in the project.")


class Commit(WireModel):
    """One commit that appeared on HEAD, whoever made it."""

    sha: str
    parents: list[str]
    message: str
    kind: CommitKind
    diff_unified: DiffText
    diff_artifact: ArtifactRef | None
    root: str = ""


class NoteLocation(WireModel):
    """The lines of a file that a note is about, from 1, both included."""

    file_path: str
    start_line: Count
    end_line: Count
    root: str = ""


class RationaleNote(WireModel):
    """A structured rationale, linked to the events (by `seq`) that it is about."""

    kind: NoteKind
    text: str
    confidence: Literal["low", "medium", "high"] | None
    links: list[Count]
    drafted_ms: Millis | None = Field(
        default=None, description="When it was first written, on the session's clock; it may be confirmed later."
    )
    author: Literal["participant", "agent"] = "participant"
    agent: str | None = Field(default=None, description="Who wrote it, when an agent did.")
    source: NoteSource = "keyboard"
    hint: NoteHint | None = Field(default=None, description="The pause in the work at which a note was suggested.")
    location: NoteLocation | None = None
    draft_text: str | None = Field(default=None, description="What a model had drafted, before the participant's own.")


class Pause(WireModel):
    """Recording stopped: on the participant's word, for a while off the record, or because the gate said no."""

    reason: Pauser
    gate_reasons: list[str]


class Resume(WireModel):
    """Recording went on."""

    reason: Pauser


class Gap(WireModel):
    """Recording was not possible between two instants of the session's monotonic clock."""

    from_ms: Millis
    to_ms: Millis
    reason: GapReason
    detail: str = Field(default="", description="What could not be seen: a terminal's name, a number of files.")


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
    coverage: Coverage | None = Field(default=None, description="The coverage ledger, as the recorder kept it.")
    base_snapshot: ArtifactRef | None = Field(
        default=None,
        description="The files of the start commit, redacted, as an archive; only where that was agreed to by itself.",
    )
