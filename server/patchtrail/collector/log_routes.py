"""Routes of the transparency log, which anybody may read: its newest checkpoint, and proofs of what is in it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from patchtrail.collector.log import Log, size_of, subtrees
from patchtrail.collector.route_parts import Parts, problems
from patchtrail.contract.errors import InvalidInput, PatchtrailError
from patchtrail.contract.transparency import ConsistencyProof, InclusionProof
from patchtrail.contract.wire import MAX_SAFE_INTEGER
from patchtrail.integrity import merkle
from patchtrail.integrity.merkle import Span

__all__ = ["publishing", "router"]

router = APIRouter(prefix="/v1/log", tags=["log"])

PUBLISH_EVERY_S = 30.0
Place = Annotated[int, Query(ge=0, le=MAX_SAFE_INTEGER)]
NOTE = {"description": "The checkpoint, a signed note (c2sp.org/tlog-checkpoint)", "content": {"text/plain": {}}}


@contextlib.asynccontextmanager
async def publishing(log: Log) -> AsyncIterator[None]:
    """Sign a checkpoint twice a minute if the log has grown, whether or not anybody asks, and once at the end."""

    async def sign() -> None:
        # The log has said why, and asking for a checkpoint says it again; a locked or full database may let us soon.
        with contextlib.suppress(PatchtrailError, SQLAlchemyError, OSError):
            await asyncio.to_thread(log.publish)

    async def again() -> None:
        while True:
            await asyncio.sleep(PUBLISH_EVERY_S)
            await sign()

    task = asyncio.create_task(again())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await sign()


@router.get("/checkpoint", response_class=Response, responses=problems(503, success=NOTE))
async def get_checkpoint(parts: Parts) -> Response:
    """Return the newest checkpoint: what the log was, signed, within a minute of its growth."""
    note = await asyncio.to_thread(parts.log.publish)
    headers = {"Cache-Control": "no-store"}
    return Response(note.encode(), media_type="text/plain; charset=utf-8", headers=headers)


@router.get("/proof/inclusion", responses=problems(422, 503))
async def get_inclusion(parts: Parts, index: Place, size: Place) -> InclusionProof:
    """Prove that a leaf is in the tree that the log was at `size`."""
    if index >= size:
        raise InvalidInput(f"A tree of {size} leaves has no leaf {index}.", code="log.index")

    def proven(connection: Connection) -> list[str]:
        return _hashes(connection, merkle.inclusion_spans(index, size), size)

    return InclusionProof(index=index, size=size, hashes=await parts.read(proven))


@router.get("/proof/consistency", responses=problems(422, 503))
async def get_consistency(
    parts: Parts, from_size: Annotated[int, Query(alias="from", ge=0, le=MAX_SAFE_INTEGER)], to: Place
) -> ConsistencyProof:
    """Prove that the tree that the log was at `to` begins with the one that it was at `from`."""
    if from_size > to:
        raise InvalidInput("A log only grows: `from` is at most `to`.", code="log.size")

    def proven(connection: Connection) -> list[str]:
        return _hashes(connection, merkle.consistency_spans(from_size, to), to)

    return ConsistencyProof(from_size=from_size, to_size=to, hashes=await parts.read(proven))


def _hashes(connection: Connection, spans: list[Span], size: int) -> list[str]:
    current = size_of(connection)
    if size > current:
        raise InvalidInput(f"The log has {current} leaves.", code="log.size", detail={"size": current})
    found = subtrees(connection, [node for span in spans for node in merkle.perfect_nodes(span)])
    return [merkle.fold([found[node] for node in merkle.perfect_nodes(span)]).hex() for span in spans]
