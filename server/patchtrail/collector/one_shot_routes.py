"""The one-shot Trace API: a whole trace at once, or more of it later, in any order."""

from __future__ import annotations

import asyncio
import secrets
import time
import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy import Connection, Row

from patchtrail.collector.access import adder_of, may_read, reader_of
from patchtrail.collector.limits import read_capped
from patchtrail.collector.open_bodies import body_sha256, one_shot_rows, parsed, redacted_text
from patchtrail.collector.open_reading import one_shot_trace, outcome_of, standing_of, trace_id_of
from patchtrail.collector.open_routes import account_of, completed_with_follow_up, idempotency_key, may_create, settle
from patchtrail.collector.open_traces import (
    Arrival,
    NewTrace,
    OpenAccess,
    draw_upload_token,
    has_key,
    open_row,
    open_trace,
    store_events,
)
from patchtrail.collector.quotas import Account
from patchtrail.collector.rates import address_of
from patchtrail.collector.route_parts import (
    OPTIONAL_TOKEN,
    Parts,
    Token,
    TokenOrNone,
    check_json,
    openapi_body,
    problems,
)
from patchtrail.collector.service import Service
from patchtrail.contract.errors import NotAllowed, NotFound, StateConflict
from patchtrail.contract.open_protocol import (
    OneShotCreated,
    OneShotEvent,
    OneShotEvents,
    OneShotOutcome,
    OneShotRequest,
    OneShotStanding,
    OneShotTrace,
)
from patchtrail.integrity import digest

__all__ = ["router"]

router = APIRouter(prefix="/api/traces", tags=["one-shot protocol"])

MAX_BODY_BYTES = 8 * 1024 * 1024
TITLE_CHARS = 200
UNSETTLED = ("waiting", "queued", "running")
LOOK_S = 0.2
LATER = "It is not assessed yet; `status_url`, and `Location`, say where to ask."
OwnId = Annotated[str, Path(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]
EVENT = {"anyOf": [{"$ref": f"#/components/schemas/OneShot{one}"} for one in ("Edit", "Command", "Reasoning")]}
EVENTS_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "anyOf": [
                        {"$ref": "#/components/schemas/OneShotEvents"},
                        {"type": "array", "items": EVENT, "minItems": 1, "maxItems": 10_000},
                        EVENT,
                    ]
                }
            }
        },
    }
}


@router.post(
    "",
    status_code=201,
    responses=problems(401, 403, 408, 409, 413, 415, 422, 429) | {202: {"description": LATER, "model": OneShotCreated}},
    openapi_extra={**openapi_body(OneShotRequest), "security": OPTIONAL_TOKEN},
)
async def post_one_shot(request: Request, response: Response, parts: Parts, token: TokenOrNone) -> OneShotCreated:
    """Store a trace; with an id of the client's own, the same trace again is the same trace.

    With `finalize` it is whole, and the answer waits for what is found out about it, as that of `…/finalize` does.
    """
    if not may_create(request, parts, token):
        raise NotAllowed("Only the server's token creates traces here.", code="unauthenticated")
    parts.limits.opening(address_of(request))
    check_json(request)
    content = await read_capped(request, MAX_BODY_BYTES)
    body, new, arrival = await asyncio.to_thread(_new_trace, content, parts.study_id, parts.now_ms())
    account = Account(new.trace_id, new.participant_id, is_signed=False)
    await parts.quotas.take(account, len(content))

    def created(connection: Connection) -> tuple[bool, str, Row[Any]]:
        is_new = open_trace(connection, parts.log, new, now_ms=parts.now_ms())
        if is_new and arrival.events:
            store_events(connection, parts.log, new.trace_id, arrival)
        fresh = draw_upload_token(connection, new.trace_id, now_ms=parts.now_ms())[0]
        return is_new, fresh, _row(connection, new.trace_id)

    is_new = False
    try:
        is_new, fresh, row = await parts.write(created)
    finally:
        if not is_new:
            parts.quotas.refund(account, len(content))
    if is_new:
        parts.metrics.accept("one_shot", chunks=1, events=arrival.events, size_bytes=len(content))
    outcome = await _outcome(parts, row) if not body.finalize else await _finalized(parts, row.trace_id)
    if body.finalize and _is_later(parts, outcome, response):
        response.status_code = 202
    return OneShotCreated(**outcome.model_dump(), upload_token=fresh)


@router.post(
    "/{own_id}/events",
    responses=problems(400, 401, 403, 404, 408, 409, 413, 415, 422, 429),
    openapi_extra=EVENTS_BODY,
)
async def post_one_shot_events(request: Request, own_id: OwnId, parts: Parts, token: Token) -> OneShotStanding:
    """Add events: all of the request or, where one of them is none, nothing of it."""
    access = await _access(parts, token, own_id)
    parts.limits.upload(access.trace_id)
    check_json(request)
    key = idempotency_key(request) if "idempotency-key" in request.headers else secrets.token_hex(32)
    content = await parts.quotas.read(
        request,
        account_of(access),
        MAX_BODY_BYTES,
        is_stored=lambda connection, _content: has_key(connection, access.trace_id, digest.sha256(key.encode())),
    )
    done = None
    try:
        arrival = await asyncio.to_thread(_more_events, content, access, key, parts.now_ms())
        done, row = await parts.write(
            lambda connection: (
                store_events(connection, parts.log, access.trace_id, arrival),
                _row(connection, access.trace_id),
            )
        )
    finally:
        settle(parts, access, done, len(content))
    return standing_of(row)


@router.post(
    "/{own_id}/finalize",
    responses=problems(401, 403, 404, 409, 422, 429) | {202: {"description": LATER, "model": OneShotOutcome}},
)
async def post_finalize(own_id: OwnId, response: Response, parts: Parts, token: Token) -> OneShotOutcome:
    """Say that the trace is whole, and wait for what is found out about it; nothing is added to it any more."""
    access = await _access(parts, token, own_id)
    parts.limits.upload(access.trace_id)
    outcome = await _finalized(parts, access.trace_id)
    if _is_later(parts, outcome, response):
        response.status_code = 202
    return outcome


@router.get("/{own_id}/qa", responses=problems(401, 403, 404, 409, 422, 429))
async def get_outcome(own_id: OwnId, parts: Parts, token: Token) -> OneShotOutcome:
    """Return where a trace stands and what was found out about it, to whoever may add to it."""
    access = await _access(parts, token, own_id)
    parts.limits.upload(access.trace_id)
    return await parts.read(
        lambda connection: outcome_of(connection, _row(connection, access.trace_id), parts.alignments)
    )


@router.get("/{own_id}", responses=problems(401, 403, 404, 422, 429))
async def get_one_shot(own_id: OwnId, parts: Parts, token: Token) -> OneShotTrace:
    """Return a trace that came in one shot, its events in order of time."""

    def read(connection: Connection) -> OneShotTrace:
        reader = reader_of(connection, token, parts.server_token)
        if reader.device_id is not None:
            parts.limits.device(reader.device_id)
        row = open_row(connection, trace_id_of(own_id))
        one_shot = row if row is not None and row.protocol == "one_shot" else None
        if one_shot is None:
            raise NotFound(f"There is no trace {own_id}.")
        may_read(reader, one_shot.participant_id, own_id)
        return one_shot_trace(connection, one_shot, parts.alignments)

    return await parts.read(read)


async def _finalized(parts: Service, trace_id: str) -> OneShotOutcome:
    """Complete a trace, and return its outcome once it is assessed, or once waiting for it takes too long."""
    row = await completed_with_follow_up(parts, trace_id)
    outcome, ends_s = await _outcome(parts, row), time.monotonic() + parts.qa.plan.wait_s
    while parts.qa.plan.is_on and outcome.qa_state in UNSETTLED and time.monotonic() < ends_s:
        await asyncio.sleep(LOOK_S)
        outcome = await _outcome(parts, row)
    return outcome


async def _outcome(parts: Service, row: Row[Any]) -> OneShotOutcome:
    return await parts.read(lambda connection: outcome_of(connection, row, parts.alignments))


def _is_later(parts: Service, outcome: OneShotOutcome, response: Response) -> bool:
    """Return whether the results are to be asked for later, and say where."""
    response.headers["Location"] = outcome.status_url
    return parts.qa.plan.is_on and outcome.qa_state in UNSETTLED


async def _access(parts: Service, token: str, own_id: str) -> OpenAccess:
    trace_id = trace_id_of(own_id)
    access = await parts.read(
        lambda connection: adder_of(connection, token, trace_id, parts.now_ms(), parts.server_token)
    )
    if access.protocol != "one_shot":
        raise StateConflict("This trace takes chunks, at /v1/traces.", code="chunked_trace")
    return access


def _row(connection: Connection, trace_id: str) -> Row[Any]:
    row = open_row(connection, trace_id)
    assert row is not None, "it was found or made in this transaction"
    return row


def _new_trace(content: bytes, study_id: str, now_ms: int) -> tuple[OneShotRequest, NewTrace, Arrival]:
    body, value = parsed(content, OneShotRequest)
    key, sha256 = secrets.token_bytes(32), body_sha256(value)
    description = redacted_text(key, body.bug_description)
    new = NewTrace(
        trace_id=trace_id_of(body.trace_id or str(uuid.uuid4())),
        protocol="one_shot",
        participant_id=body.developer_id,
        study_id=study_id,
        task_id="",
        task_title=(description.strip().splitlines() or [""])[0][:TITLE_CHARS],
        task_description=description,
        repo_origin=redacted_text(key, body.repo_url),
        start_commit="",
        opening_sha256=sha256,
        redaction_key=key,
    )
    return body, new, _arrival(body.events, key, sha256, sha256, size=len(content), now_ms=now_ms)


def _more_events(content: bytes, access: OpenAccess, key: str, now_ms: int) -> Arrival:
    body, value = parsed(content, OneShotEvents)
    # A complete trace has no key any more, and takes nothing but what it has.
    redaction_key = access.redaction_key or secrets.token_bytes(32)
    key_sha256 = digest.sha256(key.encode())
    return _arrival(
        body.events,
        redaction_key,
        key_sha256,
        body_sha256(value),
        size=len(content),
        now_ms=now_ms,
    )


def _arrival(
    events: list[OneShotEvent],
    redaction_key: bytes,
    key_sha256: str,
    sha256: str,
    *,
    size: int,
    now_ms: int,
) -> Arrival:
    return Arrival(
        key_sha256=key_sha256,
        body_sha256=sha256,
        n=None,
        rows=one_shot_rows(events, redaction_key),
        events=len(events),
        size_bytes=size,
        received_ms=now_ms,
    )
