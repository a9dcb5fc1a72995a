"""The custom LSP methods between a client and the sidecar, and their parameters and results."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from patchtrail.contract.events import Confidence, ConsentRef, NoteKind
from patchtrail.contract.settings import Settings
from patchtrail.contract.wire import Count, JwkThumbprint, SafeInt, TraceId, WireModel

__all__ = [
    "COMMAND_REPORT",
    "CONSENT_READ",
    "FACTS_REPORT",
    "METHODS",
    "NOTE_ADD",
    "SESSION_END",
    "SESSION_PAUSE",
    "SESSION_RESUME",
    "SESSION_START",
    "SESSION_STATE",
    "SESSION_STATUS",
    "TESTS_PREPARE",
    "TESTS_REPORT",
    "CommandReport",
    "ConsentText",
    "DeviceKey",
    "Facts",
    "GateDecision",
    "InitializationOptions",
    "NoParams",
    "NoteAdd",
    "Recorded",
    "SessionState",
    "StartSession",
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
        default=None, description="Fingerprint of the collector's receipt key, pinned at enrolment."
    )


class Facts(WireModel):
    """What the client knows and the gate decides from; whatever is not reported counts as no."""

    is_telemetry_enabled: bool
    is_workspace_trusted: bool
    consent: ConsentRef | None


class InitializationOptions(WireModel):
    """`initializationOptions` of the `initialize` request."""

    settings: Settings = Settings()
    facts: Facts | None = None


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


class CommandReport(WireModel):
    """A terminal command that ended, as the client saw it."""

    command_line: str
    confidence: Confidence
    cwd: str
    exit_code: SafeInt | None
    duration_ms: Count
    output: str


class TestsPrepared(WireModel):
    """Where the next test run should write its JUnit file: a private folder, read once, then deleted."""

    junit_path: str


class TestsReport(WireModel):
    """A test command that ended; without a readable JUnit file only the exit code counts."""

    command_line: str
    exit_code: SafeInt | None
    duration_ms: Count
    junit_path: str | None


class NoteAdd(WireModel):
    """A structured rationale; `links` are the `seq` of the events it is about."""

    kind: NoteKind
    text: Annotated[str, Field(min_length=1, max_length=20_000)]
    confidence: Literal["low", "medium", "high"] | None = None
    links: list[Count] = Field(default=[])


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
}
"""Requests from client to sidecar: method, parameters, result. `SESSION_STATE` is a notification back."""
