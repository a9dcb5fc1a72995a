"""Traces of clients that sign nothing: opened, added to, completed. Both open protocols end here, in one store."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Row, insert, select, update

from patchtrail.collector.log import Log
from patchtrail.collector.open_bodies import EventRow
from patchtrail.collector.open_log import enter_chunk, enter_end, enter_opening
from patchtrail.collector.open_tables import open_chunks, open_events, open_traces, open_upload_tokens
from patchtrail.collector.tables import traces
from patchtrail.collector.tokens import UPLOAD_PREFIX, draw_token, is_well_formed, stored_form
from patchtrail.contract.errors import InvalidInput, NotAllowed, NotFound, StateConflict

__all__ = [
    "Arrival",
    "NewTrace",
    "OpenAccess",
    "Stored",
    "complete_open",
    "draw_upload_token",
    "has_key",
    "is_open_trace",
    "new_trace_id",
    "open_access",
    "open_row",
    "open_trace",
    "store_events",
    "uploader",
]

TOKEN_LIFETIME_MS = 24 * 3600 * 1000
Protocol = Literal["v1", "one_shot"]


@dataclass(frozen=True)
class NewTrace:
    """What is known when a trace is opened; texts are redacted, `trace_id` is drawn or the client's own."""

    trace_id: str
    protocol: Protocol
    participant_id: str
    study_id: str
    task_id: str
    task_title: str
    task_description: str
    repo_origin: str
    start_commit: str
    opening_sha256: str
    redaction_key: bytes


@dataclass(frozen=True)
class OpenAccess:
    """The right to add to one open trace; the key of its placeholders is gone once it is complete."""

    trace_id: str
    protocol: Protocol
    participant_id: str
    redaction_key: bytes | None


@dataclass(frozen=True)
class Arrival:
    """Events that came in one request; `n` is None where the protocol numbers nothing."""

    key_sha256: str
    body_sha256: str
    n: int | None
    rows: list[EventRow]
    events: int
    size_bytes: int
    received_ms: int


@dataclass(frozen=True)
class Stored:
    """Where a request's events are, and when they came; the same for the same request again."""

    n: int
    events: int
    received_ms: int
    is_new: bool


def open_trace(connection: Connection, log: Log, new: NewTrace, *, now_ms: int) -> bool:
    """Open a trace; return False when the same was opened before.

    Raises `StateConflict` when its id is taken by another.
    """
    known = open_row(connection, new.trace_id)
    if known is not None and known.opening_sha256 == new.opening_sha256 and known.protocol == new.protocol:
        return False
    is_signed = connection.execute(select(traces.c.trace_id).where(traces.c.trace_id == new.trace_id)).first()
    if known is not None or is_signed is not None:
        raise StateConflict("This trace id is taken by another trace.", code="trace_exists")
    place = {"status": "open", "created_ms": now_ms, "updated_ms": now_ms, "next_n": 0, "next_seq": 0, "size_bytes": 0}
    connection.execute(insert(open_traces).values(**vars(new), **place))
    enter_opening(connection, log, new.trace_id)
    return True


def draw_upload_token(connection: Connection, trace_id: str, *, now_ms: int) -> tuple[str, int]:
    """Return a fresh upload token for an open trace, and until when it holds."""
    token, expires_ms = draw_token(UPLOAD_PREFIX), now_ms + TOKEN_LIFETIME_MS
    connection.execute(
        insert(open_upload_tokens).values(token_hash=stored_form(token), trace_id=trace_id, expires_ms=expires_ms)
    )
    return token, expires_ms


def open_row(connection: Connection, trace_id: str) -> Row[Any] | None:
    """Return an open trace's row."""
    return connection.execute(select(open_traces).where(open_traces.c.trace_id == trace_id)).one_or_none()


def is_open_trace(connection: Connection, trace_id: str) -> bool:
    """Return whether a trace came over an open protocol."""
    return open_row(connection, trace_id) is not None


def open_access(connection: Connection, trace_id: str) -> OpenAccess:
    """Return the right to add to a trace, for one who may add to all; raises `NotFound`."""
    row = open_row(connection, trace_id)
    if row is None:
        raise NotFound(f"There is no open trace {trace_id}.")
    return OpenAccess(trace_id, row.protocol, row.participant_id, row.redaction_key)


def uploader(connection: Connection, token: str, trace_id: str, now_ms: int) -> OpenAccess | None:
    """Return the right to add to a trace, or None when the token is of no open trace.

    Raises `NotAllowed` when it is for another one.
    """
    if not (token.startswith(UPLOAD_PREFIX) and is_well_formed(token)):
        return None
    row = connection.execute(
        select(open_upload_tokens).where(open_upload_tokens.c.token_hash == stored_form(token))
    ).one_or_none()
    if row is None or row.expires_ms <= now_ms:
        return None
    if row.trace_id != trace_id:
        raise NotAllowed("This upload token is for another trace.", code="wrong_trace")
    return open_access(connection, trace_id)


def store_events(connection: Connection, log: Log, trace_id: str, arrival: Arrival) -> Stored:
    """Store a request's events; the same request again changes nothing and gets the same answer.

    Raises `InvalidInput` when its key came with another body, `StateConflict` when another chunk is next or the
    trace is complete.
    """
    row = open_row(connection, trace_id)
    if row is None:
        raise NotFound(f"There is no open trace {trace_id}.")
    again = _stored_before(connection, trace_id, arrival)
    if again is not None:
        return again
    if row.status == "complete":
        raise StateConflict("The trace is complete; nothing can be added to it.", code="trace_complete")
    n = row.next_n if arrival.n is None else arrival.n
    if n != row.next_n:
        message = f"Chunk {row.next_n} is next, not {n}."
        raise StateConflict(message, code="chunk.order", detail={"expected_chunk_seq": row.next_n})
    received_ms = max(arrival.received_ms, row.updated_ms)
    _insert_events(connection, trace_id, arrival.rows, first_event=row.next_seq, received_ms=received_ms)
    kept = {"key_sha256": arrival.key_sha256, "body_sha256": arrival.body_sha256, "events": arrival.events}
    kept |= {"size_bytes": arrival.size_bytes}
    connection.execute(insert(open_chunks).values(trace_id=trace_id, n=n, received_ms=received_ms, **kept))
    connection.execute(
        update(open_traces)
        .where(open_traces.c.trace_id == trace_id)
        .values(
            next_n=n + 1,
            next_seq=row.next_seq + arrival.events,
            size_bytes=row.size_bytes + arrival.size_bytes,
            updated_ms=received_ms,
        )
    )
    enter_chunk(connection, log, trace_id, n, row.next_seq)
    return Stored(n, arrival.events, received_ms, is_new=True)


def has_key(connection: Connection, trace_id: str, key_sha256: str) -> bool:
    """Return whether something came to a trace under an idempotency key."""
    query = select(open_chunks.c.n).where(open_chunks.c.trace_id == trace_id, open_chunks.c.key_sha256 == key_sha256)
    return connection.execute(query).first() is not None


def complete_open(connection: Connection, log: Log, trace_id: str, *, now_ms: int) -> Row[Any]:
    """Mark a trace as whole, and forget the key of its placeholders; doing it again changes nothing."""
    done = connection.execute(
        update(open_traces)
        .where(open_traces.c.trace_id == trace_id, open_traces.c.status == "open")
        .values(status="complete", updated_ms=now_ms, redaction_key=None)
    )
    row = open_row(connection, trace_id)
    if row is None:
        raise NotFound(f"There is no open trace {trace_id}.")
    if done.rowcount:
        enter_end(connection, log, trace_id)
    return row


def new_trace_id() -> str:
    """Draw the id of a trace."""
    return f"trace-{secrets.token_hex(16)}"


def _stored_before(connection: Connection, trace_id: str, arrival: Arrival) -> Stored | None:
    mine = open_chunks.c.trace_id == trace_id
    known = connection.execute(
        select(open_chunks).where(mine, open_chunks.c.key_sha256 == arrival.key_sha256)
    ).one_or_none()
    if known is not None and known.body_sha256 != arrival.body_sha256:
        message = "This Idempotency-Key came before with another body."
        raise InvalidInput(message, code="idempotency.mismatch")
    if known is None and arrival.n is not None:
        known = connection.execute(
            select(open_chunks).where(
                mine, open_chunks.c.n == arrival.n, open_chunks.c.body_sha256 == arrival.body_sha256
            )
        ).one_or_none()
    return None if known is None else Stored(known.n, known.events, known.received_ms, is_new=False)


def _insert_events(
    connection: Connection, trace_id: str, rows: Iterable[EventRow], *, first_event: int, received_ms: int
) -> None:
    values, event_n = [], first_event - 1
    for row in rows:
        event_n += row.part == 0
        values.append({"trace_id": trace_id, "event_n": event_n, "received_ms": received_ms, **vars(row)})
    if values:
        connection.execute(insert(open_events), values)
