"""The event append: TraceSpool against rfc8785, SHA-256 and one unbuffered write."""

from __future__ import annotations

import hashlib
import itertools
import os
import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import rfc8785

from patchtrail.contract.files import FileEdit
from patchtrail.delivery import NewTrace, SpoolStore, SystemClock, TraceSpool
from patchtrail.integrity.keys import SigningKey
from tests.bench.events import edits
from tests.bench.table import Goal, Row, Section

__all__ = ["measure"]

EVENTS = 8_000
BATCH = 1_000
TRACE_ID = f"trace-{'0' * 32}"
GENESIS = "0" * 64


class _BareLog:
    """The floor: canonicalise, hash, write; it seals nothing and survives nothing more than a kill."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._seq, self._head = 0, GENESIS
        self.written = 0

    def append(self, data: dict[str, Any]) -> None:
        """Write one event line."""
        event: dict[str, Any] = {
            "v": 1,
            "trace_id": TRACE_ID,
            "seq": self._seq,
            "prev": self._head,
            "ts_ms": time.time_ns() // 1_000_000,
            "mono_ms": time.monotonic_ns() // 1_000_000,
            "type": "file_edit",
            "data": data,
        }
        line = rfc8785.dumps(event)
        self._seq, self._head = self._seq + 1, hashlib.sha256(line).hexdigest()
        self.written += os.write(self._descriptor, line + b"\n")

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def measure(folder: Path) -> Iterator[Section]:
    """Yield the cost of an append, alternately ours and the floor's."""
    store = SpoolStore(folder / "spool", SystemClock(), SigningKey(bytes(range(32))))
    new = NewTrace(TRACE_ID, "offline_open", GENESIS, request=None, grant=None, upload_token=None)
    log = _BareLog(folder / "bare.jsonl")
    try:
        ours, floor = _alternate(store.create(new, str(folder), bytes(32)), log)
    finally:
        store.close()
        log.close()
    rows = [
        Row("one append", "µs", ours, floor, Goal("<= 1.2x", "<= 0.5x")),
        Row(f"mean of {BATCH:,}, ours with its seals", "µs", _means(ours), _means(floor)),
    ]
    sizes = f"The floor's lines hold {log.written / EVENTS:,.0f} bytes on average; {EVENTS:,} appends each."
    yield Section("2. Event append of 1 KB; floor: rfc8785.dumps + sha256 + os.write", rows, [sizes])


def _alternate(spool: TraceSpool, log: _BareLog) -> tuple[list[float], list[float]]:
    ours, floor = list[float](), list[float]()
    for edit in itertools.islice(edits(), EVENTS):
        ours.append(_ours(spool, edit))
        floor.append(_floor(log, edit.model_dump()))
    return ours, floor


def _ours(spool: TraceSpool, edit: FileEdit) -> float:
    begun = time.perf_counter_ns()
    spool.append(edit)
    return (time.perf_counter_ns() - begun) / 1_000


def _floor(log: _BareLog, data: dict[str, Any]) -> float:
    begun = time.perf_counter_ns()
    log.append(data)
    return (time.perf_counter_ns() - begun) / 1_000


def _means(samples: Sequence[float]) -> list[float]:
    return [statistics.fmean(samples[at : at + BATCH]) for at in range(0, len(samples), BATCH)]
