"""Read traces back that came unsigned: as v1 documents, and as one-shot traces in order of time."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import orjson
from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, Select, literal, select

from patchtrail.collector.open_tables import open_events, open_traces
from patchtrail.contract.collection import TraceCompleted
from patchtrail.contract.document import TraceDocument
from patchtrail.contract.open_protocol import OneShotEvent, OneShotStanding, OneShotTrace
from patchtrail.trace import UNSIGNED, OpenFacts, OpenRecord, open_document_of, own_kind_kept

__all__ = ["completed_open", "listed_open", "one_shot_trace", "open_document", "standing_of", "trace_id_of"]

ONE_SHOT_EVENT: TypeAdapter[OneShotEvent] = TypeAdapter(OneShotEvent)


def listed_open() -> Select[Any]:
    """Select open traces in the columns of a list, beside those of signed ones."""
    columns = open_traces.c
    return select(
        columns.trace_id,
        columns.participant_id,
        columns.task_id,
        columns.task_title,
        columns.status,
        columns.created_ms,
        columns.next_n,
        columns.next_seq,
        literal(value=False).label("is_forked"),
        literal(0).label("late_chunks"),
        literal(UNSIGNED.model_dump_json()).label("assurance"),
    )


def open_document(connection: Connection, row: Row[Any]) -> TraceDocument:
    """Return the trace document v1.0 of an open trace, whichever protocol brought it."""
    facts = OpenFacts(
        trace_id=row.trace_id,
        participant_id=row.participant_id,
        task_id=row.task_id,
        task_title=row.task_title,
        task_description=row.task_description,
        repo_origin=row.repo_origin,
        start_commit=row.start_commit,
    )
    return open_document_of(facts, _records(row, _events(connection, row)))


def completed_open(row: Row[Any]) -> TraceCompleted:
    """Return the answer to a trace's completion."""
    return TraceCompleted(
        trace_id=row.trace_id, status="complete", chunks=row.next_n, events=row.next_seq, assurance=UNSIGNED
    )


def one_shot_trace(connection: Connection, row: Row[Any]) -> OneShotTrace:
    """Return a one-shot trace as it was told, redacted; each reason says our kind beside the client's own word."""
    events = [_one_shot_event(one) for one in _events(connection, row)]
    return OneShotTrace(
        **standing_of(row).model_dump(exclude={"events"}),
        developer_id=row.participant_id,
        repo_url=row.repo_origin,
        bug_description=row.task_description,
        events=events,
        qa_results=None,
    )


def standing_of(row: Row[Any]) -> OneShotStanding:
    """Return where a one-shot trace stands."""
    return OneShotStanding(
        trace_id=str(uuid.UUID(row.trace_id.removeprefix("trace-"))),
        status="complete" if row.status == "complete" else "pending",
        created_at=_iso(row.created_ms),
        updated_at=_iso(row.updated_ms),
        events=row.next_seq,
    )


def trace_id_of(own_id: str) -> str:
    """Return the trace id of a client's UUID: the same 32 digits."""
    return f"trace-{uuid.UUID(own_id).hex}"


def _events(connection: Connection, row: Row[Any]) -> list[Row[Any]]:
    """Return a trace's events in the order in which they are read: as chunks came, or by the client's own time."""
    columns = open_events.c
    place = (columns.event_n, columns.part)
    order = (columns.ts_us, *place) if row.protocol == "one_shot" else place
    query = select(open_events).where(columns.trace_id == row.trace_id).order_by(*order)
    return list(connection.execute(query).all())


def _records(row: Row[Any], events: list[Row[Any]]) -> list[OpenRecord]:
    if row.protocol == "one_shot":
        # Nobody numbered them, so their number is their place in time.
        return [_record(one, f"evt-{one.event_n:06d}", place) for place, one in enumerate(events)]
    return [_record(one, one.event_id, one.seq) for one in events]


def _record(row: Row[Any], event_id: str, seq: int) -> OpenRecord:
    return OpenRecord(
        event_n=row.event_n,
        event_id=event_id,
        seq=seq,
        ts_us=row.ts_us,
        received_ms=row.received_ms,
        type=row.type,
        kind=row.kind,
        fields=orjson.loads(row.fields),
    )


def _one_shot_event(row: Row[Any]) -> OneShotEvent:
    details = orjson.loads(row.fields)
    if row.kind is not None:
        details |= own_kind_kept(details, row.kind)
    return ONE_SHOT_EVENT.validate_python({"type": row.type, "timestamp": row.told_at, "details": details})


def _iso(millis: int) -> str:
    return datetime.fromtimestamp(millis / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
