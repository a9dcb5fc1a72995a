"""The server of the test model: HTTP/1.1 on loopback, as well or as badly behaved as a reply asks."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.model import anthropic_api, openai_api
from tests.model.fine_tuning_api import FineTuningApi
from tests.model.reply import Answerer, Asked, Reply

__all__ = ["ModelServer"]

APIS = {"/v1/chat/completions": openai_api, "/v1/messages": anthropic_api}
RESET = struct.pack("ii", 1, 0)
GIANT = "x" * 8_000_000
WAIT_S = 0.02
"""How often a waiting thread looks whether its client is gone; nothing else depends on it."""


class ModelServer:
    """Listens from `with` on until its end.

    `rejects` names fields of a request that this server answers with 400, as older ones do; with `says_why` it names
    the field. With `streams` off it answers a streamed request in one piece. What it was asked stands in `asked`, and
    what it should learn from in `fine_tuning`.
    """

    def __init__(
        self,
        answerer: Answerer,
        *,
        api_key: str = "test-key",
        port: int = 0,
        models: tuple[str, ...] = ("test-model",),
        rejects: frozenset[str] = frozenset(),
        says_why: bool = True,
        streams: bool = True,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.answerer = answerer
        self.api_key = api_key
        self.models = models
        self.rejects = rejects
        self.says_why = says_why
        self.streams = streams
        self.asked: list[Asked] = []
        self.fine_tuning = FineTuningApi()
        self.refused = 0
        self.gone = threading.Event()
        self.closing = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", port), type("Handler", (_Handler,), {"model": self}))
        self._http.daemon_threads = True
        self._http.handle_error = lambda *_: None
        self._scheme = "http" if tls is None else "https"
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True)

    @property
    def url(self) -> str:
        """What `OPENAI_BASE_URL` is set to; Anthropic's door takes it too."""
        return f"{self._scheme}://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> ModelServer:
        """Listen."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, whatever is still being answered."""
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(10)


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    model: ModelServer

    def do_GET(self) -> None:
        """List the models."""
        if not self._is_known():
            return
        if self.path != "/v1/models":
            self._send(404, {"error": {"message": f"no {self.path} here"}})
            return
        rows = [{"id": one, "object": "model", "created": 0, "owned_by": "tests"} for one in self.model.models]
        self._send(200, {"object": "list", "data": rows})

    def do_POST(self) -> None:
        """Answer one request."""
        content = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        api: Any = APIS.get(self.path)
        if not self._is_known():
            return
        tuned = self.model.fine_tuning.post(self.path, self.headers.get("Content-Type", ""), content)
        if tuned is not None:
            self._send(*tuned)
            return
        if api is None:
            self._send(404, {"error": {"message": f"no {self.path} here"}})
            return
        body = json.loads(content)
        rejected = sorted(self.model.rejects & body.keys())
        if rejected:
            self.model.refused += 1
            said = f"Unrecognized request argument supplied: {rejected[0]}" if self.model.says_why else ""
            self._send(400, {"error": {"message": said}})
            return
        ask = api.asked(body)
        self.model.asked.append(ask)
        with contextlib.suppress(OSError):
            self._answer(api, ask, self.model.answerer(ask))

    def do_DELETE(self) -> None:
        """Delete a file that was uploaded."""
        if self._is_known():
            self._send(*self.model.fine_tuning.delete(self.path))

    def _answer(self, api: Any, ask: Asked, reply: Reply) -> None:
        if reply.hold_after < 0:
            self._hold(reply)
        if reply.status != 200:
            self._send(reply.status, api.error(reply), reply.headers)
        elif reply.fault == "not_json":
            self._send_bytes(200, b"<html>Sign in to this network</html>", {"Content-Type": "text/html"})
        elif reply.fault == "packed":
            packed = gzip.compress(json.dumps(api.whole(ask, reply)).encode())
            self._send_bytes(200, packed, {"Content-Type": "application/json", "Content-Encoding": "gzip"})
        elif ask.is_stream and self.model.streams:
            self._stream(api, ask, reply)
        elif reply.fault == "malformed":
            self._send_bytes(200, b'{"choices": [{"mess', {"Content-Type": "application/json"})
        else:
            self._send(200, api.whole(ask, reply), reply.headers)

    def _stream(self, api: Any, ask: Asked, reply: Reply) -> None:
        self.close_connection = True
        self.send_response(200)
        self._headers({"Content-Type": "text/event-stream", "Connection": "close", **reply.headers})
        for count, (name, data) in enumerate(self._events(api, ask, reply)):
            if reply.pause is not None:
                reply.pause()
            if count == reply.hold_after:
                self._hold(reply)
            if count == 2 and reply.fault in ("drop", "truncated"):
                self._break(reply)
                return
            self._event(name, data)
        if reply.fault == "comments":
            while not self.model.closing.wait(WAIT_S):
                self._write(b": still thinking\n\n")
        if reply.fault == "one_line":
            while not self.model.closing.is_set():
                self._write(b"data: " + GIANT[:65536].encode())

    def _events(self, api: Any, ask: Asked, reply: Reply) -> Iterator[tuple[str, Any]]:
        if reply.raw:
            yield from (("", json.dumps(one)) for one in reply.raw)
            return
        usual = list(api.events(ask, reply))
        if not reply.fault or reply.fault in ("drop", "truncated"):
            yield from usual
            return
        yield usual[0]
        match reply.fault:
            case "endless":
                pieces = list(api.events(ask, Reply("x" * 1000, chunk_size=1000)))
                piece = next(one for one in pieces if "x" * 1000 in json.dumps(one[1]))
                while not self.model.closing.is_set():
                    yield piece
            case "giant":
                yield from api.events(ask, Reply(GIANT, chunk_size=len(GIANT)))
            case "malformed":
                yield "", '{"choices": [{"delta": '
            case "told":
                yield api.told(reply.error)
            case _:
                pass

    def _event(self, name: str, data: Any) -> None:
        text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
        self._write((f"event: {name}\n" if name else "").encode() + f"data: {text}\n\n".encode())

    def _break(self, reply: Reply) -> None:
        if reply.fault == "drop":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.wfile.write(b'data: {"id": "half of an ev')

    def _hold(self, reply: Reply) -> None:
        """Wait for the reply's event; not for a client that is gone."""
        if reply.hold is None:
            return
        if reply.reached is not None:
            reply.reached.set()
        self.connection.settimeout(WAIT_S)
        while not reply.hold.is_set() and not self.model.closing.is_set():
            try:
                # A client sends nothing more, so that whatever comes is its end.
                self.connection.recv(1)
            except TimeoutError:
                continue
            except OSError:
                pass
            self.model.gone.set()
            raise ConnectionResetError
        self.connection.settimeout(None)

    def _write(self, content: bytes) -> None:
        try:
            self.wfile.write(content)
        except OSError:
            self.model.gone.set()
            raise

    def _is_known(self) -> bool:
        given = self.headers.get("Authorization", "").removeprefix("Bearer ") or self.headers.get("x-api-key", "")
        if given == self.model.api_key:
            return True
        # As real servers do, it repeats the key that it refuses.
        self._send(401, {"error": {"message": f"Incorrect API key provided: {given}", "type": "authentication_error"}})
        return False

    def _send(self, status: int, value: Any, headers: Any = None) -> None:
        self._send_bytes(status, json.dumps(value).encode(), {"Content-Type": "application/json", **(headers or {})})

    def _send_bytes(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        self._headers({**headers, "Content-Length": str(len(content))})
        self._write(content)

    def _headers(self, headers: dict[str, str]) -> None:
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""
