"""Routes that give traces back: lists, documents, bundles, artifacts; and whether the collector is well."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy import Connection, select, text

from patchtrail.collector.access import Reader, may_read, reader_of
from patchtrail.collector.open_reading import open_document
from patchtrail.collector.open_traces import open_row
from patchtrail.collector.qa_results import newest_results, unreplayed_in
from patchtrail.collector.reading import document, evidence_of, list_traces, trace_row
from patchtrail.collector.route_parts import Parts, Token, TraceIdPath, problems
from patchtrail.collector.service import Service
from patchtrail.collector.tables import artifacts
from patchtrail.contract.collection import TraceList
from patchtrail.contract.document import TraceDocument
from patchtrail.contract.errors import InvalidInput, NotFound, StateConflict
from patchtrail.integrity.verify import NOT_REPLAYED, TraceEvidence
from patchtrail.trace import BUNDLE_MEDIA_TYPE, write_bundle

__all__ = ["router"]

router = APIRouter(tags=["reading"])

Sha256Path = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]


@router.get("/v1/traces", responses=problems(401, 403, 404, 422, 429))
async def get_traces(
    parts: Parts,
    token: Token,
    before: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> TraceList:
    """List traces, newest first."""

    def listed(connection: Connection) -> TraceList:
        return list_traces(connection, _reader(connection, parts, token), before=before, limit=limit)

    return await parts.read(listed)


@router.get("/v1/traces/{trace_id}", response_model=TraceDocument, responses=problems(401, 403, 404, 422, 429))
async def get_trace(trace_id: TraceIdPath, parts: Parts, token: Token) -> Response:
    """Return the trace document v1.0, verified again from the stored bytes."""

    def written(connection: Connection) -> str:
        row = open_row(connection, trace_id)
        if row is not None:
            may_read(_reader(connection, parts, token), row.participant_id, trace_id)
            return open_document(connection, row, parts.alignments).model_dump_json()
        return _document_json(connection, parts, *_evidence(connection, parts, token, trace_id, with_blobs=False))

    return Response(await parts.read(written), media_type="application/json")


@router.get(
    "/v1/traces/{trace_id}/bundle",
    response_class=Response,
    responses=problems(
        401, 403, 404, 409, 422, 429, success={"description": "The bundle", "content": {BUNDLE_MEDIA_TYPE: {}}}
    ),
)
async def get_bundle(trace_id: TraceIdPath, parts: Parts, token: Token) -> Response:
    """Return everything signed about a trace, for offline verification."""

    def written(connection: Connection) -> bytes:
        evidence, is_forked = _evidence(connection, parts, token, trace_id, with_blobs=True)
        return write_bundle(evidence, parts.key.key_set(), _document_if_any(connection, parts, evidence, is_forked))

    content = await parts.read(written)
    headers = {"Content-Disposition": f'attachment; filename="{trace_id}.zip"'}
    return Response(content, headers=headers, media_type=BUNDLE_MEDIA_TYPE)


@router.get(
    "/v1/traces/{trace_id}/artifacts/{sha256}",
    response_class=Response,
    responses=problems(
        401, 403, 404, 422, 429, success={"description": "The blob", "content": {"application/octet-stream": {}}}
    ),
)
async def get_artifact(trace_id: TraceIdPath, sha256: Sha256Path, parts: Parts, token: Token) -> Response:
    """Return a blob that an event refers to; always as a download, never to be shown."""

    def known(connection: Connection) -> bool:
        trace_row(connection, _reader(connection, parts, token), trace_id)
        query = select(artifacts.c.sha256).where(artifacts.c.trace_id == trace_id, artifacts.c.sha256 == sha256)
        return connection.execute(query).first() is not None

    if not await parts.read(known):
        raise NotFound(f"The trace has no artifact {sha256}.")
    content = await asyncio.to_thread(parts.blobs.get, sha256)
    headers = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}
    return Response(content, headers=headers, media_type="application/octet-stream")


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(parts: Parts) -> dict[str, str]:
    """Say that the database takes writes."""
    await parts.write(lambda connection: connection.execute(text("SELECT 1")).scalar_one())
    return {"status": "ready"}


def _reader(connection: Connection, parts: Service, token: str) -> Reader:
    reader = reader_of(connection, token, parts.server_token)
    if reader.device_id is not None:
        parts.limits.device(reader.device_id)
    return reader


def _evidence(
    connection: Connection, parts: Service, token: str, trace_id: str, *, with_blobs: bool
) -> tuple[TraceEvidence, bool]:
    reader, unsigned = _reader(connection, parts, token), open_row(connection, trace_id)
    if unsigned is not None:
        may_read(reader, unsigned.participant_id, trace_id)
        raise StateConflict("Nothing of this trace is signed; read its document instead.", code="open_trace")
    row: Any = trace_row(connection, reader, trace_id)
    evidence = evidence_of(connection, trace_id, parts.blobs if with_blobs else None, parts.key)
    return evidence, bool(row.is_forked)


def _document_json(connection: Connection, parts: Service, evidence: TraceEvidence, is_forked: bool) -> str:
    trace_id = evidence.trace_id
    return document(
        evidence,
        parts.key.key_set(),
        is_forked=is_forked,
        qa=parts.alignments.beside(newest_results(connection, trace_id)),
        unreplayed=unreplayed_in(connection, [trace_id]).get(trace_id, NOT_REPLAYED),
    ).model_dump_json()


def _document_if_any(connection: Connection, parts: Service, evidence: TraceEvidence, is_forked: bool) -> bytes:
    """Return the document; evidence that makes none can be exported all the same, so that the fault can be seen."""
    try:
        return _document_json(connection, parts, evidence, is_forked).encode()
    except InvalidInput as error:
        return error.problem().model_dump_json().encode()
