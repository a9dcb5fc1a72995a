"""The two open protocols, for clients that sign nothing: Trace API v1 in chunks, and the one-shot Trace API.

Source of the names: the published Trace API v1 (`POST /v1/traces`, `events:ingest`) and the published one-shot Trace
API (`POST /api/traces`). Nothing here is signed, so times may be decimals, and a client's further fields are kept.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, JsonValue, model_validator

from patchtrail.contract.collection import ShortText
from patchtrail.contract.events import NoteKind
from patchtrail.contract.qa import QaState
from patchtrail.contract.wire import Count, Millis, SafeInt, TraceId, WireModel

__all__ = [
    "NOTE_FIELDS",
    "CommandDetails",
    "EditDetails",
    "OneShotCommand",
    "OneShotCreated",
    "OneShotEdit",
    "OneShotEvent",
    "OneShotEvents",
    "OneShotOutcome",
    "OneShotQa",
    "OneShotReasoning",
    "OneShotRequest",
    "OneShotStanding",
    "OneShotTrace",
    "OpenChunk",
    "OpenChunkStored",
    "OpenCmdRun",
    "OpenCommit",
    "OpenEvent",
    "OpenFileEdit",
    "OpenRationaleNote",
    "OpenTestRun",
    "OpenTraceCreated",
    "OpenTraceRequest",
    "ReasoningDetails",
    "Seconds",
    "Uuid",
]

MAX_EVENTS = 10_000
NOTE_FIELDS: tuple[NoteKind, ...] = ("plan", "hypothesis", "observation", "decision", "next_step")
"""The fields of a published note, in the order in which one that holds several is told."""

Seconds = Annotated[
    float,
    Field(ge=-62_135_596_800, le=253_402_300_799, allow_inf_nan=False, description="Unix time in decimal seconds."),
]
Uuid = Annotated[str, Field(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", description="A UUID.")]


def _whole(value: object) -> object:
    """Return a number like 817.0 as the integer that JSON Schema takes it for."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = BeforeValidator(_whole)
OpenCount = Annotated[Count, Whole]
OpenInt = Annotated[SafeInt, Whole]
Path = Annotated[str, Field(min_length=1, max_length=4096)]
TextOrNone = str | None


class OpenTraceRequest(WireModel):
    """Open a trace without a device: the published body, and nothing that proves it."""

    participant_id: ShortText
    task_id: ShortText
    task_title: Annotated[str, Field(max_length=1000)] = ""
    repo_origin: Annotated[str, Field(max_length=2000)] = ""
    start_commit: Annotated[str, Field(max_length=64)] = ""
    proof: None = Field(default=None, description="What is signed is opened with its device's token.")


class OpenTraceCreated(WireModel):
    """The published answer; the token uploads to this one trace, for 24 hours."""

    trace_id: TraceId
    upload_token: str
    message: str


class OpenEventBody(WireModel):
    """What every event of a chunk says; `ts_server_s` is the collector's to say, and ignored when it is sent."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue]

    id: ShortText
    seq: OpenCount
    ts_client_s: Seconds
    ts_server_s: Seconds | None = None


class OpenFileEdit(OpenEventBody):
    """A unified diff of one save; the hash is the client's own and is not checked."""

    type: Literal["file_edit"]
    file_path: Path
    diff_unified: str = ""
    buffer_hash_after: TextOrNone = None


class OpenCmdRun(OpenEventBody):
    """A command that ended, under the published name or ours."""

    type: Literal["cmd_run"]
    command: TextOrNone = None
    command_line: TextOrNone = None
    exit_code: OpenInt | None = None


class OpenTestRun(OpenEventBody):
    """A test run, in whatever structure the client has."""

    type: Literal["test_run"]
    command_line: TextOrNone = None
    exit_code: OpenInt | None = None


class OpenCommit(OpenEventBody):
    """A commit, with its diff."""

    type: Literal["commit"]
    sha: TextOrNone = None
    message: TextOrNone = None
    diff_unified: str = ""


def _with_a_text(schema: dict[str, JsonValue]) -> None:
    """Let the schema say that a note states something."""
    schema["anyOf"] = [
        {"required": [name], "properties": {name: {"type": "string", "minLength": 1}}}
        for name in (*NOTE_FIELDS, "text")
    ]


class OpenRationaleNote(OpenEventBody):
    """Stated reasons: one field per kind, several at once if the client likes, or our `kind` and `text`."""

    model_config = ConfigDict(json_schema_extra=_with_a_text)

    type: Literal["rationale_note"]
    plan: TextOrNone = None
    hypothesis: TextOrNone = None
    observation: TextOrNone = None
    decision: TextOrNone = None
    next_step: TextOrNone = None
    kind: NoteKind | None = None
    text: TextOrNone = None

    def notes(self) -> list[tuple[NoteKind, str, str]]:
        """Return kind, text and field of each note; a `text` of no kind is an observation.

        A `text` beside a field of its kind that says something else is a note of its own: nothing told is dropped.
        """
        told: list[tuple[NoteKind, str, str]] = [
            (kind, text, kind) for kind in NOTE_FIELDS if (text := getattr(self, kind))
        ]
        kind: NoteKind = self.kind or "observation"
        if self.text and (kind, self.text, kind) not in told:
            told.append((kind, self.text, kind if self.kind and not getattr(self, kind) else "text"))
        return told


OpenEvent = Annotated[
    OpenFileEdit | OpenCmdRun | OpenTestRun | OpenCommit | OpenRationaleNote, Field(discriminator="type")
]


class OpenChunk(WireModel):
    """The body of `events:ingest`."""

    chunk_id: ShortText
    chunk_seq: OpenCount
    events: Annotated[list[OpenEvent], Field(min_length=1, max_length=MAX_EVENTS)]


class OpenChunkStored(WireModel):
    """A chunk is on disk; the same chunk again gets the same answer."""

    trace_id: TraceId
    chunk_id: str
    chunk_seq: Count
    events: Count = Field(description="How many events the chunk holds.")
    received_ms: Millis


class EditDetails(WireModel):
    """One file per edit."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue]

    file: Annotated[str, Field(min_length=1)]
    change: str = ""
    diff: str = ""


class CommandDetails(WireModel):
    """A command, what it printed, and where it ran."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue]

    command: str
    output: str = ""
    working_directory: str = ""


class ReasoningDetails(WireModel):
    """A stated reason; `reasoning_type` is the client's own word and stays as it is."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue]

    text: str
    reasoning_type: str = ""
    confidence: Literal["low", "medium", "high"] | None = None


YEAR = r"(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})"
LEAP_YEAR = r"([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)"
MONTH_AND_DAY = (
    r"((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
)
HOUR, MINUTE = r"([01][0-9]|2[0-3])", r"[0-5][0-9]"
CLOCK = rf"{HOUR}:{MINUTE}(:{MINUTE}([.,][0-9]{{1,9}})?)?(Z|[+-]{HOUR}(:?{MINUTE})?)?"
ISO_8601 = rf"^({YEAR}-{MONTH_AND_DAY}|{LEAP_YEAR}-02-29)([T ]{CLOCK})?$"
Timestamp = Annotated[str, Field(pattern=ISO_8601, description="ISO 8601; without an offset it is UTC.")]


class OneShotEdit(WireModel):
    """An edit of one file."""

    type: Literal["edit"]
    timestamp: Timestamp
    details: EditDetails


class OneShotCommand(WireModel):
    """A command that was run."""

    type: Literal["command"]
    timestamp: Timestamp
    details: CommandDetails


class OneShotReasoning(WireModel):
    """A hypothesis, an alternative, a reason for a change, what worked or failed."""

    type: Literal["reasoning"]
    timestamp: Timestamp
    details: ReasoningDetails


OneShotEvent = Annotated[OneShotEdit | OneShotCommand | OneShotReasoning, Field(discriminator="type")]


class OneShotEvents(WireModel):
    """More events of a trace, in any order; a list or a single event is taken for such a body."""

    events: Annotated[list[OneShotEvent], Field(min_length=1, max_length=MAX_EVENTS)]

    @model_validator(mode="before")
    @classmethod
    def _wrapped(cls, value: object) -> object:
        if isinstance(value, list):
            return {"events": value}
        return {"events": [value]} if isinstance(value, dict) and "events" not in value and "type" in value else value


class OneShotRequest(WireModel):
    """A whole trace at once, or its beginning; a client may bring an id of its own."""

    trace_id: Uuid | None = None
    developer_id: ShortText
    repo_url: Annotated[str, Field(max_length=2000)]
    bug_description: Annotated[str, Field(max_length=20_000)]
    events: Annotated[list[OneShotEvent], Field(max_length=MAX_EVENTS)] = Field(default=[])
    finalize: bool = Field(default=False, description="The trace is whole: as if it were finalized right away.")


OneShotStatus = Literal["pending", "complete"]


class OneShotStanding(WireModel):
    """Where a trace stands: `pending` until it is finalized; `events` counts what is stored."""

    trace_id: Uuid
    status: OneShotStatus
    created_at: str
    updated_at: str
    events: Count


class OneShotQa(WireModel):
    """What the collector found out by itself."""

    tests_passed: bool | None
    reasoning_score: float | None = Field(description="From 1 to 5: 1 + 0.8 times the judgement's weighted mean.")
    judge_comments: str | None
    test_output: str | None = None
    qa_timestamp: str | None = None


class OneShotOutcome(OneShotStanding):
    """Where a trace stands, and what the collector found out about it; `status_url` says it again, later."""

    qa_state: QaState = "waiting"
    qa_results: OneShotQa | None = None
    status_url: str = ""


class OneShotCreated(OneShotOutcome):
    """The trace is stored; the token adds to it, for 24 hours."""

    upload_token: str


class OneShotTrace(WireModel):
    """A whole trace, its events in order of time."""

    trace_id: Uuid
    developer_id: str
    repo_url: str
    bug_description: str
    events: list[OneShotEvent]
    status: OneShotStatus
    created_at: str
    updated_at: str
    qa_results: OneShotQa | None
