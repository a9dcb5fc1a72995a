"""Read traces back that came unsigned: as v1 documents, and as one-shot traces in order of time."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import orjson
from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, Select, literal, select

from patchtrail.collector.open_tables import open_events, open_traces
from patchtrail.collector.qa_jobs import standing
from patchtrail.collector.qa_results import newest_results
from patchtrail.contract.collection import TraceCompleted
from patchtrail.contract.document import TraceDocument
from patchtrail.contract.open_protocol import OneShotEvent, OneShotOutcome, OneShotQa, OneShotStanding, OneShotTrace
from patchtrail.contract.qa import QaStanding
from patchtrail.evaluation.kept_alignments import Alignments
from patchtrail.trace import UNSIGNED, OpenFacts, OpenRecord, open_document_of, own_kind_kept, told_judgement

__all__ = [
    "completed_open",
    "listed_open",
    "one_shot_trace",
    "open_document",
    "outcome_of",
    "standing_of",
    "trace_id_of",
]

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


def open_document(connection: Connection, row: Row[Any], alignments: Alignments) -> TraceDocument:
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
    results = alignments.beside(newest_results(connection, row.trace_id))
    return open_document_of(facts, _records(row, _events(connection, row)), results)


def completed_open(row: Row[Any]) -> TraceCompleted:
    """Return the answer to a trace's completion."""
    return TraceCompleted(
        trace_id=row.trace_id, status="complete", chunks=row.next_n, events=row.next_seq, assurance=UNSIGNED
    )


def one_shot_trace(connection: Connection, row: Row[Any], alignments: Alignments) -> OneShotTrace:
    """Return a one-shot trace as it was told, redacted; each reason says our kind beside the client's own word."""
    events = [_one_shot_event(one) for one in _events(connection, row)]
    return OneShotTrace(
        **standing_of(row).model_dump(exclude={"events"}),
        developer_id=row.participant_id,
        repo_url=row.repo_origin,
        bug_description=row.task_description,
        events=events,
        qa_results=one_shot_qa(standing(connection, row.trace_id, alignments)),
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


def outcome_of(connection: Connection, row: Row[Any], alignments: Alignments) -> OneShotOutcome:
    """Return where a one-shot trace stands, and what was found out about it."""
    told, standing_told = standing(connection, row.trace_id, alignments), standing_of(row)
    return OneShotOutcome(
        **standing_told.model_dump(),
        qa_state=told.state,
        qa_results=one_shot_qa(told),
        status_url=f"/api/traces/{standing_told.trace_id}/qa",
    )


def one_shot_qa(told: QaStanding) -> OneShotQa | None:
    """Return results under the names of the one-shot protocol; None while there are none."""
    validation, judge = told.results.validation, told.results.judge
    if validation is None and judge is None:
        return None
    return OneShotQa(
        tests_passed=None if validation is None else validation.tests_passed,
        reasoning_score=None if judge is None else round(1 + 0.8 * judge.overall, 1),
        judge_comments=None if judge is None else "\n".join(told_judgement(judge)),
        test_output=None if validation is None else validation.test_output,
        qa_timestamp=None if told.ended_ms is None else _iso(told.ended_ms),
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
