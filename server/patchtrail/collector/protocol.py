"""HTTP/1.1 by httptools, with a cap on headers, which it would gather without end, and our shape of failures."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.problem import PROBLEM_MEDIA_TYPE, Problem

__all__ = ["MAX_HEADER_BYTES", "CappedHttp"]

MAX_HEADER_BYTES = 16 * 1024
TOO_LARGE = f"A request's line and headers may take {MAX_HEADER_BYTES} bytes."
LINE_END = len(b": \r\n")
LINGER_S = 1.0
LINGER_BYTES = 1024 * 1024
"""How long, and for how much, a refused connection is still read: closed at once, the system would drop the answer."""


class CappedHttp(HttpToolsProtocol):
    """A connection that is closed when a request's headers grow beyond 16 KiB, ended or not."""

    _is_in_headers = False
    _is_refused = False
    _received = 0
    _head_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Feed the parser; headers that still go on after the cap are refused without waiting for their end."""
        self._received += len(data)
        if self._is_refused:
            self._let_go()
            return
        super().data_received(data)
        if self._is_in_headers and self._received > MAX_HEADER_BYTES and not self._is_refused:
            self._refuse(431, Problem(code="headers_too_large", message=TOO_LARGE, detail={}))

    def on_message_begin(self) -> None:
        """Start counting."""
        self._is_in_headers, self._received, self._head_bytes = True, 0, 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Count what came of the address."""
        self._head_bytes += len(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header."""
        self._head_bytes += len(name) + len(value) + LINE_END
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Stop counting: the body has caps of its own. Headers that came in one piece are held to the cap here."""
        self._is_in_headers = False
        if self._head_bytes > MAX_HEADER_BYTES:
            raise InvalidInput(TOO_LARGE, code="headers_too_large")
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no sound HTTP, or has too large headers, as every other failure is answered."""
        if self._head_bytes > MAX_HEADER_BYTES:
            self._refuse(431, Problem(code="headers_too_large", message=TOO_LARGE, detail={}))
        else:
            self._refuse(400, Problem(code="bad_http", message=msg, detail={}))

    def _refuse(self, status: int, problem: Problem) -> None:
        content = problem.model_dump_json().encode()
        headers = f"content-type: {PROBLEM_MEDIA_TYPE}\r\ncontent-length: {len(content)}\r\nconnection: close\r\n\r\n"
        self._is_refused, self._received = True, 0
        self.transport.write(STATUS_LINE[status] + headers.encode() + content)
        if not self.transport.can_write_eof():
            self.transport.close()
            return
        self.transport.write_eof()
        self.loop.call_later(LINGER_S, self.transport.close)

    def _let_go(self) -> None:
        """Drop what a refused client goes on to send, up to a bound."""
        if self._received > LINGER_BYTES:
            self.transport.close()
