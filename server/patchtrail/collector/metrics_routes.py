"""`GET /metrics`: what the collector counts of itself, for Prometheus."""

from __future__ import annotations

import hmac

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection, func, select

from patchtrail.collector.locality import is_local
from patchtrail.collector.metrics import METRICS_MEDIA_TYPE
from patchtrail.collector.open_tables import open_traces
from patchtrail.collector.qa_jobs import queue_told
from patchtrail.collector.route_parts import OPTIONAL_TOKEN, Parts, TokenOrNone, problems
from patchtrail.collector.tables import traces
from patchtrail.contract.errors import NotAllowed

__all__ = ["router"]

router = APIRouter(tags=["running"])
TEXT = {"description": "Prometheus' text format", "content": {"text/plain": {"schema": {"type": "string"}}}}


@router.get(
    "/metrics",
    response_class=Response,
    responses=problems(401, success=TEXT),
    openapi_extra={"security": OPTIONAL_TOKEN},
)
async def get_metrics(request: Request, parts: Parts, token: TokenOrNone) -> Response:
    """Tell what was counted: to this machine itself, and to everybody else by the server's token."""
    is_server = token is not None and hmac.compare_digest(token.encode(), parts.server_token.encode())
    is_near = token is None and parts.is_loopback and is_local(request)
    if not (is_server or is_near):
        raise NotAllowed("Off this machine, metrics need the server's token.", code="unauthenticated")
    for protocol, count in (await parts.read(_open)).items():
        parts.metrics.traces.labels(protocol).set(count)
    queue = await parts.read(lambda connection: queue_told(connection, parts.now_ms()))
    for state in ("queued", "running", "failed", "done"):
        parts.metrics.jobs.labels(state).set(getattr(queue, state))
    parts.metrics.oldest.set((queue.oldest_queued_ms or 0) / 1000)
    return Response(parts.metrics.text(), media_type=METRICS_MEDIA_TYPE)


def _open(connection: Connection) -> dict[str, int]:
    """Return how many traces are not complete, by protocol."""
    signed = select(func.count()).select_from(traces).where(traces.c.status == "open")
    unsigned = (
        select(open_traces.c.protocol, func.count())
        .where(open_traces.c.status == "open")
        .group_by(open_traces.c.protocol)
    )
    found = {row[0]: row[1] for row in connection.execute(unsigned)}
    return {"signed": connection.execute(signed).scalar_one(), "v1": 0, "one_shot": 0} | found
