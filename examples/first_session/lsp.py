"""A language client in a few lines: JSON-RPC over a sidecar's standard input and output."""

from __future__ import annotations

import contextlib
import itertools
import json
import queue
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

GONE: dict[str, Any] = {}
"""Put in place of an answer when the sidecar ends before it answers."""


class RequestFailed(Exception):  # noqa: N818 -- it reads as a fact
    """The sidecar answered a request with an error."""


class LanguageClient:
    """Starts `patchtrail serve` and speaks LSP with it."""

    def __init__(
        self,
        command: list[str],
        key_line: str | None,
        environment: Mapping[str, str] | None = None,
        log: IO[bytes] | None = None,
    ) -> None:
        inherited = None if environment is None else dict(environment)
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=inherited
        )
        self._ids = itertools.count(1)
        self._answers: dict[int, queue.SimpleQueue[dict[str, Any]]] = {}
        self._versions: dict[str, int] = {}
        self.notifications: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        if key_line is not None:
            self._write(key_line.encode() + b"\n")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The sidecar's process id."""
        return self._process.pid

    def request(self, method: str, params: dict[str, Any] | None = None, timeout_s: float = 60) -> Any:
        """Send a request and return its result."""
        number = next(self._ids)
        answers: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._answers[number] = answers
        if not self._reader.is_alive():
            raise ConnectionError("The sidecar is gone.")
        self._send({"id": number, "method": method, "params": params or {}})
        answer = answers.get(timeout=timeout_s)
        if answer is GONE:
            raise ConnectionError("The sidecar is gone.")
        if "error" in answer:
            raise RequestFailed(f"{method}: {answer['error']}")
        return answer["result"]

    def notify(self, method: str, params: dict[str, Any]) -> None:
        """Send a notification."""
        self._send({"method": method, "params": params})

    def initialize(self, root: Path, options: dict[str, Any]) -> None:
        """Open the conversation."""
        self.request(
            "initialize",
            {
                "processId": None,
                "clientInfo": {"name": "first_session", "version": "1"},
                "rootUri": root.as_uri(),
                "capabilities": {},
                "initializationOptions": options,
            },
        )
        self.notify("initialized", {})

    def open(self, path: Path) -> None:
        """Open a file as it is on disk."""
        text = path.read_bytes().decode()
        self._versions[path.as_uri()] = 1
        document = {"uri": path.as_uri(), "languageId": "python", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})

    def edit_and_save(self, path: Path, text: str) -> None:
        """Replace an open document's text, write the file, and tell that it was saved."""
        uri = path.as_uri()
        self._versions[uri] += 1
        document = {"uri": uri, "version": self._versions[uri]}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})
        path.write_bytes(text.encode())
        self.notify("textDocument/didSave", {"textDocument": {"uri": uri}})

    def stop(self) -> int:
        """End the conversation and the process."""
        self.request("shutdown")
        self.notify("exit", {})
        return self.wait()

    def wait(self) -> int:
        """Wait for a sidecar that ends by itself, and return its exit code."""
        exit_code = self._process.wait(timeout=30)
        self._close()
        return exit_code

    def kill(self) -> None:
        """Kill the sidecar as a power button would."""
        self._process.kill()
        self._process.wait()
        self._close()

    def _close(self) -> None:
        """Let go of the pipes of a process that is gone."""
        self._reader.join(timeout=5)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    def _write(self, content: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(content)
        self._process.stdin.flush()

    def _read(self) -> None:
        with contextlib.suppress(ValueError, OSError):  # Killed in the middle of a message.
            self._read_messages()
        for answers in list(self._answers.values()):
            answers.put(GONE)

    def _read_messages(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while header := stream.readline():
            length = 0
            while header.strip():
                name, _, value = header.decode().partition(":")
                length = int(value) if name.lower() == "content-length" else length
                header = stream.readline()
            message = json.loads(stream.read(length))
            if "id" in message and "method" not in message:
                self._answers.pop(message["id"]).put(message)
            else:
                self.notifications.put(message)
