"""HTTP/1.1 by httptools, with a cap on headers, which that parser would gather without end."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["MAX_HEADER_BYTES", "CappedHttp"]

MAX_HEADER_BYTES = 16 * 1024


class CappedHttp(HttpToolsProtocol):
    """A connection that is closed when a request's headers grow beyond 16 KiB without ending."""

    _is_in_headers = False
    _received = 0

    def data_received(self, data: bytes) -> None:
        """Feed the parser; a request whose headers still go on after the cap is not answered."""
        self._received += len(data)
        super().data_received(data)
        if self._is_in_headers and self._received > MAX_HEADER_BYTES:
            self.transport.close()

    def on_message_begin(self) -> None:
        """Start counting."""
        self._is_in_headers, self._received = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Stop counting: the body has caps of its own."""
        self._is_in_headers = False
        super().on_headers_complete()
