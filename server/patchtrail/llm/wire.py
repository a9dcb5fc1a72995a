"""The connection beneath one request: cut from another thread, counted, never redirected.

An HTTP client's time-outs start anew with every byte, and a thread that waits for one cannot be asked to stop. A socket
that is shut down wakes it at once.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # Importing httpx costs a cold start; the first request pays it instead.
    import httpx

__all__ = ["Tls", "Wire"]

CONNECT_S = 10.0
TAIL_BYTES = 64
USER_AGENT = "patchtrail"


class Tls:
    """The certificates that a door believes: read from disk once, because that takes longer than a request does."""

    def __init__(self, *, is_plain: bool) -> None:
        self.is_plain = is_plain
        self._context: ssl.SSLContext | None = None

    def context(self) -> ssl.SSLContext:
        """Return the context; for an address without encryption it believes nobody."""
        import httpx

        if self._context is None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if self.is_plain else httpx.create_ssl_context()
        return self._context


class Wire:
    """One request's connection."""

    def __init__(self, *, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._is_cut = False
        self.is_sent = False
        self.received_bytes = 0
        self.tail = b""
        self.fault = ""

    @contextlib.contextmanager
    def client(self, tls: Tls, *, timeout_s: float) -> Iterator[httpx.Client]:
        """Open a client for this one request. What follows a redirect could be a stranger, so nothing does."""
        import httpx

        with httpx.Client(
            verify=tls.context(),
            timeout=httpx.Timeout(timeout_s, connect=min(timeout_s, CONNECT_S)),
            follow_redirects=False,
            # Without encryption nothing may leave this machine, not even by a proxy that the environment names.
            trust_env=not tls.is_plain,
            headers={"User-Agent": USER_AGENT},
            event_hooks={"request": [self._watch], "response": [self._count]},
        ) as client:
            yield client

    def cut(self) -> None:
        """Cut the connection, now or as soon as there is one."""
        with self._lock:
            self._is_cut = True
            for one in self._sockets:
                _shut(one)

    def _watch(self, request: httpx.Request) -> None:
        request.headers["Accept-Encoding"] = "identity"
        request.extensions["trace"] = self._notice

    def _notice(self, event: str, info: Mapping[str, Any]) -> None:
        if event == "http11.send_request_body.started":
            self.is_sent = True
        if event not in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            return
        connected = info["return_value"].get_extra_info("socket")
        with self._lock:
            self._sockets = [connected]
            if self._is_cut:
                _shut(connected)

    def _count(self, response: httpx.Response) -> None:
        if response.headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
            # Unpacked, a small answer could fill the memory before anything is counted.
            self.fault = "packed"
            response.headers["Content-Encoding"] = "identity"
        response.stream = _counted_stream(self, response.stream)

    def take(self, piece: bytes) -> bool:
        """Count a piece that came in; return whether there may be more."""
        self.received_bytes += len(piece)
        self.tail = (self.tail + piece)[-TAIL_BYTES:]
        if self.received_bytes > self._max_bytes:
            self.fault = "flood"
        return not self.fault


def _counted_stream(wire: Wire, inner: Any) -> httpx.SyncByteStream:  # noqa: ANN401 -- httpx types it as both of its kinds
    import httpx

    class Counted(httpx.SyncByteStream):
        """Another stream, until it was too much."""

        def __iter__(self) -> Iterator[bytes]:
            for piece in inner:
                if not wire.take(piece):
                    raise httpx.ReadError("The answer is not read any further.")
                yield piece

        def close(self) -> None:
            inner.close()

    return Counted()


def _shut(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        # Of the plain socket: an encrypted one would be taken from under the thread that reads it.
        socket.socket.shutdown(one, socket.SHUT_RDWR)
