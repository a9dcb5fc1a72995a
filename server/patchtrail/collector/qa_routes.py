"""Routes about what the collector finds out by itself: where a trace stands, once more, and how much waits."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlalchemy import Connection, select

from patchtrail.collector.access import may_read, reader_of
from patchtrail.collector.completion import follow_up
from patchtrail.collector.open_traces import open_row, uploader
from patchtrail.collector.qa_jobs import queue_told, requeue, standing
from patchtrail.collector.reading import trace_row
from patchtrail.collector.route_parts import Parts, Token, TraceIdPath, json_body, openapi_body, problems
from patchtrail.collector.service import Service
from patchtrail.collector.tables import traces
from patchtrail.collector.webhooks import deliveries_told
from patchtrail.contract.errors import NotAllowed, NotFound, StateConflict
from patchtrail.contract.qa import QaQueue, QaRerun, QaStanding
from patchtrail.contract.webhooks import WebhookDeliveries

__all__ = ["router"]

router = APIRouter(tags=["findings"])


@router.get("/v1/traces/{trace_id}/qa", responses=problems(401, 403, 404, 422, 429))
async def get_qa(trace_id: TraceIdPath, parts: Parts, token: Token) -> QaStanding:
    """Return where the assessment of a trace stands, and its newest results; to who sent it unsigned as well."""

    def read(connection: Connection) -> QaStanding:
        if uploader(connection, token, trace_id, parts.now_ms()) is None:
            _must_be_reader(connection, parts, token, trace_id)
        else:
            parts.limits.upload(trace_id)
        return standing(connection, trace_id, parts.alignments)

    return await parts.read(read)


@router.post(
    "/v1/traces/{trace_id}/qa:rerun",
    status_code=202,
    responses=problems(401, 404, 408, 409, 413, 415, 422),
    openapi_extra=openapi_body(QaRerun),
)
async def post_rerun(request: Request, trace_id: TraceIdPath, parts: Parts, token: Token) -> QaStanding:
    """Assess a complete trace again; what was found before is kept until then."""
    _must_be_server(parts, token)
    body = await json_body(request, QaRerun)

    def queued(connection: Connection) -> QaStanding:
        if _status(connection, trace_id) != "complete":
            raise StateConflict("The trace is not complete yet.", code="trace_open")
        requeue(connection, trace_id, parts.now_ms(), is_judge_only=body.judge_only)
        return standing(connection, trace_id, parts.alignments)

    told = await parts.write(queued)
    follow_up(parts)
    return told


@router.get("/v1/qa/queue", responses=problems(401))
async def get_queue(parts: Parts, token: Token) -> QaQueue:
    """Return how much waits to be assessed, and for how long."""
    _must_be_server(parts, token)
    return await parts.read(lambda connection: queue_told(connection, parts.now_ms()))


@router.get("/v1/webhooks/deliveries", responses=problems(401, 422))
async def get_deliveries(
    parts: Parts, token: Token, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> WebhookDeliveries:
    """Return the newest messages to webhooks, and what became of them."""
    _must_be_server(parts, token)
    return await parts.read(lambda connection: deliveries_told(connection, limit))


def _must_be_reader(connection: Connection, parts: Service, token: str, trace_id: str) -> None:
    reader = reader_of(connection, token, parts.server_token)
    if reader.device_id is not None:
        parts.limits.device(reader.device_id)
    unsigned = open_row(connection, trace_id)
    if unsigned is None:
        trace_row(connection, reader, trace_id)
    else:
        may_read(reader, unsigned.participant_id, trace_id)


def _must_be_server(parts: Service, token: str) -> None:
    if not hmac.compare_digest(token.encode(), parts.server_token.encode()):
        raise NotAllowed("This needs the server's token.", code="unauthenticated")


def _status(connection: Connection, trace_id: str) -> str:
    unsigned = open_row(connection, trace_id)
    found = connection.execute(select(traces.c.status).where(traces.c.trace_id == trace_id)).scalar_one_or_none()
    if unsigned is None and found is None:
        raise NotFound(f"There is no trace {trace_id}.")
    return str(found if unsigned is None else unsigned.status)
