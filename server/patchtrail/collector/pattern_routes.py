"""Routes of libraries of patterns: whoever reads here reads them, the server's token alone writes."""

from __future__ import annotations

import asyncio
import re
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import Connection

from patchtrail.collector.access import Reader, reader_of
from patchtrail.collector.limits import read_capped
from patchtrail.collector.patterns import (
    add_version,
    checked_version,
    newest_of_each,
    newest_version,
    revisions_of,
    version,
)
from patchtrail.collector.route_parts import Parts, Token, check_json, openapi_body, problems
from patchtrail.collector.service import Service
from patchtrail.contract.errors import InvalidInput, NotAllowed
from patchtrail.contract.learning import LIBRARY_NAME, PatternFile, PatternRevision, PatternRevisions

__all__ = ["router"]

router = APIRouter(prefix="/v1/patterns", tags=["patterns"])

MAX_LIBRARY_BYTES = 4 * 1024 * 1024
WRITER = "server"
TAG = re.compile(r'(?<!W/)"([0-9a-f]{64})"')
LibraryPath = Annotated[str, Path(pattern=LIBRARY_NAME)]
RevisionPath = Annotated[int, Path(ge=1, le=2**31)]


@router.get("", responses=problems(401, 403, 429))
async def get_libraries(parts: Parts, token: Token) -> PatternRevisions:
    """Return the newest version of every library, by name."""

    def read(connection: Connection) -> PatternRevisions:
        _reader(connection, parts, token)
        return newest_of_each(connection)

    return await parts.read(read)


@router.get("/{library}", response_model=PatternFile, responses=problems(401, 403, 404, 422, 429))
async def get_library(library: LibraryPath, parts: Parts, token: Token) -> Response:
    """Return a library as it is now; the header `ETag` names the version for whoever writes the next one."""

    def read(connection: Connection) -> tuple[PatternRevision, bytes]:
        _reader(connection, parts, token)
        return newest_version(connection, library)

    return _answer(*await parts.read(read))


@router.put(
    "/{library}",
    responses=problems(401, 403, 408, 412, 413, 415, 422, 428, 429),
    openapi_extra=openapi_body(PatternFile),
)
async def put_library(
    request: Request, response: Response, library: LibraryPath, parts: Parts, token: Token
) -> PatternRevision:
    """Store a library's next version, where `If-Match` names its newest, or `If-None-Match: *` says that it is new."""
    await parts.read(lambda connection: _may_write(_reader(connection, parts, token)))
    seen = _seen(request)
    check_json(request)
    made = await asyncio.to_thread(checked_version, await read_capped(request, MAX_LIBRARY_BYTES), parts.now_ms())
    told = await parts.write(
        lambda connection: add_version(connection, library, made, seen, written_by=WRITER, now_ms=parts.now_ms())
    )
    response.headers["ETag"] = f'"{told.sha256}"'
    return told


@router.get("/{library}/revisions", responses=problems(401, 403, 404, 422, 429))
async def get_revisions(
    library: LibraryPath,
    parts: Parts,
    token: Token,
    before: Annotated[int | None, Query(ge=1)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> PatternRevisions:
    """Return a library's history, the newest version first."""

    def read(connection: Connection) -> PatternRevisions:
        _reader(connection, parts, token)
        return revisions_of(connection, library, before=before, limit=limit)

    return await parts.read(read)


@router.get("/{library}/revisions/{revision}", response_model=PatternFile, responses=problems(401, 403, 404, 422, 429))
async def get_revision(library: LibraryPath, revision: RevisionPath, parts: Parts, token: Token) -> Response:
    """Return a library as it was."""

    def read(connection: Connection) -> tuple[PatternRevision, bytes]:
        _reader(connection, parts, token)
        return version(connection, library, revision)

    return _answer(*await parts.read(read))


def _reader(connection: Connection, parts: Service, token: str) -> Reader:
    reader = reader_of(connection, token, parts.server_token)
    if reader.device_id is not None:
        parts.limits.device(reader.device_id)
    return reader


def _may_write(reader: Reader) -> None:
    """Refuse a device: what one participant writes must not stand in the prompts of the others."""
    if reader.participant_id is not None:
        raise NotAllowed("A device reads shared patterns; writing them needs the server's token.")


def _seen(request: Request) -> list[str]:
    """Return the versions that a writer has read, none for whoever creates a library (RFC 9110, sections 13.1.1-2).

    Raises `InvalidInput`, code `precondition_required`, where neither is said: a write must not undo what nobody saw.
    """
    told = request.headers.get("if-match", "*").strip()
    if told != "*":
        return TAG.findall(told) or [told]
    if request.headers.get("if-none-match", "").strip() != "*":
        message = "Name the version that you read, `If-Match: ETAG`, or create the library with `If-None-Match: *`."
        raise InvalidInput(message, code="precondition_required")
    return []


def _answer(told: PatternRevision, content: bytes) -> Response:
    headers = {"ETag": f'"{told.sha256}"', "X-Content-Type-Options": "nosniff"}
    return Response(content, headers=headers, media_type="application/json")
