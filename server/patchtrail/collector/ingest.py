"""Take in chunks: verify everything, commit, and only then give a receipt away.

Order: caps and authentication (in the route), envelope and signature with the registered key, manifest, capped
decompression, every line and every link, place in the trace; then one transaction, of which the leaf in the log and the
receipt are part.

One thread verifies for all traces: under one interpreter lock more threads only wait for each other. Where each trace
stands is kept in memory beside the database, which this process alone writes.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, func, insert, select, update

from patchtrail.collector.access import UploadAccess
from patchtrail.collector.database import Database
from patchtrail.collector.identity import ReceiptKey
from patchtrail.collector.log import Log, salt_of
from patchtrail.collector.tables import artifacts, chunks, forks, traces
from patchtrail.contract.errors import InvalidInput, NotFound, StateConflict
from patchtrail.integrity import chunk, receipt
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

__all__ = ["Accepted", "Ingest", "is_stored_chunk"]

KEPT_TRACES = 10_000

# Built once: to build a statement costs as much as to run it.
MOVE_TRACE = (
    update(traces)
    .where(
        traces.c.trace_id == bindparam("moved_trace"),
        traces.c.next_n == bindparam("from_n"),
        traces.c.head == bindparam("from_head"),
    )
    .values(
        next_n=bindparam("to_n"),
        prev_chunk=bindparam("to_chunk"),
        head=bindparam("to_head"),
        next_seq=bindparam("to_seq"),
        mono_ms=bindparam("to_mono_ms"),
        is_ended=bindparam("to_ended"),
        late_chunks=traces.c.late_chunks + bindparam("late"),
    )
)
KEEP_CHUNK = insert(chunks)
STORED_CHUNK = select(chunks.c.chunk_id, chunks.c.receipt).where(
    chunks.c.trace_id == bindparam("of_trace"), chunks.c.n == bindparam("at_n")
)


@dataclass(frozen=True)
class Accepted:
    """The receipt's envelope line, whether the chunk is new, and how many events it brought."""

    receipt: bytes
    is_new: bool
    events: int = 0


@dataclass
class _Standing:
    """Where a trace stands, and whose turn it is to change that."""

    tip: ChunkTip | None = None
    received_ms: int = 0
    salt: str | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True)
class _Checked:
    """A chunk that holds in its place."""

    opened: OpenedChunk
    events: list[VerifiedEvent]


@dataclass(frozen=True)
class _Stored:
    """What a chunk left behind: where the trace stands, its receipt, and the salt of its entries."""

    tip: ChunkTip
    receipt: bytes
    salt: str


class Ingest:
    """Takes one chunk at a time per trace, many traces at once."""

    def __init__(self, database: Database, key: ReceiptKey, log: Log) -> None:
        self._database = database
        self._key = key
        self._log = log
        self._verifier = ThreadPoolExecutor(1, thread_name_prefix="verifier")
        self._standings: OrderedDict[str, _Standing] = OrderedDict()

    async def accept(self, access: UploadAccess, n: int, body: bytes, *, received_ms: int) -> Accepted:
        """Verify and store chunk `n`; the same chunk again gives the same receipt, byte for byte.

        Raises `InvalidInput` naming the first fault and where it is, `StateConflict` when another chunk is next,
        when an artifact is missing, or when this number is taken by another chunk (`fork`: both are kept).
        """
        standing = self._standing(access.trace_id)
        async with standing.turn:
            if standing.tip is not None:
                tip = standing.tip
            else:
                tip, standing.received_ms = await asyncio.to_thread(self._read_tip, access.trace_id)
            # A collector's clock that is set back must not make honest receipts look backdated.
            received_ms = standing.received_ms = max(received_ms, standing.received_ms)
            work = asyncio.get_running_loop().run_in_executor
            if n < tip.next_n:
                return await work(None, self._again, access, n, body, received_ms)
            checked = await work(self._verifier, _check, access, n, body, tip)
            stored = await asyncio.wrap_future(self._store(checked, tip, received_ms, standing.salt))
            standing.tip, standing.salt = stored.tip, stored.salt
            return Accepted(stored.receipt, is_new=True, events=len(checked.events))

    @asynccontextmanager
    async def turn(self, trace_id: str) -> AsyncIterator[None]:
        """Keep a trace's chunks waiting while something else changes it; then its standing is read anew."""
        standing = self._standing(trace_id)
        async with standing.turn:
            try:
                yield
            finally:
                standing.tip = None

    def store_unread(self, connection: Connection, opened: OpenedChunk, *, received_ms: int) -> None:
        """Take in the manifest alone of a chunk that was forgotten on its way: the chain goes on without its bytes."""
        tip, newest_ms = _tip(connection, opened.manifest.trace_id)
        _check_place(opened, tip)
        received_ms = max(received_ms, newest_ms)
        _move(connection, _Checked(opened, []), tip, received_ms)
        salt = salt_of(connection, opened.manifest.trace_id)
        _keep(connection, opened, self._receipt(connection, opened, received_ms, salt), received_ms)

    def close(self) -> None:
        """End the verifying thread."""
        self._verifier.shutdown()

    def _read_tip(self, trace_id: str) -> tuple[ChunkTip, int]:
        return self._database.read(lambda connection: _tip(connection, trace_id))

    def _store(self, checked: _Checked, tip: ChunkTip, received_ms: int, salt: str | None) -> Future[_Stored]:
        def stored(connection: Connection) -> _Stored:
            manifest = checked.opened.manifest
            _check_artifacts(connection, manifest.trace_id, checked.events)
            opener = salt or salt_of(connection, manifest.trace_id)
            after = _move(connection, checked, tip, received_ms)
            line = self._receipt(connection, checked.opened, received_ms, opener)
            _keep(connection, checked.opened, line, received_ms)
            return _Stored(after, line, opener)

        return self._database.write(stored)

    def _receipt(self, connection: Connection, opened: OpenedChunk, received_ms: int, salt: str) -> bytes:
        """Log a chunk and seal its receipt, which is not given away before the commit."""
        subject = opened.chunk_id
        logged = self._log.append(connection, "chunk", salt=salt, subject=subject, received_ms=received_ms)
        key = self._key.key
        return receipt.seal_receipt(opened.manifest, subject, received_ms=received_ms, key=key, logged=logged)

    def _standing(self, trace_id: str) -> _Standing:
        standing = self._standings.setdefault(trace_id, _Standing())
        self._standings.move_to_end(trace_id)
        oldest = next(iter(self._standings.values()))
        if len(self._standings) > KEPT_TRACES and not oldest.turn.locked():
            self._standings.popitem(last=False)
        return standing

    def _again(self, access: UploadAccess, n: int, body: bytes, received_ms: int) -> Accepted:
        """Answer a chunk whose number is taken: with its receipt, or as a fork, of which both sides are kept."""
        opened = _opened(access, n, body)
        where = {"of_trace": access.trace_id, "at_n": n}
        stored = self._database.read(lambda connection: connection.execute(STORED_CHUNK, where).one())
        if stored.chunk_id == opened.chunk_id:
            return Accepted(stored.receipt, is_new=False)
        _events(opened, 0)
        self._database.write(lambda connection: _keep_fork(connection, opened, received_ms)).result()
        raise StateConflict(f"Another chunk {n} was accepted before; both are kept.", code="fork")


def _check(access: UploadAccess, n: int, body: bytes, tip: ChunkTip) -> _Checked:
    opened = _opened(access, n, body)
    _check_place(opened, tip)
    return _Checked(opened, _events(opened, tip.mono_ms))


def is_stored_chunk(connection: Connection, trace_id: str, n: int, body: bytes) -> bool:
    """Return whether this very chunk is stored under this number."""
    query = select(chunks.c.envelope, chunks.c.payload).where(chunks.c.trace_id == trace_id, chunks.c.n == n)
    row = connection.execute(query).one_or_none()
    return row is not None and chunk.join_body(row.envelope, row.payload) == body


def _opened(access: UploadAccess, n: int, body: bytes) -> OpenedChunk:
    opened = open_chunk(body, key=access.key, trace_id=access.trace_id, n=n)
    if isinstance(opened, Finding):
        raise _refusal(opened)
    return opened


def _events(opened: OpenedChunk, mono_ms: int) -> list[VerifiedEvent]:
    events = read_events(opened, mono_ms)
    if isinstance(events, Finding):
        raise _refusal(events)
    return events


def _refusal(finding: Finding) -> InvalidInput:
    return InvalidInput(finding.message, code=finding.code, detail={"where": finding.where})


def _tip(connection: Connection, trace_id: str) -> tuple[ChunkTip, int]:
    """Return where a trace stands, and when something of it was received last: its newest chunk, else its opening."""
    row = connection.execute(select(traces).where(traces.c.trace_id == trace_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no trace {trace_id}.")
    newest = select(func.max(chunks.c.received_ms)).where(chunks.c.trace_id == trace_id)
    received_ms = connection.execute(newest).scalar_one() or row.created_ms
    return ChunkTip(row.next_n, row.prev_chunk, row.head, row.next_seq, row.mono_ms, row.is_ended), received_ms


def _check_place(opened: OpenedChunk, tip: ChunkTip) -> None:
    for finding in check_position(opened, tip):
        detail: dict[str, str | int | list[str]] = {
            "next_n": tip.next_n,
            "head": tip.head,
            "where": finding.where,
        }
        raise StateConflict(finding.message, code=finding.code, detail=detail)


def _move(connection: Connection, checked: _Checked, tip: ChunkTip, received_ms: int) -> ChunkTip:
    """Write the trace's new standing, and return it."""
    manifest = checked.opened.manifest
    after = checked.opened.tip(checked.events[-1].event.mono_ms if checked.events else tip.mono_ms)
    move = {
        "moved_trace": manifest.trace_id,
        "from_n": tip.next_n,
        "from_head": tip.head,
        "to_n": after.next_n,
        "to_chunk": after.prev_chunk,
        "to_head": after.head,
        "to_seq": after.next_seq,
        "to_mono_ms": after.mono_ms,
        "to_ended": after.is_ended,
        "late": len(list(late_receipt(manifest.n, made_ms=manifest.made_ms, received_ms=received_ms))),
    }
    if connection.execute(MOVE_TRACE, move).rowcount != 1:
        raise StateConflict("The trace moved on meanwhile; send the chunk again.", code="chunk.order")
    return after


def _keep(connection: Connection, opened: OpenedChunk, receipt_line: bytes, received_ms: int) -> None:
    """Write a chunk and its receipt."""
    kept = {
        "trace_id": opened.manifest.trace_id,
        "n": opened.manifest.n,
        "chunk_id": opened.chunk_id,
        "envelope": opened.envelope_line,
        "payload": opened.payload,
        "receipt": receipt_line,
        "received_ms": received_ms,
    }
    connection.execute(KEEP_CHUNK, kept)


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
