"""Read traces back: lists, the trace document, the evidence bundle; and say when a trace is whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from sqlalchemy import Connection, Row, Select, Subquery, select, tuple_, update

from patchtrail.collector.access import Reader, may_read
from patchtrail.collector.blobs import Blobs
from patchtrail.collector.forgetting import deletions_of
from patchtrail.collector.open_reading import listed_open
from patchtrail.collector.qa_results import raised, unreplayed_in
from patchtrail.collector.tables import artifacts, chunks, devices, traces
from patchtrail.contract.collection import Assurance, KeySet, TraceCompleted, TraceList, TraceSummary
from patchtrail.contract.document import TraceDocument
from patchtrail.contract.errors import NotFound, StateConflict
from patchtrail.contract.evidence import PublicKey
from patchtrail.contract.qa import QaResults
from patchtrail.integrity import chunk
from patchtrail.integrity.key_set import fingerprint_of
from patchtrail.integrity.verify import NOT_REPLAYED, Finding, TraceEvidence, TraceVerdict, assurance_of, verify_trace
from patchtrail.trace import check_coverage, document_of

__all__ = [
    "ShowsKeys",
    "assurance_with",
    "complete",
    "document",
    "evidence_of",
    "list_traces",
    "mark_complete",
    "trace_row",
]

MAX_PAGE = 200
FORKED = "The device signed two different chunks with the same number."


class ShowsKeys(Protocol):
    """Whoever shows the collector's keys."""

    def key_set(self) -> KeySet:
        """Return them, as `GET /v1/keys` does."""


def list_traces(connection: Connection, reader: Reader, *, before: str | None, limit: int) -> TraceList:
    """Return traces, newest first; `before` is the last trace id of the page before."""
    listed = select(*(traces.c[column.name] for column in listed_open().selected_columns)).union_all(listed_open())
    found = listed.subquery()
    query = select(found).order_by(found.c.created_ms.desc(), found.c.trace_id.desc())
    if reader.participant_id is not None:
        query = query.where(found.c.participant_id == reader.participant_id)
    if before is not None:
        query = _older_than(connection, query, found, before)
    rows = connection.execute(query.limit(min(limit, MAX_PAGE) + 1)).all()
    page = rows[: min(limit, MAX_PAGE)]
    next_before = page[-1].trace_id if len(rows) > len(page) else None
    replays = unreplayed_in(connection, [row.trace_id for row in page])
    return TraceList(traces=[_summary(row, replays) for row in page], next_before=next_before)


def trace_row(connection: Connection, reader: Reader, trace_id: str) -> Row[Any]:
    """Return a trace's row, or `NotFound` when it is not there or not for this reader."""
    row = connection.execute(select(traces).where(traces.c.trace_id == trace_id)).one_or_none()
    may_read(reader, None if row is None else row.participant_id, trace_id)
    assert row is not None, "may_read refuses a missing row"
    return row


def evidence_of(connection: Connection, trace_id: str, blobs: Blobs | None, key: ShowsKeys) -> TraceEvidence:
    """Return everything signed about a trace; without `blobs` the artifacts are left out."""
    row = connection.execute(
        select(traces, devices.c.public_x)
        .join(devices, devices.c.device_id == traces.c.device_id)
        .where(traces.c.trace_id == trace_id)
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no trace {trace_id}.")
    stored = connection.execute(select(chunks).where(chunks.c.trace_id == trace_id).order_by(chunks.c.n)).all()
    names = connection.execute(select(artifacts.c.sha256).where(artifacts.c.trace_id == trace_id)).scalars()
    return TraceEvidence(
        trace_id=trace_id,
        device_key=PublicKey(kty="OKP", crv="Ed25519", x=row.public_x),
        server_keys=tuple(one.public_key for one in key.key_set().receipt),
        opening=row.opening,
        grant=row.grant_envelope,
        chunks=tuple(chunk.join_body(one.envelope, one.payload) for one in stored),
        receipts=tuple(one.receipt for one in stored),
        artifacts=None if blobs is None else dict(_stored_blobs(blobs, names)),
        key_set=key.key_set(),
        deletions=deletions_of(connection, trace_id),
    )


def document(
    evidence: TraceEvidence, keys: KeySet, *, is_forked: bool, qa: QaResults, unreplayed: str | None
) -> TraceDocument:
    """Verify a trace again from its stored bytes and return its document.

    `qa` is what was found out about it, and `unreplayed` what keeps its replay from agreeing.
    """
    verdict = _verdict(evidence, keys)
    return document_of(
        evidence.trace_id,
        verdict.events,
        verdict.received_ms,
        assurance_with(verdict, is_forked=is_forked, unreplayed=unreplayed),
        forgotten=verdict.forgotten,
        opening=verdict.opening,
        qa=qa,
    )


def complete(evidence: TraceEvidence, keys: KeySet, row: Row[Any]) -> TraceCompleted:
    """Judge a trace whose end was received.

    Raises `StateConflict` with `next_n` when the end is still missing.
    """
    if not row.is_ended:
        raise StateConflict("The trace's end has not been received.", code="not_ended", detail={"next_n": row.next_n})
    verdict = _verdict(evidence, keys)
    return TraceCompleted(
        trace_id=row.trace_id,
        status="complete",
        chunks=row.next_n,
        events=row.next_seq,
        assurance=assurance_with(verdict, is_forked=row.is_forked),
    )


def mark_complete(connection: Connection, completed: TraceCompleted, now_ms: int) -> None:
    """Store what was found at completion."""
    connection.execute(
        update(traces)
        .where(traces.c.trace_id == completed.trace_id)
        .values(status="complete", completed_ms=now_ms, assurance=completed.assurance.model_dump_json())
    )


def _verdict(evidence: TraceEvidence, keys: KeySet) -> TraceVerdict:
    return verify_trace(evidence, pinned_jkt=fingerprint_of(keys))


def assurance_with(verdict: TraceVerdict, *, is_forked: bool, unreplayed: str | None = NOT_REPLAYED) -> Assurance:
    """Return the level of a verified trace, of which the device may have signed two histories."""
    findings = [*verdict.findings, *check_coverage([held.event for held in verdict.events])]
    if is_forked:
        findings.append(Finding("trace.forked", "trace", FORKED, "remark"))
    return assurance_of(findings, is_signed=True, unreplayed=unreplayed)


def _summary(row: Row[Any], replays: Mapping[str, str | None]) -> TraceSummary:
    return TraceSummary(
        trace_id=row.trace_id,
        participant_id=row.participant_id,
        task_id=row.task_id,
        task_title=row.task_title,
        status=row.status,
        created_ms=row.created_ms,
        chunks=row.next_n,
        events=row.next_seq,
        is_forked=row.is_forked,
        assurance=raised(_known_assurance(row), replays.get(row.trace_id, NOT_REPLAYED)),
    )


def _known_assurance(row: Row[Any]) -> Assurance:
    """Return what was found at completion; for an open trace, what its receipts tell so far."""
    if row.is_forked:
        return Assurance(level="L1", reasons=[FORKED])
    if row.assurance is not None:
        return Assurance.model_validate_json(row.assurance)
    if row.next_n == 0:
        return Assurance(level="L1", reasons=["Nothing of the trace has been received yet."])
    if row.late_chunks:
        return Assurance(level="L1", reasons=["A chunk came late."])
    return Assurance(level="L2", reasons=["The trace is not complete yet."])


def _older_than(connection: Connection, query: Select[Any], found: Subquery, before: str) -> Select[Any]:
    anchor = connection.execute(
        select(found.c.created_ms, found.c.trace_id).where(found.c.trace_id == before)
    ).one_or_none()
    if anchor is None:
        raise NotFound(f"There is no trace {before} to go on from.")
    return query.where(tuple_(found.c.created_ms, found.c.trace_id) < tuple_(*anchor))


def _stored_blobs(blobs: Blobs, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the blobs that are there; a verifier says which are missing."""
    for name in names:
        try:
            yield name, blobs.get(name)
        except NotFound:
            continue
