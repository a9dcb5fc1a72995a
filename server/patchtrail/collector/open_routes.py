"""The open Trace API v1: chunks of events from clients that sign nothing.

`POST /v1/traces`, `…/token` and `…/complete` are shared with devices; their routes stand in `upload_routes.py` and
call here for what is open.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import secrets
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import Connection, Row

from patchtrail.collector.access import adder_of
from patchtrail.collector.completion import follow_up, note_completion
from patchtrail.collector.locality import is_local
from patchtrail.collector.open_bodies import body_sha256, chunk_rows, parsed, redacted_text
from patchtrail.collector.open_reading import completed_open
from patchtrail.collector.open_traces import (
    Arrival,
    NewTrace,
    OpenAccess,
    Stored,
    complete_open,
    draw_upload_token,
    has_key,
    new_trace_id,
    open_access,
    open_trace,
    store_events,
    uploader,
)
from patchtrail.collector.quotas import Account
from patchtrail.collector.route_parts import Parts, Token, TraceIdPath, check_json, openapi_body, problems
from patchtrail.collector.service import Service
from patchtrail.contract.collection import TraceCompleted, UploadToken
from patchtrail.contract.errors import InvalidInput, NotAllowed, StateConflict
from patchtrail.contract.open_protocol import OpenChunk, OpenChunkStored, OpenTraceCreated, OpenTraceRequest
from patchtrail.integrity import digest

__all__ = [
    "account_of",
    "complete_if_open",
    "completed_with_follow_up",
    "create_open",
    "idempotency_key",
    "may_create",
    "renew_if_open",
    "router",
    "settle",
]

router = APIRouter(prefix="/v1/traces", tags=["open protocol"])

MAX_CHUNK_BYTES = 1024 * 1024
MAX_KEY_CHARS = 255
# Printable characters as a header's bytes are told in a schema; white space after a header's value is not of it.
KEY_PATTERN = "^[!-~¡-¬®-ÿ]([ -~¡-¬®-ÿ]*[!-~¡-¬®-ÿ])?[ \\t]*$"
KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "Any printable text; the same chunk under the same key is stored once, as long as the trace lives.",
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY_CHARS, "pattern": KEY_PATTERN},
}


@router.post(
    "/{trace_id}/events:ingest",
    responses=problems(400, 401, 403, 404, 408, 409, 413, 415, 422, 429),
    openapi_extra={**openapi_body(OpenChunk), "parameters": [KEY_PARAMETER]},
)
async def post_events(request: Request, trace_id: TraceIdPath, parts: Parts, token: Token) -> OpenChunkStored:
    """Take a chunk of unsigned events in; the same chunk again gets the same answer."""
    key = idempotency_key(request)
    access = await parts.read(
        lambda connection: adder_of(connection, token, trace_id, parts.now_ms(), parts.server_token)
    )
    if access.protocol != "v1":
        raise StateConflict("This trace came in one shot; its events go to /api/traces.", code="one_shot_trace")
    parts.limits.upload(trace_id)
    check_json(request)
    content = await parts.quotas.read(
        request,
        account_of(access),
        MAX_CHUNK_BYTES,
        is_stored=lambda connection, _content: has_key(connection, trace_id, digest.sha256(key.encode())),
    )
    done = None
    try:
        chunk, arrival = await asyncio.to_thread(_arrival, content, key, access, parts.now_ms())
        done = await parts.write(lambda connection: store_events(connection, parts.log, trace_id, arrival))
    finally:
        settle(parts, access, done, len(content))
    return OpenChunkStored(
        trace_id=trace_id,
        chunk_id=chunk.chunk_id,
        chunk_seq=done.n,
        events=done.events,
        received_ms=done.received_ms,
    )


def may_create(request: Request, parts: Service, token: str | None) -> bool:
    """Return whether a caller may open a trace that nobody signs: the server's token, and in development everybody.

    Raises `NotAllowed` where there is no token and none is waived.
    """
    if token is not None:
        return hmac.compare_digest(token.encode(), parts.server_token.encode())
    if parts.dev_token is None or not is_local(request):
        message = "This needs a header `Authorization: Bearer TOKEN`; only a development server on loopback waives it."
        raise NotAllowed(message, code="unauthenticated")
    return True


async def create_open(parts: Service, body: OpenTraceRequest) -> OpenTraceCreated:
    """Open a trace for a client that signs nothing."""
    key = secrets.token_bytes(32)
    new = NewTrace(
        trace_id=new_trace_id(),
        protocol="v1",
        participant_id=body.participant_id,
        study_id=parts.study_id,
        task_id=redacted_text(key, body.task_id),
        task_title=redacted_text(key, body.task_title),
        task_description="",
        repo_origin=redacted_text(key, body.repo_origin),
        start_commit=body.start_commit,
        opening_sha256=digest.sha256(body.model_dump_json().encode()),
        redaction_key=key,
    )

    def created(connection: Connection) -> str:
        open_trace(connection, parts.log, new, now_ms=parts.now_ms())
        return draw_upload_token(connection, new.trace_id, now_ms=parts.now_ms())[0]

    token = await parts.write(created)
    return OpenTraceCreated(trace_id=new.trace_id, upload_token=token, message="Trace created successfully")


async def renew_if_open(parts: Service, token: str, trace_id: str) -> UploadToken | None:
    """Renew the token of an open trace for the bearer of a valid one, or of the server's; None for any other."""
    if not await _is_adder(parts, token, trace_id):
        return None
    now_ms = parts.now_ms()
    fresh, expires_ms = await parts.write(lambda connection: draw_upload_token(connection, trace_id, now_ms=now_ms))
    return UploadToken(trace_id=trace_id, upload_token=fresh, expires_ms=expires_ms)


async def complete_if_open(parts: Service, token: str, trace_id: str) -> TraceCompleted | None:
    """Mark an open trace as whole for the bearer of its token, or of the server's; None for any other."""
    if not await _is_adder(parts, token, trace_id):
        return None
    return completed_open(await completed_with_follow_up(parts, trace_id))


async def completed_with_follow_up(parts: Service, trace_id: str) -> Row[Any]:
    """Mark an open trace as whole, and begin with what follows."""

    def completed(connection: Connection) -> Row[Any]:
        row = complete_open(connection, parts.log, trace_id, now_ms=parts.now_ms())
        note_completion(connection, parts, trace_id)
        return row

    row = await parts.write(completed)
    follow_up(parts)
    return row


async def _is_adder(parts: Service, token: str, trace_id: str) -> bool:
    """Return whether a token gives the right to add to this open trace, and count the request."""
    is_server = hmac.compare_digest(token.encode(), parts.server_token.encode())
    if is_server:
        await parts.read(lambda connection: open_access(connection, trace_id))
    elif await parts.read(lambda connection: uploader(connection, token, trace_id, parts.now_ms())) is None:
        return False
    parts.limits.upload(trace_id)
    return True


def idempotency_key(request: Request) -> str:
    """Return the request's idempotency key.

    Raises `InvalidInput` with code `idempotency_key` when it is missing, too long or not printable.
    """
    raw = key = request.headers.get("idempotency-key", "").strip(" \t")
    with contextlib.suppress(UnicodeDecodeError):
        key = raw.encode("latin-1").decode()
    if not 1 <= len(key) <= MAX_KEY_CHARS or not (key.isprintable() or raw.isprintable()):
        message = f"This needs a header `Idempotency-Key`: 1 to {MAX_KEY_CHARS} printable characters."
        raise InvalidInput(message, code="idempotency_key")
    return key


def account_of(access: OpenAccess) -> Account:
    """Return whose bytes an open trace's are."""
    return Account(access.trace_id, access.participant_id, is_signed=False)


def settle(parts: Service, access: OpenAccess, done: Stored | None, size_bytes: int) -> None:
    """Count what was stored, and give back what was not, or had been stored before."""
    if done is not None and done.is_new:
        parts.metrics.accept(access.protocol, chunks=1, events=done.events, size_bytes=size_bytes)
    else:
        parts.quotas.refund(account_of(access), size_bytes)


def _arrival(content: bytes, key: str, access: OpenAccess, now_ms: int) -> tuple[OpenChunk, Arrival]:
    body, value = parsed(content, OpenChunk)
    # A complete trace has no key any more, and takes nothing but what it has.
    rows = chunk_rows(body, access.redaction_key or secrets.token_bytes(32))
    arrival = Arrival(
        key_sha256=digest.sha256(key.encode()),
        body_sha256=body_sha256(value),
        n=body.chunk_seq,
        rows=rows,
        events=len(body.events),
        size_bytes=len(content),
        received_ms=now_ms,
    )
    return body, arrival
