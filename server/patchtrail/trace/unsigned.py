"""Read a trace document, which proves nothing, as events in the recorder's own words, so that every reader can tell it.

What a client's events do not say stays empty. What is no such field, or of another type than ours, is left out here and
stands in the document.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue, TypeAdapter, ValidationError

from patchtrail.contract.decimals import millis_from_seconds
from patchtrail.contract.document import DocumentEvent, TraceDocument
from patchtrail.contract.errors import InvalidInput, PatchtrailError
from patchtrail.contract.event_lines import EVENT_TYPES, Event, EventData
from patchtrail.contract.open_protocol import NOTE_FIELDS
from patchtrail.integrity import digest
from patchtrail.integrity.verify import VerifiedEvent
from patchtrail.text import apply, diff

__all__ = ["DocumentTold", "events_of_document"]

EVENT: TypeAdapter[Event] = TypeAdapter(Event)
MODELS: dict[str, type[EventData]] = {name: model for model, name in EVENT_TYPES.items()}
START: dict[str, JsonValue] = {
    "kind": "online",
    **dict.fromkeys(("os", "python_version", "sidecar_version", "client_name", "client_version"), ""),
}
MAX_SECONDS = 10**9
EMPTY: dict[str, dict[str, JsonValue]] = {
    "file_edit": {
        "file_path": "unknown",
        "diff_unified": "",
        **dict.fromkeys(("diff_artifact", "base_artifact", "buffer_hash_after", "withheld")),
        "is_replayable": True,
        "size_bytes": 0,
        "evidence": "unknown",
    },
    "cmd_run": {
        "command_line": "",
        "confidence": "unknown",
        "cwd": "",
        "exit_code": None,
        "duration_ms": 0,
        "output_tail": "",
        "output_size_bytes": 0,
        "output_artifact": None,
    },
    "test_run": {
        "command_line": "",
        "evidence": "exit",
        "exit_code": None,
        "duration_ms": 0,
        "totals": None,
        "cases": [],
        "cases_artifact": None,
    },
    "commit": {
        "sha": "",
        "parents": [],
        "message": "",
        "kind": "commit",
        "diff_unified": "",
        "diff_artifact": None,
    },
    "rationale_note": {"kind": "observation", "text": "", "confidence": None, "links": []},
}
"""What an event says of which nothing was said, by type."""


@dataclass(frozen=True)
class DocumentTold:
    """A document's events in our words, the opening first, and when the collector had each."""

    events: list[VerifiedEvent]
    received_ms: list[int | None]


def events_of_document(document: TraceDocument, start_text: Callable[[str], str | None]) -> DocumentTold:
    """Return the events of a document; the hash of an edit's text is that of what its diffs lead to, where they do.

    A diff that is changed lines alone is placed where its old lines stand, if that is one place.

    Raises `InvalidInput` naming an event of a type that is none of ours.
    """
    texts = dict[str, str]()
    times = [millis_from_seconds(event.ts_client_s) for event in document.events]
    told, received = list[VerifiedEvent](), list[int | None]()
    first_ms = min(times, default=0)
    for kind, data, at_ms, received_ms in _acts(document, times):
        fitted = _fitted(kind, data)
        if kind == "file_edit":
            fitted |= _followed(fitted, texts, start_text)
        line: dict[str, JsonValue] = {"v": 1, "trace_id": document.trace_id, "seq": len(told), "prev": "0" * 64}
        line |= {"ts_ms": at_ms, "mono_ms": max(0, at_ms - first_ms), "type": kind, "data": fitted}
        try:
            event = EVENT.validate_json(json.dumps(line))
        except ValidationError as error:
            raise InvalidInput(f"Event {len(told)} of the document is no {kind}.", code="bad_document") from error
        told.append(VerifiedEvent(event, digest.sha256(json.dumps(line, sort_keys=True).encode())))
        received.append(received_ms)
    return DocumentTold(told, received)


def _acts(document: TraceDocument, times: list[int]) -> Iterator[tuple[str, dict[str, JsonValue], int, int | None]]:
    """Yield type, fields and times of each event; a note that holds several kinds is several."""
    if not document.events or document.events[0].type != "session_start":
        yield "session_start", START | _opening(document), min(times, default=0), None
    for event, at_ms in zip(document.events, times, strict=True):
        if event.type not in MODELS:
            raise InvalidInput(f"The document holds an event of the type {event.type!r}.", code="bad_document")
        fields = dict(event.__pydantic_extra__)
        received_ms = None if event.ts_server_s is None else millis_from_seconds(event.ts_server_s)
        for data in _notes(event, fields) if event.type == "rationale_note" else [fields]:
            yield event.type, data, at_ms, received_ms


def _opening(document: TraceDocument) -> dict[str, JsonValue]:
    task, repo, session = document.task, document.repo, document.session
    return {
        "participant_id": session.participant_id,
        "task_id": task.id,
        "task_title": task.title,
        "task_description": task.description,
        "repo_origin": repo.origin,
        "start_commit": repo.start_commit,
        "consent": None if session.consent is None else session.consent.model_dump(),
    }


def _notes(event: DocumentEvent, fields: dict[str, JsonValue]) -> Iterator[dict[str, JsonValue]]:
    told: dict[str, str] = {kind: text for kind in NOTE_FIELDS if isinstance(text := fields.get(kind), str) and text}
    kind, text = fields.get("kind"), fields.get("text")
    notes = list(told.items())
    if isinstance(kind, str) and isinstance(text, str) and text and (kind, text) not in notes:
        notes.append((kind, text))
    for one, words in notes or [("observation", text if isinstance(text, str) else event.id)]:
        yield fields | {"kind": one, "text": words}


def _fitted(kind: str, told: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the fields that our model of this type has, as far as they are of its types."""
    model, data = MODELS[kind], dict(EMPTY.get(kind, {}))
    if kind not in EMPTY:
        return {name: value for name, value in told.items() if name in model.model_fields}
    seconds = told.get("duration_s")
    if isinstance(seconds, int | float) and 0 <= seconds < MAX_SECONDS:
        data |= {"duration_ms": millis_from_seconds(seconds)} if "duration_ms" in data else {}
    for name in model.model_fields:
        if name not in told:
            continue
        try:
            model.model_validate_json(json.dumps(data | {name: told[name]}))
        except ValidationError:
            continue
        data[name] = told[name]
    if kind == "file_edit":
        data["diff_unified"] = _headed(str(data["diff_unified"]), str(data["file_path"]))
    return data


def _headed(diff: str, path: str) -> str:
    """Return a diff with the two lines that name its file: a client may send changed lines alone."""
    return diff if not diff or diff.startswith("--- ") else f"--- a/{path}\n+++ b/{path}\n{diff}"


def _followed(
    edit: Mapping[str, JsonValue], texts: dict[str, str], start_text: Callable[[str], str | None]
) -> dict[str, JsonValue]:
    """Return an edit's diff, and the hash of what it leads to: the client's own word where it leads nowhere."""
    path, told = str(edit["file_path"]), str(edit["diff_unified"])
    before = texts[path] if path in texts else start_text(path) or ""
    placed = _placed(told, before, path)
    try:
        texts[path] = apply(placed, before)
    except PatchtrailError:
        return {"buffer_hash_after": edit["buffer_hash_after"]}
    return {"diff_unified": placed, "buffer_hash_after": digest.sha256(texts[path].encode())}


def _placed(told: str, before: str, path: str) -> str:
    """Return a diff that is changed lines alone with the place of its old lines, if they stand in the text once."""
    if not told or "\n@@ " in told:
        return told
    lines = told.removesuffix("\n").split("\n")
    names, lines = lines[:2], lines[2:]
    if not names[-1].startswith("+++ ") or any(line[:1] not in ("-", "+", " ") for line in lines):
        return told
    old, new = ("".join(f"{line[1:]}\n" for line in lines if line[0] in marks) for marks in ("- ", "+ "))
    held = f"\n{before}\n"
    at = held.find(f"\n{old}") if old else -1
    if at < 0 or held.find(f"\n{old}", at + 1) >= 0:
        return told
    after = f"{held[: at + 1]}{new}{held[at + 1 + len(old) :]}"
    return diff(before, after[1:-1], path)
