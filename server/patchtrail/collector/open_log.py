"""Commits what is stored of unsigned traces to the log, so that a row of theirs that was changed by hand is found.

Nobody signed such a trace, so a leaf says nothing of who made it: only that what stands in the rows now is what was
stored when the leaf was made.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import JsonValue
from sqlalchemy import Connection, insert, select, update

from patchtrail.collector.log import Log
from patchtrail.collector.open_tables import open_chunks, open_events, open_leaves, open_traces
from patchtrail.integrity import canonical, digest

__all__ = ["OpenEntry", "chunk_subject", "end_subject", "enter_chunk", "enter_end", "enter_opening", "opening_subject"]

OpenEntry = Literal["open_trace", "open_chunk", "open_end"]
Fields = Mapping[Any, Any]
OPENING = (
    *("trace_id", "protocol", "participant_id", "study_id", "task_id", "task_title", "task_description"),
    *("repo_origin", "start_commit", "created_ms", "opening_sha256"),
)
CHUNK = ("trace_id", "n", "key_sha256", "body_sha256", "events", "received_ms", "size_bytes")
EVENT = ("event_n", "part", "event_id", "seq", "ts_us", "told_at", "received_ms", "type", "kind")
END = ("trace_id", "next_n", "next_seq", "size_bytes", "updated_ms")


def opening_subject(trace: Fields) -> str:
    """Return what the leaf of a trace's opening is about: the row as far as it never changes."""
    return _subject("open_trace", {"trace": _told(trace, OPENING)})


def chunk_subject(chunk: Fields, events: Iterable[Fields]) -> str:
    """Return what the leaf of a chunk is about: its row, and those of its events in their order."""
    told: list[JsonValue] = [[*_told(event, EVENT), digest.sha256(event["fields"])] for event in events]
    return _subject("open_chunk", {"chunk": _told(chunk, CHUNK), "events": told})


def end_subject(trace: Fields) -> str:
    """Return what the leaf of a trace's completion is about: how much it held, and when that was."""
    return _subject("open_end", {"trace": _told(trace, END)})


def enter_opening(connection: Connection, log: Log, trace_id: str) -> None:
    """Log a trace that was just opened."""
    row = connection.execute(select(open_traces).where(open_traces.c.trace_id == trace_id)).one()._mapping
    _enter(connection, log, trace_id, ("open_trace", 0), opening_subject(row), row["created_ms"])


def enter_chunk(connection: Connection, log: Log, trace_id: str, n: int, first_event: int) -> None:
    """Log a chunk that was just stored; its events are those from `first_event` on."""
    chosen = select(open_chunks).where(open_chunks.c.trace_id == trace_id, open_chunks.c.n == n)
    chunk = connection.execute(chosen).one()._mapping
    mine = select(open_events).where(open_events.c.trace_id == trace_id, open_events.c.event_n >= first_event)
    events = connection.execute(mine.order_by(open_events.c.event_n, open_events.c.part)).mappings()
    _enter(connection, log, trace_id, ("open_chunk", n), chunk_subject(chunk, events), chunk["received_ms"])


def enter_end(connection: Connection, log: Log, trace_id: str) -> None:
    """Log that a trace was just completed."""
    row = connection.execute(select(open_traces).where(open_traces.c.trace_id == trace_id)).one()._mapping
    _enter(connection, log, trace_id, ("open_end", 0), end_subject(row), row["updated_ms"])


def _enter(
    connection: Connection, log: Log, trace_id: str, place: tuple[OpenEntry, int], subject: str, received_ms: int
) -> None:
    kind, n = place
    logged = log.append(connection, kind, salt=_salt_of(connection, trace_id), subject=subject, received_ms=received_ms)
    row = {"trace_id": trace_id, "kind": kind, "n": n, "leaf_index": logged.leaf_index, "received_ms": received_ms}
    connection.execute(insert(open_leaves).values(**row))


def _salt_of(connection: Connection, trace_id: str) -> str:
    """Return a trace's salt, which is drawn with its first entry."""
    mine = open_traces.c.trace_id == trace_id
    salt = connection.execute(select(open_traces.c.log_salt).where(mine)).scalar_one()
    if salt is None:
        salt = secrets.token_hex(32)
        connection.execute(update(open_traces).where(mine).values(log_salt=salt))
    return str(salt)


def _told(row: Fields, columns: tuple[str, ...]) -> list[JsonValue]:
    """Return columns as texts: a time in microseconds is beyond what canonical JSON carries as a number."""
    return [None if row[name] is None else str(row[name]) for name in columns]


def _subject(kind: OpenEntry, told: dict[str, JsonValue]) -> str:
    return digest.sha256(canonical.encode({"v": 1, "y": kind, **told}))
