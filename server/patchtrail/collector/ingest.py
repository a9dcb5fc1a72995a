"""Take in chunks: verify everything, commit, and only then sign a receipt away.

Order: caps and authentication (in the route), envelope and signature with the registered key, manifest, capped
decompression, every line and every link, place in the trace; then one transaction; the receipt is part of it.
"""

from __future__ import annotations

import asyncio
import weakref
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from patchtrail.collector.access import UploadAccess
from patchtrail.collector.database import Database
from patchtrail.collector.identity import ReceiptKey
from patchtrail.collector.tables import artifacts, chunks, forks, traces
from patchtrail.contract.errors import InvalidInput, NotFound, StateConflict
from patchtrail.integrity import receipt
from patchtrail.integrity.verify import (
    ChunkTip,
    Finding,
    OpenedChunk,
    VerifiedEvent,
    artifact_refs,
    check_position,
    late_receipt,
    open_chunk,
    read_events,
)

__all__ = ["Accepted", "Ingest"]


@dataclass(frozen=True)
class Accepted:
    """The receipt's envelope line, and whether the chunk is new."""

    receipt: bytes
    is_new: bool


class Ingest:
    """Takes one chunk at a time per trace, many traces at once."""

    def __init__(self, database: Database, key: ReceiptKey) -> None:
        self._database = database
        self._key = key
        self._turns: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    async def accept(self, access: UploadAccess, n: int, body: bytes, *, received_ms: int) -> Accepted:
        """Verify and store chunk `n`; the same chunk again gives the same receipt, byte for byte.

        Raises `InvalidInput` naming the first fault and where it is, `StateConflict` when another chunk is next,
        when an artifact is missing, or when this number is taken by another chunk (`fork`: both are kept).
        """
        turn = self._turns.setdefault(access.trace_id, asyncio.Lock())
        async with turn:
            return await asyncio.to_thread(self._accept, access, n, body, received_ms)

    def _accept(self, access: UploadAccess, n: int, body: bytes, received_ms: int) -> Accepted:
        opened = open_chunk(body, key=access.key, trace_id=access.trace_id, n=n)
        if isinstance(opened, Finding):
            raise _refusal(opened)
        tip, stored = self._database.read(lambda connection: _standing(connection, access.trace_id, n))
        if stored is not None and stored[0] == opened.chunk_id:
            return Accepted(stored[1], is_new=False)
        events = read_events(opened, tip.mono_ms if opened.manifest.n == tip.next_n else 0)
        if isinstance(events, Finding):
            raise _refusal(events)
        if stored is not None:
            self._database.write(lambda connection: _keep_fork(connection, opened, received_ms)).result()
            raise StateConflict(f"Another chunk {n} was accepted before; both are kept.", code="fork")
        _check_place(opened, tip)
        line = receipt.seal_receipt(opened.manifest, opened.chunk_id, received_ms=received_ms, key=self._key.key)
        self._database.write(lambda connection: _store(connection, opened, events, tip, line, received_ms)).result()
        return Accepted(line, is_new=True)


def _refusal(finding: Finding) -> InvalidInput:
    return InvalidInput(finding.message, code=finding.code, detail={"where": finding.where})


def _standing(connection: Connection, trace_id: str, n: int) -> tuple[ChunkTip, tuple[str, bytes] | None]:
    row = connection.execute(select(traces).where(traces.c.trace_id == trace_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no trace {trace_id}.")
    tip = ChunkTip(row.next_n, row.prev_chunk, row.head, row.next_seq, row.mono_ms, row.is_ended)
    stored = connection.execute(
        select(chunks.c.chunk_id, chunks.c.receipt).where(chunks.c.trace_id == trace_id, chunks.c.n == n)
    ).one_or_none()
    return tip, None if stored is None else (stored.chunk_id, stored.receipt)


def _check_place(opened: OpenedChunk, tip: ChunkTip) -> None:
    for finding in check_position(opened, tip):
        detail: dict[str, str | int | list[str]] = {
            "next_n": tip.next_n,
            "head": tip.head,
            "where": finding.where,
        }
        raise StateConflict(finding.message, code=finding.code, detail=detail)


def _store(
    connection: Connection,
    opened: OpenedChunk,
    events: list[VerifiedEvent],
    tip: ChunkTip,
    line: bytes,
    received_ms: int,
) -> None:
    manifest = opened.manifest
    _check_artifacts(connection, manifest.trace_id, events)
    late = len(list(late_receipt(manifest.n, made_ms=manifest.made_ms, received_ms=received_ms)))
    after = opened.tip(events[-1].event.mono_ms)
    moved = connection.execute(
        update(traces)
        .where(traces.c.trace_id == manifest.trace_id, traces.c.next_n == tip.next_n, traces.c.head == tip.head)
        .values(
            next_n=after.next_n,
            prev_chunk=after.prev_chunk,
            head=after.head,
            next_seq=after.next_seq,
            mono_ms=after.mono_ms,
            is_ended=after.is_ended,
            late_chunks=traces.c.late_chunks + late,
        )
    )
    if moved.rowcount != 1:
        raise StateConflict("The trace moved on meanwhile; send the chunk again.", code="chunk.order")
    connection.execute(
        insert(chunks).values(
            trace_id=manifest.trace_id,
            n=manifest.n,
            chunk_id=opened.chunk_id,
            envelope=opened.envelope_line,
            payload=opened.payload,
            receipt=line,
            received_ms=received_ms,
        )
    )


def _check_artifacts(connection: Connection, trace_id: str, events: list[VerifiedEvent]) -> None:
    """Refuse a chunk whose artifacts are not all on disk: a receipt promises them too."""
    named = {ref.sha256 for held in events for ref in artifact_refs(held.event)}
    if not named:
        return
    query = select(artifacts.c.sha256).where(artifacts.c.trace_id == trace_id, artifacts.c.sha256.in_(named))
    missing = sorted(named - set(connection.execute(query).scalars()))
    if missing:
        raise StateConflict(
            f"{len(missing)} artifacts must be uploaded before this chunk.",
            code="artifacts_missing",
            detail={"missing": list(missing)},
        )


def _keep_fork(connection: Connection, opened: OpenedChunk, received_ms: int) -> None:
    manifest = opened.manifest
    known = select(forks.c.chunk_id).where(
        forks.c.trace_id == manifest.trace_id, forks.c.n == manifest.n, forks.c.chunk_id == opened.chunk_id
    )
    connection.execute(update(traces).where(traces.c.trace_id == manifest.trace_id).values(is_forked=True))
    if connection.execute(known).first() is None:
        connection.execute(
            insert(forks).values(
                trace_id=manifest.trace_id,
                n=manifest.n,
                chunk_id=opened.chunk_id,
                envelope=opened.envelope_line,
                payload=opened.payload,
                received_ms=received_ms,
            )
        )
