"""A loopback door for agents' telemetry (OTLP over HTTP), open only where the user asked for one.

It listens on 127.0.0.1 at a port that the system draws, and wants a token that is drawn with it, as a bearer or as the
first part of the path, because not every agent lets its user set a header. It takes nothing else: no other host name,
so that no web page can reach it by name, no other media type, no body beyond a cap.
"""

from __future__ import annotations

import json
import secrets
import threading
import zlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from patchtrail.capture.agent_acts import SeenAct, acts_of_otlp, acts_of_telemetry_line
from patchtrail.capture.otlp_protobuf import otlp_of_protobuf

__all__ = ["AgentReceiver"]

MAX_BODY_BYTES = 4 * 1024 * 1024
MAX_REQUESTS = 8
SILENCE_S = 10
JSON, PROTOBUF = "application/json", "application/x-protobuf"
"""Both encodings that OTLP has over HTTP; most senders use the second unless they are told otherwise."""
SIGNALS = ("/v1/traces", "/v1/logs", "/v1/metrics")


class AgentReceiver:
    """Listens from its making on until it is closed; `take` gets the acts, on one of its threads."""

    def __init__(self, take: Callable[[list[SeenAct]], None]) -> None:
        self._token = secrets.token_urlsafe(24)
        given = {"token": self._token, "take": staticmethod(take), "free": threading.BoundedSemaphore(MAX_REQUESTS)}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), given))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="agents", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """What an agent is given as its OTLP endpoint; whoever has it may send."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/{self._token}"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=SILENCE_S)


class _Handler(BaseHTTPRequestHandler):
    """One request; `token`, `take` and `free` are set by the receiver that it belongs to."""

    timeout = SILENCE_S
    token: str
    take: Callable[[list[SeenAct]], None]
    free: threading.BoundedSemaphore

    def do_POST(self) -> None:
        """Take one batch of telemetry."""
        if not self.free.acquire(blocking=False):
            self._answer(503)
            return
        try:
            self._answer(self._taken())
        finally:
            self.free.release()

    def _taken(self) -> int:
        refusal = self._refusal()
        if refusal:
            return refusal
        body = self._body()
        if body is None:
            return 413
        try:
            acts = self._acts(body)
        except ValueError:
            return 400
        self.take(acts)
        return 200

    def _acts(self, body: bytes) -> list[SeenAct]:
        if self.headers.get_content_type() == PROTOBUF:
            return acts_of_otlp(otlp_of_protobuf(body, self.path.rpartition("/")[2]))
        return acts_of_telemetry_line(body.decode("utf-8", "replace"))

    def _refusal(self) -> int:
        """Return why a request is refused, from its head alone; 0 when it is not."""
        port = self.connection.getsockname()[1]
        if self.headers.get("Host") not in (f"127.0.0.1:{port}", f"localhost:{port}"):
            return 403
        bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
        first, _, rest = self.path[1:].partition("/")
        in_path = secrets.compare_digest(first.encode(), self.token.encode())
        if not in_path and not secrets.compare_digest(bearer.encode(), self.token.encode()):
            return 401
        if (f"/{rest}" if in_path else self.path) not in SIGNALS:
            return 404
        if self.headers.get_content_type() not in (JSON, PROTOBUF):
            return 415
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            return 411
        return 413 if int(length) > MAX_BODY_BYTES else 0

    def _body(self) -> bytes | None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding", "identity") != "gzip":
            return content
        unpacking = zlib.decompressobj(wbits=31)
        try:
            unpacked = unpacking.decompress(content, MAX_BODY_BYTES)
        except zlib.error:
            return None
        return None if unpacking.unconsumed_tail else unpacked

    def _answer(self, status: int) -> None:
        is_protobuf = self.headers.get_content_type() == PROTOBUF
        body = b"" if is_protobuf else b"{}"  # An empty message, in either encoding.
        if status == 415:
            body = json.dumps({"message": f"Send OTLP as {PROTOBUF} or {JSON}."}).encode()
        self.send_response(status)
        self.send_header("Content-Type", PROTOBUF if is_protobuf else JSON)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the library's name
        """Say nothing: the path holds the token."""
