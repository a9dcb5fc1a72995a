"""Turn events that nobody signed into the published trace document v1.0, whichever protocol brought them.

A trace that came in one shot reads under the names of v1, with the client's own words beside them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from pydantic import JsonValue

from patchtrail.contract.collection import Assurance
from patchtrail.contract.decimals import seconds_from_micros, seconds_from_millis
from patchtrail.contract.document import (
    DocumentEnvironment,
    DocumentEvent,
    DocumentIntegrity,
    DocumentMetrics,
    DocumentRepo,
    DocumentSession,
    DocumentTask,
    TraceDocument,
)
from patchtrail.contract.events import NoteKind
from patchtrail.contract.open_protocol import NOTE_FIELDS
from patchtrail.contract.qa import QaResults
from patchtrail.integrity import digest

__all__ = ["UNSIGNED", "OpenFacts", "OpenRecord", "note_kind_of", "open_document_of", "own_kind_kept"]

NOT_YET = QaResults(validation=None, judge=None)
UNSIGNED = Assurance(level="L0", reasons=["The trace is not signed."])
OWN_FIELDS = frozenset({"id", "seq", "ts_client_s", "ts_server_s", "type"})
KINDS: dict[str, NoteKind] = {
    **{kind: kind for kind in NOTE_FIELDS},
    **dict.fromkeys(("alternative", "alternatives", "approach", "strategy"), "plan"),
    **dict.fromkeys(("reason", "rationale", "justification", "change_reason", "conclusion"), "decision"),
    **dict.fromkeys(("next", "todo"), "next_step"),
    "hypotheses": "hypothesis",
}


@dataclass(frozen=True)
class OpenFacts:
    """What was said when the trace was opened."""

    trace_id: str
    participant_id: str
    task_id: str
    task_title: str
    task_description: str
    repo_origin: str
    start_commit: str


@dataclass(frozen=True)
class OpenRecord:
    """A stored event, or one note of an event that holds several: these share `event_n`."""

    event_n: int
    event_id: str
    seq: int
    ts_us: int
    received_ms: int
    type: Literal["file_edit", "cmd_run", "test_run", "commit", "rationale_note", "edit", "command", "reasoning"]
    kind: NoteKind | None
    fields: dict[str, JsonValue]


def note_kind_of(reasoning_type: str) -> NoteKind:
    """Return our kind of note for a client's own word; what is said of no kind is an observation."""
    return KINDS.get(reasoning_type.strip().lower().replace(" ", "_").replace("-", "_"), "observation")


def open_document_of(facts: OpenFacts, records: Sequence[OpenRecord], qa: QaResults = NOT_YET) -> TraceDocument:
    """Return the document of a trace; `records` stand in the order in which its events are to be read."""
    events = [_event(list(parts)) for _, parts in groupby(records, key=lambda record: record.event_n)]
    return TraceDocument(
        trace_version="1.0",
        trace_id=facts.trace_id,
        session=DocumentSession(participant_id=facts.participant_id, consent=None),
        task=DocumentTask(id=facts.task_id, title=facts.task_title, description=facts.task_description),
        repo=DocumentRepo(origin=facts.repo_origin, start_commit=facts.start_commit),
        environment=DocumentEnvironment(os="", python_version=""),
        events=events,
        artifacts={},
        metrics=_metrics(events, records),
        qa=qa,
        integrity=DocumentIntegrity(event_hash_chain=list(_chain(events)), assurance=UNSIGNED),
    )


def _event(parts: list[OpenRecord]) -> DocumentEvent:
    """Return one published event; several notes of one event are joined again."""
    first = parts[0]
    joined: dict[str, JsonValue] = {}
    for part in parts:
        joined |= part.fields
    kind, fields = _published(first, joined)
    if kind == "rationale_note":
        fields |= _named(parts, fields)
    return DocumentEvent(
        id=first.event_id,
        seq=first.seq,
        ts_client_s=seconds_from_micros(first.ts_us),
        ts_server_s=seconds_from_millis(first.received_ms),
        type=kind,
        **{name: value for name, value in fields.items() if name not in OWN_FIELDS},
    )


def _named(parts: list[OpenRecord], fields: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Return our kind and text of a note; what the client itself says under these names stays beside them."""
    stated = parts[0] if len(parts) == 1 else next((part for part in parts if "text" in part.fields), None)
    if stated is None or stated.kind is None:
        return {}
    text = fields.get("text") or fields.get(stated.kind)
    return own_kind_kept(fields, stated.kind) | {"text": text, stated.kind: fields.get(stated.kind, text)}


def own_kind_kept(fields: dict[str, JsonValue], kind: NoteKind) -> dict[str, JsonValue]:
    """Return our `kind`, and as `told_kind` what a client says under that name, where it is something else."""
    told = fields.get("kind", kind)
    return {"kind": kind} if told == kind else {"kind": kind, "told_kind": told}


def _published(record: OpenRecord, told: dict[str, JsonValue]) -> tuple[str, dict[str, JsonValue]]:
    """Return the type and the fields of v1."""
    match record.type:
        case "edit":
            named = {"file_path": told.get("file"), "diff_unified": told.get("diff", ""), "buffer_hash_after": None}
            return "file_edit", {**named, **_without(told, "file", "diff")}
        case "command":
            named = {"command_line": told.get("command"), "exit_code": None, "output_tail": told.get("output", "")}
            named["cwd"] = told.get("working_directory", "")
            return "cmd_run", {**named, **_without(told, "command", "output", "working_directory")}
        case "reasoning":
            return "rationale_note", dict(told)
        case "cmd_run" if told.get("command_line") is None:
            return record.type, {**told, "command_line": told.get("command")}
        case _:
            return record.type, told


def _without(fields: dict[str, JsonValue], *names: str) -> dict[str, JsonValue]:
    return {name: value for name, value in fields.items() if name not in names}


def _metrics(events: list[DocumentEvent], records: Sequence[OpenRecord]) -> DocumentMetrics:
    def count(kind: str) -> int:
        return sum(event.type == kind for event in events)

    times = [record.ts_us for record in records]
    return DocumentMetrics(
        duration_s=seconds_from_micros(max(times) - min(times)) if times else 0.0,
        num_events=len(events),
        num_file_edits=count("file_edit"),
        num_commands=count("cmd_run"),
        num_test_runs=count("test_run"),
        num_commits=count("commit"),
        num_notes=sum(record.type in ("rationale_note", "reasoning") for record in records),
    )


def _chain(events: list[DocumentEvent]) -> Iterator[str]:
    """Yield a hash per event over it and the one before: made by the collector, so it proves order to nobody else."""
    previous = ""
    for event in events:
        previous = digest.sha256(previous.encode() + event.model_dump_json().encode())
        yield previous
