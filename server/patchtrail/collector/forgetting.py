"""Forget chunks on the device's signed request: drop their bytes, keep their manifests, and sign that it is done.

The order is what keeps the promise: while the trace's turn is held, the blobs are unlinked and the rows emptied in
one transaction that also stores the answer; then the write-ahead log is emptied; only then is the answer given away.
Killed on the way, the collector does it again when the device asks again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection, delete, insert, select, update

from patchtrail.collector.access import UploadAccess
from patchtrail.collector.bases import drop_unused
from patchtrail.collector.blobs import Blobs
from patchtrail.collector.forgetting_tables import deletions, forgotten_chunks
from patchtrail.collector.ingest import Ingest
from patchtrail.collector.qa_jobs import start_over
from patchtrail.collector.qa_results import drop_results
from patchtrail.collector.quotas import Account, stored_bytes
from patchtrail.collector.service import Service
from patchtrail.collector.tables import artifacts, chunks, forks
from patchtrail.contract.errors import InvalidInput, StateConflict
from patchtrail.contract.forgetting import ChunkRef, Deletion, Forget, ForgetAnswer, ForgetRequest, ForgottenChunk
from patchtrail.integrity import canonical, chunk, dsse, forgetting
from patchtrail.integrity.dsse import Opened
from patchtrail.integrity.verify import Finding, OpenedChunk, artifact_refs, open_chunk, read_events

__all__ = ["deletions_of", "drop_orphans", "forget"]

Dropped = TypeVar("Dropped")


@dataclass(frozen=True)
class _Asked:
    """A request that holds, and the manifests that came with it, by number."""

    request: Opened[Forget]
    envelope_line: bytes
    manifests: dict[int, OpenedChunk]
    forgotten_ms: int

    @property
    def trace_id(self) -> str:
        return self.request.statement.trace_id

    @property
    def numbers(self) -> list[int]:
        return [one.n for one in self.request.statement.chunks]


async def forget(service: Service, access: UploadAccess, body: ForgetRequest) -> ForgetAnswer:
    """Drop what a device asks for; the same request again gets the same answer.

    A chunk that was on its way and never came is taken in by its manifest alone, so that the chain goes on, and its
    bytes are refused from then on. Raises `InvalidInput` when the request does not hold, `StateConflict` when it
    names a chunk that is neither here nor next.
    """
    asked = _opened(access, body, service.now_ms())
    async with service.ingest.turn(access.trace_id):
        answer = await _answered(service, access, asked)
    await asyncio.wrap_future(service.database.scrub())
    return answer


async def _answered(service: Service, access: UploadAccess, asked: _Asked) -> ForgetAnswer:
    known = await service.read(lambda connection: _stored_answer(connection, asked))
    if known is not None:
        return known
    kept = await service.read(lambda connection: _kept_references(connection, asked))
    account = Account(access.trace_id, access.participant_id, is_signed=True)
    await service.quotas.load(account)
    answer, freed = await service.write(
        lambda connection: _measured(connection, account, lambda: _drop(connection, asked, kept, service))
    )
    service.quotas.refund(account, freed)
    return answer


def deletions_of(connection: Connection, trace_id: str) -> tuple[Deletion, ...]:
    """Return the requests and answers of a trace, oldest first."""
    query = select(deletions).where(deletions.c.trace_id == trace_id).order_by(deletions.c.forgotten_ms)
    return tuple(
        Deletion(request=dsse.parse_envelope(row.request), forgotten=dsse.parse_envelope(row.answer))
        for row in connection.execute(query)
    )


def drop_orphans(connection: Connection, trace_id: str, blobs: Blobs) -> None:
    """Drop what no chunk of a whole trace refers to, if something of it was forgotten.

    An artifact of a forgotten chunk may have come late, out of a connection that was thought to be lost.
    """
    forgotten = select(forgotten_chunks.c.n).where(forgotten_chunks.c.trace_id == trace_id)
    if connection.execute(forgotten).first() is not None:
        _drop_artifacts(connection, trace_id, _references(connection, trace_id, set()), blobs)


def _measured(connection: Connection, account: Account, drop: Callable[[], Dropped]) -> tuple[Dropped, int]:
    """Drop something, and return by how many bytes the trace became smaller."""
    before = stored_bytes(connection, account)[0]
    dropped = drop()
    return dropped, before - stored_bytes(connection, account)[0]


def _opened(access: UploadAccess, body: ForgetRequest, now_ms: int) -> _Asked:
    request = forgetting.open_forget(body.request, access.key)
    for finding in forgetting.check_forget(request.statement, trace_id=access.trace_id, key=access.key):
        raise InvalidInput(finding.message, code=finding.code, detail={"where": finding.where})
    manifests = dict[int, OpenedChunk]()
    for envelope in body.manifests:
        opened = _manifest(access, canonical.encode(envelope.model_dump()), request.statement)
        manifests[opened.manifest.n] = opened
    return _Asked(request, canonical.encode(body.request.model_dump()), manifests, now_ms)


def _manifest(access: UploadAccess, line: bytes, request: Forget) -> OpenedChunk:
    for ref in request.chunks:
        opened = open_chunk(chunk.join_body(line, b""), key=access.key, trace_id=access.trace_id, n=ref.n)
        if not isinstance(opened, Finding) and opened.chunk_id == ref.chunk_id:
            return opened
    raise InvalidInput("A manifest is not that of a chunk which the request names.", code="forget.manifest")


def _stored_answer(connection: Connection, asked: _Asked) -> ForgetAnswer | None:
    stored = select(deletions.c.answer).where(
        deletions.c.trace_id == asked.trace_id,
        deletions.c.request_sha256 == forgetting.request_sha256(asked.request),
    )
    line = connection.execute(stored).scalar_one_or_none()
    return None if line is None else _answer(connection, asked, line)


def _answer(connection: Connection, asked: _Asked, line: bytes) -> ForgetAnswer:
    query = select(chunks.c.n, chunks.c.receipt).where(
        chunks.c.trace_id == asked.trace_id, chunks.c.n.in_(asked.numbers)
    )
    receipts = {row.n: row.receipt for row in connection.execute(query)}
    return ForgetAnswer(
        forgotten=dsse.parse_envelope(line), receipts=[dsse.parse_envelope(receipts[n]) for n in asked.numbers]
    )


def _kept_references(connection: Connection, asked: _Asked) -> set[str]:
    return _references(connection, asked.trace_id, set(asked.numbers))


def _references(connection: Connection, trace_id: str, without: set[int]) -> set[str]:
    """Return the artifacts that the chunks of a trace refer to; one chunk at a time is in memory."""
    names = set[str]()
    query = select(chunks.c.n).where(chunks.c.trace_id == trace_id)
    for n in connection.execute(query).scalars().all():
        if n not in without:
            names |= _references_of(connection, trace_id, n)
    return names


def _references_of(connection: Connection, trace_id: str, n: int) -> set[str]:
    query = select(chunks.c.envelope, chunks.c.payload).where(chunks.c.trace_id == trace_id, chunks.c.n == n)
    row = connection.execute(query).one()
    if not row.payload:
        return set()
    manifest = chunk.stated_manifest(row.envelope)
    events = read_events(OpenedChunk(manifest, "", row.envelope, row.payload), 0)
    assert not isinstance(events, Finding), "the chunk was verified before it was stored"
    return {ref.sha256 for held in events for ref in artifact_refs(held.event)}


def _drop(connection: Connection, asked: _Asked, kept: set[str], service: Service) -> ForgetAnswer:
    """Empty the rows, unlink the blobs, and store the answer, in one transaction."""
    gone = [_drop_chunk(connection, asked, ref, service.ingest) for ref in asked.request.statement.chunks]
    dropped = _drop_artifacts(connection, asked.trace_id, kept, service.blobs)
    drop_results(connection, asked.trace_id)
    start_over(connection, asked.trace_id, service.now_ms())
    line = forgetting.seal_forgotten(
        asked.request, gone, artifacts=dropped, forgotten_ms=asked.forgotten_ms, key=service.key.key
    )
    connection.execute(
        insert(deletions).values(
            trace_id=asked.trace_id,
            request_sha256=forgetting.request_sha256(asked.request),
            request=asked.envelope_line,
            answer=line,
            forgotten_ms=asked.forgotten_ms,
        )
    )
    return _answer(connection, asked, line)


def _drop_chunk(connection: Connection, asked: _Asked, ref: ChunkRef, ingest: Ingest) -> ForgottenChunk:
    here = (chunks.c.trace_id == asked.trace_id) & (chunks.c.n == ref.n)
    row = connection.execute(select(chunks.c.chunk_id, chunks.c.envelope, chunks.c.payload).where(here)).one_or_none()
    if row is not None and row.chunk_id != ref.chunk_id:
        raise StateConflict(f"Chunk {ref.n} is another one here than the request names.", code="forget.chunk_id")
    if row is None:
        if ref.n not in asked.manifests:
            raise StateConflict(
                f"Chunk {ref.n} is not here, and its manifest did not come along.", code="forget.unknown"
            )
        ingest.store_unread(connection, asked.manifests[ref.n], received_ms=asked.forgotten_ms)
        head_out = asked.manifests[ref.n].manifest.head_out
    else:
        connection.execute(update(chunks).where(here).values(payload=b""))
        head_out = chunk.stated_manifest(row.envelope).head_out
    connection.execute(update(forks).where(forks.c.trace_id == asked.trace_id, forks.c.n == ref.n).values(payload=b""))
    connection.execute(insert(forgotten_chunks).prefix_with("OR IGNORE").values(trace_id=asked.trace_id, n=ref.n))
    return ForgottenChunk(n=ref.n, chunk_id=ref.chunk_id, head_out=head_out, is_unread=row is None)


def _drop_artifacts(connection: Connection, trace_id: str, kept: set[str], blobs: Blobs) -> int:
    """Drop a trace's artifacts that nothing kept refers to; a blob that another trace has stays."""
    query = select(artifacts.c.sha256).where(artifacts.c.trace_id == trace_id)
    dropped = sorted(set(connection.execute(query).scalars()) - kept)
    for sha256 in dropped:
        connection.execute(delete(artifacts).where(artifacts.c.trace_id == trace_id, artifacts.c.sha256 == sha256))
        drop_unused(connection, blobs, sha256)
    return len(dropped)
