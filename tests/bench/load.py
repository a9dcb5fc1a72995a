"""The load generator: sends prepared requests over keep-alive connections and times each acknowledgement.

Its functions run in a process of their own, so that what they cost is not taken from whoever prepares the chunks.
"""

from __future__ import annotations

import asyncio
import gc
import re
import socket
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass

__all__ = ["Load", "alternate", "at_once", "on_schedule"]

CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
HOST = "127.0.0.1"

Requests = Sequence[bytes]


@dataclass(frozen=True)
class Load:
    """How long it took until everything was acknowledged, each acknowledgement, and what the generator cost."""

    seconds: float
    acknowledged_ms: list[float]
    client_cpu_s: float


def at_once(port: int, traces: Sequence[Requests]) -> Load:
    """Send every trace on a connection of its own, each chunk as soon as the one before is acknowledged."""
    return _timed(_at_once(port, traces))


def on_schedule(port: int, traces: Sequence[Requests], interval_s: float) -> Load:
    """Send a chunk of every trace per interval, evenly spread; a late one counts from when it was due."""
    return _timed(_on_schedule(port, traces, interval_s))


def alternate(ports: Sequence[int], requests: Sequence[Requests]) -> list[list[float]]:
    """Send one chunk at a time, to each port in turn; return milliseconds per acknowledgement, by port."""
    sockets = [socket.create_connection((HOST, port)) for port in ports]
    samples: list[list[float]] = [[] for _ in ports]
    gc.disable()
    try:
        for chunk in zip(*requests, strict=True):
            for connection, request, times in zip(sockets, chunk, samples, strict=True):
                begun = time.perf_counter()
                connection.sendall(request)
                _await_created(connection)
                times.append((time.perf_counter() - begun) * 1_000)
    finally:
        gc.enable()
        for connection in sockets:
            connection.close()
    return samples


class _Sender(asyncio.Protocol):
    """One connection; at most one request is on its way."""

    def __init__(self, on_answer: Callable[[_Sender, float], None]) -> None:
        self._on_answer = on_answer
        self._received = b""
        self._since_s = 0.0
        self._waiting: list[tuple[bytes, float]] = []
        self._is_busy = False
        self.failure: str | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        assert isinstance(transport, asyncio.Transport), "a socket is read and written"
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Count what was on its way as failed."""
        if self._is_busy:
            self.failure = f"the connection was lost: {exc}"
            self._on_answer(self, 0.0)

    def offer(self, request: bytes, since_s: float) -> None:
        """Send a request now, or once the one before is acknowledged."""
        if self._is_busy:
            self._waiting.append((request, since_s))
            return
        assert self._transport is not None, "requests are offered to a connection"
        self._is_busy, self._since_s = True, since_s
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Note an acknowledgement once it is whole."""
        self._received += data
        if not _is_whole(self._received):
            return
        taken_ms = (time.perf_counter() - self._since_s) * 1_000
        if not self._received.startswith(b"HTTP/1.1 201 "):
            self.failure = self._received.decode("utf-8", "replace")
        self._received, self._is_busy = b"", False
        if self._waiting:
            self.offer(*self._waiting.pop(0))
        self._on_answer(self, taken_ms)

    def close(self) -> None:
        """Close the connection."""
        assert self._transport is not None, "it was opened"
        self._transport.abort()


class _Tally:
    """Acknowledgements until there are enough."""

    def __init__(self, expected: int) -> None:
        self.acknowledged_ms: list[float] = []
        self._expected = expected
        self.is_done = asyncio.get_running_loop().create_future()

    def count(self, sender: _Sender, taken_ms: float) -> None:
        """Note one; a refusal ends the run, since its figures would mean nothing."""
        self.acknowledged_ms.append(taken_ms)
        if self.is_done.done():
            return
        if sender.failure is not None:
            self.is_done.set_exception(RuntimeError(f"A chunk was not acknowledged: {sender.failure}"))
        elif len(self.acknowledged_ms) == self._expected:
            self.is_done.set_result(None)


def _timed(sending: Coroutine[None, None, tuple[float, list[float]]]) -> Load:
    cpu_s = time.process_time()
    gc.disable()
    try:
        seconds, acknowledged_ms = asyncio.run(sending)
    finally:
        gc.enable()
    return Load(seconds, acknowledged_ms, time.process_time() - cpu_s)


async def _at_once(port: int, traces: Sequence[Requests]) -> tuple[float, list[float]]:
    tally = _Tally(sum(map(len, traces)))
    rest: dict[_Sender, Iterator[bytes]] = {}

    def answered(sender: _Sender, taken_ms: float) -> None:
        tally.count(sender, taken_ms)
        request = next(rest[sender], None)
        if request is not None:
            sender.offer(request, time.perf_counter())

    senders = [await _connected(port, answered) for _ in traces]
    rest.update(zip(senders, map(iter, traces), strict=True))
    begun = time.perf_counter()
    for sender in senders:
        sender.offer(next(rest[sender]), time.perf_counter())
    return await _finished(begun, tally, senders)


async def _on_schedule(port: int, traces: Sequence[Requests], interval_s: float) -> tuple[float, list[float]]:
    tally = _Tally(sum(map(len, traces)))
    senders = [await _connected(port, tally.count) for _ in traces]
    begun = time.perf_counter()
    for round_, requests in enumerate(zip(*traces, strict=True)):
        for place, (sender, request) in enumerate(zip(senders, requests, strict=True)):
            due_s = begun + (round_ + place / len(senders)) * interval_s
            await asyncio.sleep(due_s - time.perf_counter())
            sender.offer(request, due_s)
    return await _finished(begun, tally, senders)


async def _connected(port: int, on_answer: Callable[[_Sender, float], None]) -> _Sender:
    loop = asyncio.get_running_loop()
    _, sender = await loop.create_connection(lambda: _Sender(on_answer), HOST, port)
    return sender


async def _finished(begun: float, tally: _Tally, senders: Sequence[_Sender]) -> tuple[float, list[float]]:
    try:
        await tally.is_done
        return time.perf_counter() - begun, tally.acknowledged_ms
    finally:
        for sender in senders:
            sender.close()


def _await_created(connection: socket.socket) -> None:
    received = b""
    while not _is_whole(received):
        piece = connection.recv(65536)
        if not piece:
            raise RuntimeError("The connection was lost.")
        received += piece
    if not received.startswith(b"HTTP/1.1 201 "):
        raise RuntimeError(f"A chunk was not acknowledged: {received!r}")


def _is_whole(received: bytes) -> bool:
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return False
    length = CONTENT_LENGTH.search(received, 0, end)
    return length is not None and len(received) >= end + 4 + int(length[1])
