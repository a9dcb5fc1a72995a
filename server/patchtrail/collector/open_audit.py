"""Audit traces that nobody signed: hold every row of theirs to the leaf that was made when it was stored."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from sqlalchemy import Connection, Row, RowMapping, Table, select

from patchtrail.collector.open_log import OpenEntry, chunk_subject, end_subject, opening_subject
from patchtrail.collector.open_tables import open_chunks, open_events, open_leaves, open_traces
from patchtrail.integrity import entry, merkle
from patchtrail.integrity.verify import Finding

__all__ = ["OPEN_TABLES", "OpenAudit"]

OPEN_TABLES: tuple[Table, ...] = (open_traces, open_chunks, open_events, open_leaves)
Place = tuple[OpenEntry, int]


@dataclass
class OpenAudit:
    """Looks at one open trace after the other; `explained` gets the leaves that are about them.

    `unlogged` counts openings, chunks and completions that were stored before the log covered them: only what is older
    than a trace's first leaf may have none.
    """

    connection: Connection
    leaf_hashes: Sequence[bytes]
    explained: set[int]
    traces: int = 0
    events: int = 0
    unlogged: int = 0
    _told: list[Finding] = field(default_factory=list)

    def check(self, trace_id: str) -> list[Finding]:
        """Return what is wrong with a trace."""
        self._told = []
        row = self.connection.execute(select(open_traces).where(open_traces.c.trace_id == trace_id)).one()
        chunks = self._rows(open_chunks, trace_id, "n")
        events = self._rows(open_events, trace_id, "event_n", "part")
        leaves = {(leaf.kind, leaf.n): leaf for leaf in self._leaves(trace_id)}
        self.traces, self.events = self.traces + 1, self.events + row.next_seq
        first = min(map(_rank, leaves), default=None)
        for place, subject in _subjects(row._mapping, chunks, events):
            if place not in leaves and (row.log_salt is None or (first is not None and _rank(place) < first)):
                self.unlogged += 1
            else:
                self._check_entry(row, place, subject, leaves.pop(place, None))
        for kind, n in leaves:
            self._fault("open.missing", _where(trace_id, kind, n), "What the log says was stored is not there.")
        self._check_counts(row, chunks, events)
        return self._told

    def strays(self) -> Iterator[Finding]:
        """Yield rows of traces that are not there."""
        known = select(open_traces.c.trace_id)
        for table in OPEN_TABLES[1:]:
            query = select(table.c.trace_id).where(table.c.trace_id.not_in(known)).distinct()
            for trace_id in self.connection.execute(query).scalars():
                yield Finding("rows.stray", f"{table.name} row {trace_id}", "There is no such trace.")

    def _check_entry(self, row: Row[Any], place: Place, subject: str, leaf: Row[Any] | None) -> None:
        """Hold what is stored to its leaf."""
        where = _where(row.trace_id, *place)
        if leaf is None:
            self._fault("open.unlogged", where, "The log has no leaf about it: it was added by hand.")
            return
        self.explained.add(leaf.leaf_index)
        expected = _leaf(row, leaf, subject)
        is_there = 0 <= leaf.leaf_index < len(self.leaf_hashes)
        if expected is None or not is_there or self.leaf_hashes[leaf.leaf_index] != merkle.leaf_hash(expected):
            self._fault("open.changed", where, f"It is not what the log's leaf {leaf.leaf_index} says was stored.")

    def _check_counts(self, row: Row[Any], chunks: list[RowMapping], events: list[RowMapping]) -> None:
        """Hold what a trace's row says of the rest to the rest."""
        numbers = sorted({event["event_n"] for event in events})
        sizes = [chunk["size_bytes"] for chunk in chunks]
        expected: dict[str, object] = {"next_n": len(chunks), "next_seq": len(numbers)}
        if None not in sizes:
            expected["size_bytes"] = sum(sizes)
        if row.status == "open":
            expected["updated_ms"] = max([row.created_ms, *(chunk["received_ms"] for chunk in chunks)])
        for name, value in expected.items():
            if getattr(row, name) != value:
                self._fault("open.column", f"open_traces row {row.trace_id}", f"Its {name} is not {value}.")
        is_whole = sum(chunk["events"] for chunk in chunks) == len(numbers) and numbers == list(range(len(numbers)))
        if not is_whole or [chunk["n"] for chunk in chunks] != list(range(len(chunks))):
            where = f"open_chunks row {row.trace_id}"
            self._fault("open.events", where, "Its chunks and its events in open_events do not belong together.")
        if row.status not in ("open", "complete"):
            self._fault("open.column", f"open_traces row {row.trace_id}", f"Its status cannot be {row.status}.")

    def _rows(self, table: Table, trace_id: str, *order: str) -> list[RowMapping]:
        query = select(table).where(table.c.trace_id == trace_id).order_by(*(table.c[name] for name in order))
        return list(self.connection.execute(query).mappings())

    def _leaves(self, trace_id: str) -> Sequence[Row[Any]]:
        query = select(open_leaves).where(open_leaves.c.trace_id == trace_id).order_by(open_leaves.c.leaf_index)
        return self.connection.execute(query).all()

    def _fault(self, code: str, where: str, message: str) -> None:
        self._told.append(Finding(code, where, message))


def _subjects(trace: RowMapping, chunks: list[RowMapping], events: list[RowMapping]) -> Iterator[tuple[Place, str]]:
    """Yield what each leaf of a trace has to be about, going by what is stored."""
    yield ("open_trace", 0), opening_subject(trace)
    numbers = [event["event_n"] for event in events]
    ends = accumulate(chunk["events"] for chunk in chunks)
    for chunk, end in zip(chunks, ends, strict=True):
        mine = events[bisect_left(numbers, end - chunk["events"]) : bisect_left(numbers, end)]
        yield ("open_chunk", chunk["n"]), chunk_subject(chunk, mine)
    if trace["status"] == "complete":
        yield ("open_end", 0), end_subject(trace)


def _leaf(row: Row[Any], leaf: Row[Any], subject: str) -> bytes | None:
    try:
        return entry.leaf_bytes(leaf.kind, entry.commitment(row.log_salt or "", subject), leaf.received_ms)
    except ValueError:
        return None  # The salt is none.


def _rank(place: Place) -> tuple[int, int]:
    return {"open_trace": 0, "open_chunk": 1, "open_end": 2}.get(place[0], 3), place[1]


def _where(trace_id: str, kind: str, n: int) -> str:
    return f"open_chunks row {trace_id} {n}" if kind == "open_chunk" else f"open_traces row {trace_id}"
