"""The routes of a base snapshot of a trace that nobody signs: the files that its session started from."""

from __future__ import annotations

import asyncio
import secrets

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from patchtrail.collector.access import adder_of, may_read, reader_of
from patchtrail.collector.bases import base_of, redacted_base, store_base
from patchtrail.collector.open_routes import account_of
from patchtrail.collector.open_traces import open_row
from patchtrail.collector.route_parts import Parts, Token, TraceIdPath, problems
from patchtrail.contract.base_snapshot import BaseStored
from patchtrail.contract.errors import InvalidInput, NotFound
from patchtrail.trace.base_snapshot import BASE_MEDIA_TYPE

__all__ = ["router"]

router = APIRouter(prefix="/v1/traces", tags=["open protocol"])

MAX_BODY_BYTES = 64 << 20
MEDIA_TYPES = (BASE_MEDIA_TYPE, "application/gzip")
BASE_BODY = {
    "requestBody": {
        "required": True,
        "content": {name: {"schema": {"type": "string", "format": "binary"}} for name in MEDIA_TYPES},
    }
}


@router.put(
    "/{trace_id}/base",
    status_code=201,
    responses=problems(401, 403, 404, 408, 409, 413, 415, 422, 429),
    openapi_extra=BASE_BODY,
)
async def put_base(request: Request, trace_id: TraceIdPath, parts: Parts, token: Token) -> BaseStored:
    """Take the files of the start commit in, as a gzipped tar; redacted here, before the trace is complete.

    A trace that came in one shot has the same id here: `trace-` and the 32 digits of its UUID.
    """
    access = await parts.read(
        lambda connection: adder_of(connection, token, trace_id, parts.now_ms(), parts.server_token)
    )
    parts.limits.upload(trace_id)
    media_type = request.headers.get("content-type", "").lower()
    if media_type not in MEDIA_TYPES:
        raise InvalidInput(f"A base snapshot has the media type {BASE_MEDIA_TYPE}.", code="unsupported_media_type")
    account = account_of(access)
    # What is stored is not what came, so that it is not known again: beyond the quota nothing is taken.
    content = await parts.quotas.read(request, account, MAX_BODY_BYTES, is_stored=lambda _connection, _content: False)
    freed = len(content)
    try:
        # A complete trace has no key any more, and takes nothing.
        key = access.redaction_key or secrets.token_bytes(32)
        async with parts.snapshots:
            snapshot = await asyncio.to_thread(redacted_base, content, key)

        def stored(connection: Connection) -> tuple[BaseStored, int]:
            return store_base(connection, parts.blobs, trace_id, snapshot, parts.now_ms())

        told, freed = await parts.write(stored)
    finally:
        parts.quotas.refund(account, freed)
    return told


@router.get(
    "/{trace_id}/base",
    response_class=Response,
    responses=problems(
        401, 403, 404, 422, 429, success={"description": "The snapshot", "content": {BASE_MEDIA_TYPE: {}}}
    ),
)
async def get_base(trace_id: TraceIdPath, parts: Parts, token: Token) -> Response:
    """Return the files of the start commit as they are kept, redacted; a signed trace has them among its artifacts."""

    def read(connection: Connection) -> bytes:
        reader = reader_of(connection, token, parts.server_token)
        if reader.device_id is not None:
            parts.limits.device(reader.device_id)
        row = open_row(connection, trace_id)
        may_read(reader, None if row is None else row.participant_id, trace_id)
        snapshot = base_of(connection, parts.blobs, trace_id)
        if snapshot is None:
            raise NotFound(f"There is no base snapshot of {trace_id}.")
        return snapshot

    headers = {"Content-Disposition": f'attachment; filename="{trace_id}-base.tar.gz"'}
    return Response(await parts.read(read), headers=headers, media_type=BASE_MEDIA_TYPE)
