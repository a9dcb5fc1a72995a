"""The custom LSP methods between a client and the sidecar, and their parameters and results."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from patchtrail.contract.base_snapshot import BaseStanding
from patchtrail.contract.coverage import Coverage
from patchtrail.contract.episodes import Episode
from patchtrail.contract.events import CommandOrigin, Confidence, ConsentRef, NoteKind, OutputCoverage
from patchtrail.contract.lsp_changes import CHANGES_REPORT, ChangesReport, ChangesTaken
from patchtrail.contract.lsp_debugging import DEBUG_REPORT, DebugReport
from patchtrail.contract.lsp_fixes import (
    FIX_DIAGNOSTICS,
    FIX_OUTCOME,
    FIX_PREVIEW,
    MODEL_ASK,
    MODEL_CONFIGURE,
    DiagnosticsTaken,
    DocumentDiagnostics,
    FixChoice,
    FixOutcome,
    FixPreview,
    ModelAsk,
    ModelKey,
    ModelKeyTaken,
    ModelSaid,
    OutcomeTaken,
)
from patchtrail.contract.lsp_forgetting import (
    PENDING_READ,
    SESSION_FORGET,
    SESSION_OFF_RECORD,
    ForgetMinutes,
    ForgottenHere,
    OffRecord,
    PendingChunks,
    PendingRequest,
)
from patchtrail.contract.lsp_notebooks import CELL_RAN, CellRan
from patchtrail.contract.lsp_notes import HINT_DISMISS, NoteOrigin, NoteSuggestion
from patchtrail.contract.settings import Settings
from patchtrail.contract.wire import Count, JwkThumbprint, Millis, SafeInt, TraceId, WireModel

__all__ = [
    "CELL_RAN",
    "CLIENT_METHODS",
    "COMMAND_REPORT",
    "CONSENT_READ",
    "DEBUG_REPORT",
    "EDIT_READ",
    "FACTS_REPORT",
    "GAP_REPORT",
    "HINT_DISMISS",
    "METHODS",
    "NOTE_ADD",
    "NOTE_CONFIRM",
    "NOTE_DISCARD",
    "NOTE_DRAFT",
    "PENDING_READ",
    "SESSION_END",
    "SESSION_ENTRIES",
    "SESSION_FORGET",
    "SESSION_OFF_RECORD",
    "SESSION_PAUSE",
    "SESSION_RESUME",
    "SESSION_START",
    "SESSION_STATE",
    "SESSION_STATUS",
    "TESTS_PREPARE",
    "TESTS_REPORT",
    "CollectorShown",
    "CommandReport",
    "ConsentText",
    "DeviceKey",
    "DraftRef",
    "Drafted",
    "EditRequest",
    "EditTexts",
    "EnrolRequest",
    "EntriesRequest",
    "Entry",
    "Facts",
    "FailedTest",
    "GapReport",
    "GateDecision",
    "InitializationOptions",
    "NoParams",
    "NoteAdd",
    "NoteDraft",
    "NoteLink",
    "PendingDraft",
    "Recorded",
    "SessionEntries",
    "SessionState",
    "ShownFrame",
    "StartSession",
    "TerminalVariable",
    "TestsPrepared",
    "TestsReport",
]

CONSENT_READ = "patchtrail/consent/read"
FACTS_REPORT = "patchtrail/facts/report"
SESSION_START = "patchtrail/session/start"
SESSION_PAUSE = "patchtrail/session/pause"
SESSION_RESUME = "patchtrail/session/resume"
SESSION_END = "patchtrail/session/end"
SESSION_STATUS = "patchtrail/session/status"
SESSION_STATE = "patchtrail/session/state"
COMMAND_REPORT = "patchtrail/command/report"
TESTS_PREPARE = "patchtrail/tests/prepare"
TESTS_REPORT = "patchtrail/tests/report"
NOTE_ADD = "patchtrail/note/add"
NOTE_DRAFT = "patchtrail/note/draft"
NOTE_CONFIRM = "patchtrail/note/confirm"
NOTE_DISCARD = "patchtrail/note/discard"
GAP_REPORT = "patchtrail/gap/report"
SESSION_ENTRIES = "patchtrail/session/entries"
EDIT_READ = "patchtrail/edit/read"


class DeviceKey(WireModel):
    """The one line that `--key-stdin` reads: an RFC 8037 private JWK and the device's token.

    It never stands in arguments, environment, settings or logs.
    """

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]
    d: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$", repr=False)]
    device_token: Annotated[str, Field(repr=False)]
    participant_id: str
    collector_url: str
    server_jkt: JwkThumbprint | None = Field(
        default=None,
        description="Fingerprint of the collector's key, pinned at enrolment: of its root or a receipt key.",
    )


class EnrolRequest(WireModel):
    """The one line that `patchtrail enrol --stdin` reads. Without a code the collector is only asked who it is."""

    url: Annotated[str, Field(min_length=1, max_length=2000)]
    code: str | None = Field(default=None, description="The one-time code; a secret until it is used.", repr=False)
    server_jkt: JwkThumbprint | None = Field(
        default=None, description="The fingerprint that the participant agreed to pin."
    )
    host_hint: Annotated[str, Field(max_length=200)] = ""


class CollectorShown(WireModel):
    """A collector as it shows itself before anything is sent to it."""

    url: str
    server_jkt: JwkThumbprint


class Facts(WireModel):
    """What the client knows and the gate decides from; whatever is not reported counts as no."""

    is_telemetry_enabled: bool
    is_workspace_trusted: bool
    consent: ConsentRef | None
    is_paused: bool = Field(
        default=False, description="A session that is still to be gone on with was paused: nothing may be sent before."
    )
    is_base_agreed: bool = Field(
        default=False, description="The participant agreed, beside the consent, that the base snapshot is sent."
    )


class InitializationOptions(WireModel):
    """`initializationOptions` of the `initialize` request."""

    settings: Settings = Settings()
    facts: Facts | None = None
    abilities: list[str] = Field(
        default=[], description="Requests to the client that it answers: patchtrail/fix/preview, patchtrail/model/ask."
    )


class ConsentText(WireModel):
    """The consent text in force, to be shown word for word, and the reference that agreeing to it reports."""

    consent: ConsentRef
    text: str


class GateDecision(WireModel):
    """Whether anything may be recorded and sent, and each reason why not."""

    is_allowed: bool
    reasons: list[str]


class StartSession(WireModel):
    """Start recording in one folder; `trace_id` goes on with a trace that a killed sidecar left behind."""

    root_uri: str
    task_id: Annotated[str, Field(min_length=1, max_length=200)]
    task_title: Annotated[str, Field(max_length=1000)] = ""
    task_description: Annotated[str, Field(max_length=20_000)] = ""
    trace_id: TraceId | None = None
    is_paused: bool = Field(default=False, description="Go on with the participant's pause: record nothing yet.")


class TerminalVariable(WireModel):
    """An environment variable that new terminals should have; `prepend` keeps what the user set behind it."""

    name: str
    value: str
    mode: Literal["prepend", "replace"]


class NoteLink(WireModel):
    """An event that a note is probably about."""

    seq: Count
    summary: str


class SessionState(WireModel):
    """The session as the status bar shows it."""

    state: Literal["idle", "recording", "paused", "stopped"]
    reasons: list[str]
    trace_id: TraceId | None
    next_seq: Count
    is_signed: bool
    is_online: bool
    pending_chunks: Count
    stuck_traces: Count = Field(description="Traces that the collector will not take as they are; nothing is deleted.")
    capture_errors: Count
    resumable: list[TraceId] = Field(description="Unfinished traces that a killed sidecar left.")
    undelivered: list[TraceId] = Field(description="Ended traces that the collector has not called complete yet.")
    damaged: list[str] = Field(default=[], description="Traces that cannot be read here, and why.")
    task_title: str = ""
    drafts: Count = Field(default=0, description="Notes that are not confirmed yet.")
    note_link: NoteLink | None = Field(default=None, description="The last failing test run or edit.")
    terminal_variables: list[TerminalVariable] = Field(
        default=[], description="What new terminals should have; nothing while the gate is closed."
    )
    off_record_until_ms: Millis | None = Field(
        default=None, description="Wall time at which recording goes on by itself, while off the record."
    )
    deletions: Count = Field(default=0, description="Deletion requests that the collector has not answered yet.")
    junit_withheld: str | None = Field(
        default=None, description="Why pytest is not asked for a JUnit report in this workspace."
    )
    spool_percent: Count = Field(
        default=0, description="How full the spool is; at 80 a person should know, at 100 nothing more is recorded."
    )
    notices: list[str] = Field(default=[], description="What a person should know of delivery.")
    agents_address: str | None = Field(
        default=None, description="Where agents may send their telemetry; whoever has the address may.", repr=False
    )
    note_suggestion: NoteSuggestion | None = None
    base_snapshot: BaseStanding | None = Field(
        default=None, description="Null while nothing is recorded, or the participant did not agree to one."
    )


class CommandReport(WireModel):
    """A terminal command that ended, as the client saw it."""

    command_line: str
    confidence: Confidence
    cwd: str
    exit_code: SafeInt | None
    duration_ms: Count
    output: str = Field(description="All of it, or its end.")
    output_coverage: OutputCoverage = "unknown"
    is_trusted: bool | None = None
    origin: CommandOrigin = "terminal"
    task_name: str | None = None
    started_ms: Millis | None = Field(default=None, description="Unix time; test reports that are older are not its.")
    shell: Annotated[str, Field(max_length=100)] | None = None
    output_head: str = Field(default="", description="The start of an output of which the middle is left out.")
    output_omitted_bytes: Count = Field(default=0, description="UTF-8 bytes between `output_head` and `output`.")
    has_ended: bool = Field(default=True, description="False: still running when recording stops.")


class GapReport(WireModel):
    """Something that the client could not see, and why."""

    reason: Literal["no_shell_integration", "other_terminal", "test_explorer", "not_a_file"]
    detail: Annotated[str, Field(max_length=200)] = ""


class TestsPrepared(WireModel):
    """Where the next test run should write its JUnit file: a private folder, read once, then deleted."""

    junit_path: str


class TestsReport(WireModel):
    """A test command that ended; without a readable JUnit file only the exit code counts."""

    command_line: str
    exit_code: SafeInt | None
    duration_ms: Count
    junit_path: str | None


class NoteAdd(NoteOrigin):
    """A structured rationale; `links` are the `seq` of the events it is about."""

    kind: NoteKind
    text: Annotated[str, Field(min_length=1, max_length=20_000)]
    confidence: Literal["low", "medium", "high"] | None = None
    links: Annotated[list[Count], Field(max_length=200)] = Field(default=[])


class NoteDraft(NoteAdd):
    """A note that is recorded after 30 seconds or when it is confirmed; sent again with its id it is replaced."""

    draft_id: Annotated[str, Field(pattern=r"^[0-9a-zA-Z-]{8,64}$", description="Drawn by the client.")]


class DraftRef(WireModel):
    """One draft."""

    draft_id: str


class Drafted(WireModel):
    """Whether a draft is kept, and how long it can still be changed."""

    is_drafted: bool
    confirms_in_ms: Count
    reasons: list[str]


class PendingDraft(WireModel):
    """A draft as it is kept, redacted; redaction can lengthen a text."""

    draft_id: str
    kind: NoteKind
    text: str
    confidence: Literal["low", "medium", "high"] | None
    links: list[Count]
    confirms_in_ms: Count


class FailedTest(WireModel):
    """A test that failed, and where it stands on this machine."""

    test_id: str
    message: str
    path: str | None
    line: Count | None


class ShownFrame(WireModel):
    """A stack frame, and where it stands on this machine."""

    name: str
    path: str | None
    line: Count | None


class Entry(WireModel):
    """One event of the running session, as the session view shows it."""

    seq: Count
    ts_ms: Millis
    type: str
    summary: str
    details: list[str]
    path: str | None = Field(description="The edited file on this machine.")
    has_diff: bool
    failed_tests: list[FailedTest]
    frames: list[ShownFrame] = Field(default=[], description="Of a debugger's stop, innermost first.")
    note_kind: NoteKind | None = None
    is_agent: bool = Field(default=False, description="An agent wrote the note.")


class EntriesRequest(WireModel):
    """Ask for the entries from one event on."""

    since_seq: Count = 0


class SessionEntries(WireModel):
    """Entries in order, and the drafts; `first_seq` is the oldest that this sidecar still remembers."""

    trace_id: TraceId | None
    first_seq: Count
    entries: list[Entry]
    drafts: list[PendingDraft]
    episodes: list[Episode] = Field(default=[], description="Fault episodes, the newest last; the oldest make room.")
    generation: Count = Field(default=0, description="Counts forgettings: with another one, read everything anew.")
    coverage: Coverage | None = None


class EditRequest(WireModel):
    """Ask for the texts of a recorded edit."""

    seq: Count


class EditTexts(WireModel):
    """An edit's recorded (redacted) texts."""

    file_path: str
    before: str
    after: str


class NoParams(WireModel):
    """A request without parameters."""


class Recorded(WireModel):
    """The event is appended (`seq`), or was not recorded for the given reasons."""

    is_recorded: bool
    seq: Count | None
    reasons: list[str]


METHODS: dict[str, tuple[type[WireModel], type[WireModel]]] = {
    CONSENT_READ: (NoParams, ConsentText),
    FACTS_REPORT: (Facts, GateDecision),
    SESSION_START: (StartSession, SessionState),
    SESSION_PAUSE: (NoParams, SessionState),
    SESSION_RESUME: (NoParams, SessionState),
    SESSION_END: (NoParams, SessionState),
    SESSION_STATUS: (NoParams, SessionState),
    COMMAND_REPORT: (CommandReport, Recorded),
    TESTS_PREPARE: (NoParams, TestsPrepared),
    TESTS_REPORT: (TestsReport, Recorded),
    NOTE_ADD: (NoteAdd, Recorded),
    NOTE_DRAFT: (NoteDraft, Drafted),
    NOTE_CONFIRM: (DraftRef, Recorded),
    NOTE_DISCARD: (DraftRef, Drafted),
    GAP_REPORT: (GapReport, Recorded),
    SESSION_ENTRIES: (EntriesRequest, SessionEntries),
    EDIT_READ: (EditRequest, EditTexts),
    CHANGES_REPORT: (ChangesReport, ChangesTaken),
    CELL_RAN: (CellRan, Recorded),
    DEBUG_REPORT: (DebugReport, Recorded),
    HINT_DISMISS: (NoParams, SessionState),
    SESSION_OFF_RECORD: (OffRecord, SessionState),
    SESSION_FORGET: (ForgetMinutes, ForgottenHere),
    PENDING_READ: (PendingRequest, PendingChunks),
    FIX_DIAGNOSTICS: (DocumentDiagnostics, DiagnosticsTaken),
    FIX_OUTCOME: (FixOutcome, OutcomeTaken),
    MODEL_CONFIGURE: (ModelKey, ModelKeyTaken),
}
"""Requests from client to sidecar: method, parameters, result. `SESSION_STATE` is a notification back."""

CLIENT_METHODS: dict[str, tuple[type[WireModel], type[WireModel]]] = {
    FIX_PREVIEW: (FixPreview, FixChoice),
    MODEL_ASK: (ModelAsk, ModelSaid),
}
"""Requests from sidecar to client, of which a client names in its `abilities` those that it answers."""
