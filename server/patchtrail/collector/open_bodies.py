"""Read what clients send that sign nothing: checked, redacted, and ready to be stored.

Pure work on bytes, done in a thread beside the routes; nothing of a body goes further unredacted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import orjson
from pydantic import JsonValue, ValidationError

from patchtrail.contract.decimals import micros_from_seconds
from patchtrail.contract.errors import Detail, InvalidInput
from patchtrail.contract.open_protocol import OneShotEvent, OneShotReasoning, OpenChunk, OpenEvent, OpenRationaleNote
from patchtrail.contract.wire import WireModel
from patchtrail.integrity import digest
from patchtrail.redaction import Redactor, redact_fields
from patchtrail.trace import note_kind_of

__all__ = ["EventRow", "body_sha256", "chunk_rows", "one_shot_rows", "parsed", "redacted_text"]

MAX_DEPTH = 16
MAX_TEXT_CHARS = 1024 * 1024
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HEAD_FIELDS = frozenset({"id", "seq", "ts_client_s", "ts_server_s", "type"})
NOTE_TEXTS = frozenset({"plan", "hypothesis", "observation", "decision", "next_step", "kind", "text"})
Body = TypeVar("Body", bound=WireModel)


@dataclass(frozen=True)
class EventRow:
    """One row of `open_events`, without its place; rows with `part` above 0 belong to the event before."""

    part: int
    event_id: str
    seq: int
    ts_us: int
    told_at: str | None
    type: str
    kind: str | None
    fields: bytes


def parsed(content: bytes, model: type[Body]) -> tuple[Body, JsonValue]:
    """Return a body as its model, and as the plain value that it was.

    Raises `InvalidInput` naming where it departs from the model, and the `index` of the event where that is in one.
    """
    try:
        value: Any = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"This is not JSON: {error.msg} at character {error.pos}.", code="bad_json") from error
    try:
        body = model.model_validate(value)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        raise _refusal(fault["msg"], fault["loc"]) from error
    _check(value, ())
    return body, value


def body_sha256(value: JsonValue) -> str:
    """Return the fingerprint of a body: the same for the same content, however it was spelled."""
    return digest.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS))


def chunk_rows(chunk: OpenChunk, key: bytes) -> list[EventRow]:
    """Return a chunk's events in order of their `seq`, redacted; a note of several kinds becomes several."""
    rows: list[EventRow] = []
    texts = Redactor(key, ())
    for index, event in sorted(enumerate(chunk.events), key=lambda one: one[1].seq):
        rows += _rows_of(index, event, texts, key)
    return rows


def one_shot_rows(events: list[OneShotEvent], key: bytes) -> list[EventRow]:
    """Return one-shot events, redacted; raises `InvalidInput` naming the index of one whose time is none."""
    rows = []
    for index, event in enumerate(events):
        fields = redact_fields(key, event.details.model_dump(exclude_unset=True))
        kind = None
        if isinstance(event, OneShotReasoning):
            kind = note_kind_of(event.details.reasoning_type)
        told_at, ts_us = event.timestamp, _micros_of(event.timestamp, index)
        # Its place among the others is known only when all have come.
        rows.append(EventRow(0, "", 0, ts_us, told_at, event.type, kind, orjson.dumps(fields)))
    return rows


def redacted_text(key: bytes, text: str) -> str:
    """Return free text without secrets."""
    return Redactor(key, ()).text(text)


def _rows_of(index: int, event: OpenEvent, texts: Redactor, key: bytes) -> list[EventRow]:
    told = {name: value for name, value in event.model_dump(exclude_unset=True).items() if name not in HEAD_FIELDS}
    head = (texts.text(event.id)[:200], event.seq, micros_from_seconds(event.ts_client_s), None, event.type)
    if not isinstance(event, OpenRationaleNote):
        return [EventRow(0, *head, None, orjson.dumps(redact_fields(key, told)))]
    notes = event.notes()
    if not notes:
        raise _refusal("A note holds a plan, hypothesis, observation, decision or next_step.", ("events", index))
    rest = {name: value for name, value in told.items() if name not in NOTE_TEXTS}
    if event.kind is not None and event.kind not in [kind for kind, _, _ in notes]:
        rest["told_kind"] = event.kind
    pieces = [redact_fields(key, {**rest, field: text}) for _, text, field in notes]
    return [
        EventRow(part, *head, kind, orjson.dumps(fields))
        for part, ((kind, _, _), fields) in enumerate(zip(notes, pieces, strict=True))
    ]


def _micros_of(timestamp: str, index: int) -> int:
    try:
        at = datetime.fromisoformat(timestamp)
    except ValueError as error:
        raise _refusal("This is not an ISO 8601 time.", ("events", index, "timestamp")) from error
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return (aware - EPOCH) // timedelta(microseconds=1)


def _check(value: JsonValue, where: tuple[int | str, ...]) -> None:
    """Refuse what no document can carry: values that are nested too deep, too long, or no finite number."""
    if len(where) > MAX_DEPTH:
        raise _refusal(f"JSON may be nested {MAX_DEPTH} levels deep.", where)
    match value:
        case str() if len(value) > MAX_TEXT_CHARS:
            raise _refusal(f"A text may hold {MAX_TEXT_CHARS} characters.", where)
        case float() if not math.isfinite(value):
            raise _refusal("A number is finite.", where)
        case list():
            for index, one in enumerate(value):
                _check(one, (*where, index))
        case dict():
            for name, one in value.items():
                _check(one, (*where, name[:50]))
        case _:
            pass


def _refusal(message: str, where: tuple[int | str, ...]) -> InvalidInput:
    place = ".".join(str(part) for part in where) or "the document"
    detail: Detail = {"where": place}
    index = next((part for part in where[1:2] if isinstance(part, int)), None)
    if index is not None and where[0] == "events":
        detail["index"] = index
    return InvalidInput(f"{place}: {message}", code="bad_json", detail=detail)
