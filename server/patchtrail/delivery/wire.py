"""The connection beneath a request, so that an answer that dribbles in for ever can be cut off.

An HTTP client's time-outs start anew with every byte; a peer that sends one in time, again and again, holds it for
ever. What is held here would be every upload of this machine.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["Wire"]


class Wire:
    """The socket that a client opened last; it makes one request at a time."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._request = 0
        self._is_cut = False

    def notice(self, event: str, info: Mapping[str, Any]) -> None:
        """Learn of a connection: httpx calls this for every step of a request."""
        if event not in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            return
        with self._lock:
            self._socket = info["return_value"].get_extra_info("socket")
            if self._is_cut:
                self._shut()

    @contextlib.contextmanager
    def cut_after(self, seconds: float) -> Iterator[None]:
        """Cut the connection when what is done meanwhile takes longer, also where there is none by then."""
        timer = threading.Timer(seconds, self._cut, (self._next(),))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            # A timer that is just going off must not meet the next request.
            self._next()

    def _next(self) -> int:
        with self._lock:
            self._request += 1
            self._is_cut = False
            return self._request

    def _cut(self, request: int) -> None:
        with self._lock:
            if request == self._request:
                self._is_cut = True
                self._shut()

    def _shut(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                # Of the plain socket: an encrypted one would be taken from under the thread that reads it.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
