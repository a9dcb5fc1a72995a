"""Ingest: stored events per second and time to the acknowledgement, against a bare loop and with durability off."""

from __future__ import annotations

import base64
import os
import secrets
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from patchtrail.integrity.keys import SigningKey
from tests.bench import bare_loop, load
from tests.bench.chunks import PreparedTrace, prepared
from tests.bench.collector import Target, collecting
from tests.bench.load import Load
from tests.bench.table import Goal, Row, Section, quantile

__all__ = ["measure"]

TRACES = 100
CHUNK_EVENTS = 100
ROUNDS = 7
"""The first round does not count, since it warms everything up."""
ROUND_CHUNKS = 3
SINGLE_CHUNKS = 200
SMALL_CHUNK_EVENTS = 10
OFFERED_PER_S = 1_000
SEGMENTS = 3
SEGMENT_CHUNKS = 4

OURS, BARE, UNSAFE = "ours", "the bare loop", "ours, not durable"


@dataclass(frozen=True)
class _Server:
    """Who takes chunks in: a port, and how a trace is opened there."""

    port: int
    open: Callable[[PreparedTrace], str]


@dataclass(frozen=True)
class _Stage:
    """The three that are compared, each in a process of its own, the process that sends, and the device's key."""

    servers: dict[str, _Server]
    generator: ProcessPoolExecutor
    key: SigningKey

    def prepared(self, name: str, *, chunks: int, events: int, traces: int = TRACES) -> list[PreparedTrace]:
        """Return signed traces whose ids come from `name`."""
        return [prepared(self.key, f"{name} {n}", chunks=chunks, events=events) for n in range(traces)]


class _Upload:
    """Traces that are open at one server, of which some chunks are sent at a time."""

    def __init__(self, server: _Server, traces: Sequence[PreparedTrace]) -> None:
        self.port = server.port
        self._traces = traces
        self._tokens = [server.open(trace) for trace in traces]

    def requests(self, numbers: range) -> list[list[bytes]]:
        """Return the requests for these chunks of every trace."""
        return [trace.requests(token, numbers) for trace, token in zip(self._traces, self._tokens, strict=True)]


def measure(folder: Path) -> Iterator[Section]:
    """Yield throughput, one chunk at a time, and the open loop."""
    fsync = [_fsync_ms(folder / "fsync") for _ in range(100)]
    with _staged(folder, SigningKey(secrets.token_bytes(32))) as stage:
        yield _throughput(stage, fsync)
        yield _one_at_a_time(stage)
        yield _open_loop(stage)


@contextmanager
def _staged(folder: Path, key: SigningKey) -> Iterator[_Stage]:
    with ExitStack() as stack:
        durable = stack.enter_context(collecting(folder / "durable", key, is_durable=True))
        unsafe = stack.enter_context(collecting(folder / "unsafe", key, is_durable=False))
        public_key = base64.urlsafe_b64decode(f"{key.public.jwk.x}=")
        bare_port = stack.enter_context(bare_loop.running(folder / "bare", public_key))
        generator = stack.enter_context(ProcessPoolExecutor(1, get_context("spawn")))
        bare = _Server(bare_port, lambda _trace: "none")
        yield _Stage({OURS: _server(durable), BARE: bare, UNSAFE: _server(unsafe)}, generator, key)


def _server(target: Target) -> _Server:
    return _Server(target.port, target.open)


def _throughput(stage: _Stage, fsync: Sequence[float]) -> Section:
    traces = stage.prepared("round", chunks=ROUNDS * ROUND_CHUNKS, events=CHUNK_EVENTS)
    loads = _rounds(stage, {name: _Upload(server, traces) for name, server in stage.servers.items()})
    rates = {name: [len(one.acknowledged_ms) * CHUNK_EVENTS / one.seconds for one in loads[name]] for name in loads}
    waits = {name: [ms for one in loads[name] for ms in one.acknowledged_ms] for name in loads}
    floor_goal, unsafe_goal = Goal(">= 0.5x", ">= 0.7x"), Goal(">= 0.9x", ">= 0.97x")
    rows = [
        Row("stored, against the bare loop", "events/s", rates[OURS], rates[BARE], floor_goal, is_rate=True),
        Row("stored, against ours not durable", "events/s", rates[OURS], rates[UNSAFE], unsafe_goal, is_rate=True),
        Row("acknowledgement meanwhile", "ms", waits[OURS], waits[BARE], is_paired=False),
    ]
    title = f"4a. Ingest, {TRACES} traces at once, {CHUNK_EVENTS}-event chunks, 1 process; floor: the bare loop"
    return Section(title, rows, [*_facts(traces, loads), f"fsync of 4 KB here: p50 {statistics.median(fsync):.2f} ms."])


def _rounds(stage: _Stage, uploads: dict[str, _Upload]) -> dict[str, list[Load]]:
    """Send each round to all three, beginning with another one each time."""
    loads: dict[str, list[Load]] = {name: [] for name in uploads}
    names = list(uploads)
    for round_ in range(ROUNDS):
        numbers = range(round_ * ROUND_CHUNKS, (round_ + 1) * ROUND_CHUNKS)
        for name in names[round_ % len(names) :] + names[: round_ % len(names)]:
            upload = uploads[name]
            done = stage.generator.submit(load.at_once, upload.port, upload.requests(numbers)).result()
            if round_:
                loads[name].append(done)
    return loads


def _facts(traces: Sequence[PreparedTrace], loads: dict[str, list[Load]]) -> Iterator[str]:
    chunks = sum(len(trace.bodies) for trace in traces)
    raw, sent = sum(trace.raw_bytes for trace in traces), sum(len(body) for trace in traces for body in trace.bodies)
    yield f"A chunk holds {raw / chunks / 1000:.0f} KB of event lines, {sent / chunks / 1000:.0f} KB when sent."
    busy = {
        name: sum(one.client_cpu_s for one in done) / sum(one.seconds for one in done) for name, done in loads.items()
    }
    shares = ", ".join(f"{share:.0%} towards {name}" for name, share in busy.items())
    yield f"The load generator's CPU, as a share of the time: {shares}."


def _one_at_a_time(stage: _Stage) -> Section:
    (trace,) = stage.prepared("single", chunks=SINGLE_CHUNKS, events=CHUNK_EVENTS, traces=1)
    uploads = [_Upload(stage.servers[name], [trace]) for name in (OURS, BARE)]
    requests = [upload.requests(range(SINGLE_CHUNKS))[0] for upload in uploads]
    ours, bare = stage.generator.submit(load.alternate, [upload.port for upload in uploads], requests).result()
    row = Row("acknowledgement", "ms", ours, bare, Goal("<= 2x", "<= 1.3x"))
    return Section(f"4b. One {CHUNK_EVENTS}-event chunk at a time, one connection; floor: the bare loop", [row])


def _open_loop(stage: _Stage) -> Section:
    traces = stage.prepared("open", chunks=SEGMENTS * SEGMENT_CHUNKS, events=SMALL_CHUNK_EVENTS)
    uploads = {name: _Upload(stage.servers[name], traces) for name in (OURS, BARE)}
    interval_s = TRACES * SMALL_CHUNK_EVENTS / OFFERED_PER_S
    waits: dict[str, list[float]] = {name: [] for name in uploads}
    for segment in range(SEGMENTS):
        numbers = range(segment * SEGMENT_CHUNKS, (segment + 1) * SEGMENT_CHUNKS)
        for name, upload in uploads.items():
            sent = upload.requests(numbers)
            done = stage.generator.submit(load.on_schedule, upload.port, sent, interval_s).result()
            waits[name] += done.acknowledged_ms
    row = Row("acknowledgement", "ms", waits[OURS], waits[BARE], Goal("p99 < 100", "p99 < 25"), is_paired=False)
    title = f"4c. Open loop, {OFFERED_PER_S:,} events/s by {TRACES} traces, {SMALL_CHUNK_EVENTS}-event chunks"
    slowest = f"{len(waits[OURS]):,} chunks each; the slowest of ours took {quantile(waits[OURS], 1.0):.1f} ms."
    return Section(f"{title}; floor: the bare loop", [row], [slowest])


def _fsync_ms(path: Path) -> float:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, bytes(4096))
        begun = time.perf_counter()
        os.fsync(descriptor)
        return (time.perf_counter() - begun) * 1_000
    finally:
        os.close(descriptor)
