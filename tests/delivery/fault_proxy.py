"""A wire with faults: real sockets between a courier and a collector, broken connection by connection."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from typing import Any

__all__ = ["Connection", "Fault", "FaultProxy"]

Fault = Callable[["Connection"], Coroutine[Any, Any, None]]
RESET = struct.pack("ii", 1, 0)


class Connection:
    """One connection of a client, and the collector behind it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: tuple[str, int]) -> None:
        self.reader = reader
        self.writer = writer
        self._target = target
        self._upstream: asyncio.StreamWriter | None = None

    async def request(self) -> bytes:
        """Read one whole request."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        return head + await self.reader.readexactly(_length(head))

    async def answer(self, request: bytes) -> bytes:
        """Send a request on, and return the collector's whole answer."""
        reader, writer = await asyncio.open_connection(*self._target)
        try:
            writer.write(request)
            await writer.drain()
            head = await reader.readuntil(b"\r\n\r\n")
            return head + await reader.readexactly(_length(head))
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def send_part(self, request: bytes, size: int) -> None:
        """Send the first bytes of a request on, then break off."""
        _, writer = await asyncio.open_connection(*self._target)
        writer.write(request[:size])
        with contextlib.suppress(OSError):
            await writer.drain()
        writer.transport.abort()

    async def reply(self, answer: bytes) -> None:
        """Send bytes back."""
        self.writer.write(answer)
        await self.writer.drain()

    def reset(self) -> None:
        """Break the client's connection as a crashed peer does."""
        with contextlib.suppress(OSError):
            raw: socket.socket = self.writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.writer.transport.abort()

    async def pass_once(self) -> None:
        """Carry one request and its answer."""
        await self.reply(await self.answer(await self.request()))

    async def pass_on(self) -> None:
        """Carry requests and answers as they are, until the client is done."""
        while True:
            await self.reply(await self.answer(await self.request()))


class FaultProxy:
    """Listens on a port of its own; the first connections meet the given faults, the others pass."""

    def __init__(self, url: str, faults: list[Fault]) -> None:
        host, _, port = url.removeprefix("http://").partition(":")
        self._target = (host, int(port))
        self._faults = list(faults)
        self.connections = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.url = ""

    def __enter__(self) -> FaultProxy:
        """Listen."""
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(10)

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stopped = asyncio.Event()
        self._tasks = set[asyncio.Task[None]]()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=64 * 1024 * 1024)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._stopped.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for _ in range(5):
            # What was aborted is closed by the loop's next rounds.
            await asyncio.sleep(0)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        fault = self._faults.pop(0) if self._faults else Connection.pass_on
        self.connections += 1
        try:
            await fault(Connection(reader, writer, self._target))
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.transport.abort()


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0
