"""The floor of ingest, in a process of its own: decompress, decode, chain, verify, commit together, answer.

It knows no tokens, no routes and no framework: it reads requests that are all alike, off a socket, and answers each
once the transaction that holds its chunk is on disk.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import queue
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

__all__ = ["running"]

ROOT = Path(__file__).parents[2]
EVENT_TAG = b"patchtrail/event/v1\n"
CHUNK_TYPE = b"application/vnd.patchtrail.chunk.v1+json"
CREATED = b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n"
MAX_BATCH = 256

Stored = tuple[str, int, bytes, bytes]


class Verifier:
    """Checks chunks signed with one key, each trace from where it stands."""

    def __init__(self, public_key: bytes) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(public_key)
        self._heads: dict[str, str] = {}

    def stored(self, body: bytes) -> Stored:
        """Return what is to be stored of a chunk; raises for whatever does not hold."""
        envelope_line, _, payload = body.partition(b"\n")
        envelope = orjson.loads(envelope_line)
        signed = base64.b64decode(envelope["payload"])
        message = b"DSSEv1 %d %b %d %b" % (len(CHUNK_TYPE), CHUNK_TYPE, len(signed), signed)
        self._key.verify(base64.b64decode(envelope["signatures"][0]["sig"]), message)
        manifest = orjson.loads(signed)
        trace_id, head = manifest["trace_id"], manifest["head_in"]
        if self._heads.get(trace_id, head) != head:
            raise ValueError("This chunk does not continue its trace.")
        raw = zstandard.ZstdDecompressor().decompress(payload, max_output_size=manifest["raw_len"])
        for line in raw.split(b"\n")[:-1]:
            if orjson.loads(line)["prev"] != head:
                raise ValueError("An event does not name the one before.")
            head = hashlib.sha256(EVENT_TAG + line).hexdigest()
        if head != manifest["head_out"]:
            raise ValueError("The events do not lead to the signed head.")
        self._heads[trace_id] = head
        return trace_id, manifest["n"], envelope_line, payload


class Writer:
    """One thread that commits what is waiting together, and answers after the commit."""

    def __init__(self, path: Path, loop: asyncio.AbstractEventLoop) -> None:
        self._path = path
        self._loop = loop
        self.queue: queue.SimpleQueue[tuple[Stored, asyncio.Transport]] = queue.SimpleQueue()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        connection = sqlite3.connect(self._path, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(
            "CREATE TABLE chunks (trace_id TEXT, n INTEGER, envelope BLOB, payload BLOB, PRIMARY KEY (trace_id, n))"
        )
        while True:
            batch = [self.queue.get()]
            while len(batch) < MAX_BATCH and not self.queue.empty():
                batch.append(self.queue.get())
            connection.execute("BEGIN")
            connection.executemany("INSERT INTO chunks VALUES (?, ?, ?, ?)", [stored for stored, _ in batch])
            connection.execute("COMMIT")
            self._loop.call_soon_threadsafe(_answer, [transport for _, transport in batch])


class Connection(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, verifier: Verifier, writer: Writer) -> None:
        self._verifier = verifier
        self._writer = writer
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember whom to answer."""
        assert isinstance(transport, asyncio.Transport), "a socket is read and written"
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Take a chunk in once it is whole; only one is ever on its way."""
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        # The load generator writes Content-Length last.
        length = int(self._received[self._received.rfind(b":", 0, end) + 1 : end])
        if len(self._received) < end + 4 + length:
            return
        body = bytes(self._received[end + 4 :])
        self._received.clear()
        assert self._transport is not None, "data comes after the connection"
        self._writer.queue.put((self._verifier.stored(body), self._transport))


@contextmanager
def running(folder: Path, public_key: bytes) -> Iterator[int]:
    """Run the bare loop in a process of its own and yield its port."""
    folder.mkdir()
    command = [sys.executable, "-m", "tests.bench.bare_loop", str(folder / "bare.db"), public_key.hex()]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None, "it was asked for"
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.communicate()


def _answer(transports: list[asyncio.Transport]) -> None:
    for transport in transports:
        transport.write(CREATED)


async def _serve(path: Path, public_key: bytes) -> None:
    loop = asyncio.get_running_loop()
    verifier, writer = Verifier(public_key), Writer(path, loop)
    server = await loop.create_server(lambda: Connection(verifier, writer), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), bytes.fromhex(sys.argv[2])))
