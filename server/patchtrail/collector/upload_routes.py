"""Routes that take traces in: open, upload artifacts and chunks, complete."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy import Connection, insert, select

from patchtrail.collector.access import UploadAccess, device_of, uploader_of
from patchtrail.collector.blobs import Blobs
from patchtrail.collector.completion import follow_up, note_completion
from patchtrail.collector.forgetting import drop_orphans, forget
from patchtrail.collector.ingest import is_stored_chunk
from patchtrail.collector.limits import MAX_ARTIFACT_BYTES
from patchtrail.collector.open_routes import complete_if_open, create_open, may_create, renew_if_open
from patchtrail.collector.openings import create_trace, renew_token
from patchtrail.collector.quotas import Account
from patchtrail.collector.rates import address_of
from patchtrail.collector.reading import complete, evidence_of, mark_complete
from patchtrail.collector.route_parts import (
    OPTIONAL_TOKEN,
    Parts,
    Token,
    TokenOrNone,
    TraceIdPath,
    json_body,
    openapi_body,
    problems,
)
from patchtrail.collector.service import Service
from patchtrail.collector.tables import artifacts, traces
from patchtrail.contract.collection import ArtifactStored, TraceCompleted, TraceCreated, TraceRequest, UploadToken
from patchtrail.contract.errors import InvalidInput, StateConflict
from patchtrail.contract.evidence import CHUNK_MEDIA_TYPE, Envelope
from patchtrail.contract.forgetting import ForgetAnswer, ForgetRequest
from patchtrail.contract.open_protocol import OpenTraceCreated, OpenTraceRequest
from patchtrail.integrity import chunk, digest

__all__ = ["router"]

router = APIRouter(prefix="/v1/traces", tags=["uploading"])

ChunkNumber = Annotated[int, Path(ge=0, le=2**31 - 1)]
Sha256Path = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
CHUNK_BODY = {
    "requestBody": {
        "required": True,
        "content": {CHUNK_MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    }
}
ARTIFACT_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post(
    "",
    status_code=201,
    responses=problems(401, 403, 408, 409, 413, 415, 422, 429),
    openapi_extra={**openapi_body(TraceRequest, OpenTraceRequest), "security": OPTIONAL_TOKEN},
)
async def post_trace(request: Request, parts: Parts, token: TokenOrNone) -> TraceCreated | OpenTraceCreated:
    """Open a trace: for an enrolled device by its signed opening of the body; without one where that is allowed."""
    if may_create(request, parts, token):
        parts.limits.opening(address_of(request))
        return await create_open(parts, await json_body(request, OpenTraceRequest))
    device = await parts.read(lambda connection: device_of(connection, token or ""))
    parts.limits.device(device.device_id)
    body = await json_body(request, TraceRequest)
    return await parts.write(
        lambda connection: create_trace(
            connection,
            body,
            device=device,
            key=parts.key,
            log=parts.log,
            consent=parts.consent,
            now_ms=parts.now_ms(),
        )
    )


@router.post("/{trace_id}/token", status_code=201, responses=problems(401, 403, 404, 422, 429))
async def post_token(trace_id: TraceIdPath, parts: Parts, token: Token) -> UploadToken:
    """Renew an upload token: of one of the device's own traces, or of an open trace by its token that still holds."""
    renewed = await renew_if_open(parts, token, trace_id)
    if renewed is not None:
        return renewed
    device = await parts.read(lambda connection: device_of(connection, token))
    parts.limits.device(device.device_id)
    return await parts.write(lambda connection: renew_token(connection, trace_id, device=device, now_ms=parts.now_ms()))


@router.put(
    "/{trace_id}/chunks/{n}",
    status_code=201,
    response_model=Envelope,
    response_description="The receipt, as a DSSE envelope",
    responses=problems(
        *(401, 403, 404, 408, 409, 413, 415, 422, 429),
        success={"description": "The same chunk came before; its receipt", "model": Envelope},
    ),
    openapi_extra=CHUNK_BODY,
)
async def put_chunk(request: Request, trace_id: TraceIdPath, n: ChunkNumber, parts: Parts, token: Token) -> Response:
    """Take a signed chunk in, and answer with a signed receipt once it is on disk."""
    # One indexed read of an embedded database is shorter than the way to another thread and back.
    access = parts.database.read(lambda connection: uploader_of(connection, token, trace_id, parts.now_ms()))
    parts.limits.upload(access.device_id)
    if request.headers.get("content-type", "").lower() != CHUNK_MEDIA_TYPE:
        raise InvalidInput(f"A chunk has the media type {CHUNK_MEDIA_TYPE}.", code="unsupported_media_type")
    account = Account(trace_id, access.participant_id, is_signed=True)
    body = await parts.quotas.read(
        request,
        account,
        chunk.MAX_BODY_BYTES,
        is_stored=lambda connection, content: is_stored_chunk(connection, trace_id, n, content),
    )
    is_kept = False
    try:
        accepted = await parts.ingest.accept(access, n, body, received_ms=parts.now_ms())
        is_kept = accepted.is_new
    except StateConflict as error:
        is_kept = error.code == "fork"
        raise
    finally:
        if not is_kept:
            parts.quotas.refund(account, len(body))
    if accepted.is_new:
        parts.metrics.accept("signed", chunks=1, events=accepted.events, size_bytes=len(body))
    return Response(accepted.receipt, 201 if accepted.is_new else 200, media_type="application/json")


@router.put(
    "/{trace_id}/artifacts/{sha256}",
    status_code=201,
    responses=problems(401, 403, 404, 408, 409, 413, 415, 422, 429),
    openapi_extra=ARTIFACT_BODY,
)
async def put_artifact(
    request: Request, trace_id: TraceIdPath, sha256: Sha256Path, parts: Parts, token: Token
) -> ArtifactStored:
    """Take a blob in, under the SHA-256 that it really has."""
    access = await _uploader(parts, token, trace_id)
    parts.limits.upload(access.device_id)
    if request.headers.get("content-type", "").lower() != "application/octet-stream":
        raise InvalidInput("An artifact has the media type application/octet-stream.", code="unsupported_media_type")
    account = Account(trace_id, access.participant_id, is_signed=True)
    content = await parts.quotas.read(
        request,
        account,
        MAX_ARTIFACT_BYTES,
        is_stored=lambda connection, _content: _has_artifact(connection, trace_id, sha256),
    )
    is_new = False
    try:
        if digest.sha256(content) != sha256:
            raise InvalidInput("The body's SHA-256 is not the one in the address.", code="artifact.sha256")
        await asyncio.to_thread(parts.blobs.put, sha256, content)
        now_ms = parts.now_ms()
        is_new = await parts.write(
            lambda connection: _note_artifact(connection, parts.blobs, trace_id, content, now_ms)
        )
    finally:
        if not is_new:
            parts.quotas.refund(account, len(content))
    return ArtifactStored(sha256=sha256, size_bytes=len(content))


@router.post("/{trace_id}/complete", responses=problems(401, 403, 404, 409, 422, 429))
async def post_complete(trace_id: TraceIdPath, parts: Parts, token: Token) -> TraceCompleted:
    """Say that the trace is whole; answers with what can be said about it so far."""
    completed = await complete_if_open(parts, token, trace_id)
    if completed is not None:
        return completed
    parts.limits.upload((await _uploader(parts, token, trace_id)).device_id)

    def judged(connection: Connection) -> TraceCompleted:
        row = connection.execute(select(traces).where(traces.c.trace_id == trace_id)).one()
        evidence = evidence_of(connection, trace_id, None, parts.key)
        return complete(evidence, parts.key.key_set(), row)

    completed = await parts.read(judged)
    await parts.write(lambda connection: drop_orphans(connection, trace_id, parts.blobs))

    def marked(connection: Connection) -> None:
        mark_complete(connection, completed, parts.now_ms())
        note_completion(connection, parts, trace_id)

    await parts.write(marked)
    follow_up(parts)
    return completed


@router.post(
    "/{trace_id}/forget",
    responses=problems(401, 403, 404, 408, 409, 413, 415, 422),
    openapi_extra=openapi_body(ForgetRequest),
)
async def post_forget(request: Request, trace_id: TraceIdPath, parts: Parts, token: Token) -> ForgetAnswer:
    """Drop the bytes of chunks on the device's signed request; answer with a signed receipt once they are gone."""
    access = await _uploader(parts, token, trace_id)
    return await forget(parts, access, await json_body(request, ForgetRequest))


async def _uploader(parts: Service, token: str, trace_id: str) -> UploadAccess:
    return await parts.read(lambda connection: uploader_of(connection, token, trace_id, parts.now_ms()))


def _has_artifact(connection: Connection, trace_id: str, sha256: str) -> bool:
    known = select(artifacts.c.sha256).where(artifacts.c.trace_id == trace_id, artifacts.c.sha256 == sha256)
    return connection.execute(known).first() is not None


def _note_artifact(connection: Connection, blobs: Blobs, trace_id: str, content: bytes, now_ms: int) -> bool:
    """Note that a trace has an artifact; return whether it had not."""
    sha256 = digest.sha256(content)
    if not blobs.has(sha256):  # Another trace that had it forgot it just now.
        blobs.put(sha256, content)
    if _has_artifact(connection, trace_id, sha256):
        return False
    connection.execute(
        insert(artifacts).values(trace_id=trace_id, sha256=sha256, size_bytes=len(content), received_ms=now_ms)
    )
    return True
