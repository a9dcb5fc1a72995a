"""Cold start, process start to the answer of `initialize`, and the memory of the idle sidecar."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from tests.bench.bare_pygls import WITH_LIBRARIES
from tests.bench.table import Goal, Row, Section

__all__ = ["measure"]

ROOT = Path(__file__).parents[2]
STARTS = 11
MEMORY_RUNS = 4
IDLE_S = 1.0
BARE = "bare pygls"
FULL_BARE = "pygls + pydantic + cryptography"


class _Server:
    """A language server process, from its start to its answer."""

    def __init__(self, command: list[str]) -> None:
        begun = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        params: dict[str, Any] = {"processId": None, "rootUri": None, "capabilities": {}}
        self._send({"id": 1, "method": "initialize", "params": params})
        while self._read().get("id") != 1:
            pass
        self.start_ms = (time.perf_counter() - begun) * 1_000
        self._send({"method": "initialized", "params": {}})

    def resident_mib(self) -> float:
        """Return the process's resident memory."""
        return float(psutil.Process(self._process.pid).memory_info().rss) / 2**20

    def stop(self) -> None:
        """End the conversation and the process."""
        self._send({"id": 2, "method": "shutdown"})
        self._send({"method": "exit"})
        try:
            self._process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None, "it was asked for"
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        stream, length = self._process.stdout, 0
        assert stream is not None, "it was asked for"
        while header := stream.readline().strip():
            name, _, value = header.decode().partition(":")
            length = int(value) if name.lower() == "content-length" else length
        if not length:
            raise SystemExit("A language server ended before it answered.")
        message: dict[str, Any] = json.loads(stream.read(length))
        return message


def measure(folder: Path) -> Iterator[Section]:
    """Yield start times and memory, in turn ours, the bare server and the bare server with our libraries."""
    commands = {
        "ours": ["patchtrail", "serve", "--spool", str(folder / "spool")],
        BARE: ["tests.bench.bare_pygls"],
        FULL_BARE: ["tests.bench.bare_pygls", WITH_LIBRARIES],
    }
    starts, memory = _starts(commands), _memory(commands)
    start_goal, memory_goal = Goal("<= 1.25x", "<= 1.05x"), Goal("<= 1.5x", "<= 1.3x")
    rows = [
        Row(f"start, against {BARE}", "ms", starts["ours"], starts[BARE], start_goal),
        Row(f"start, against {FULL_BARE}", "ms", starts["ours"], starts[FULL_BARE], start_goal),
        Row(f"memory, against {BARE}", "MiB", memory["ours"], memory[BARE], memory_goal),
        Row(f"memory, against {FULL_BARE}", "MiB", memory["ours"], memory[FULL_BARE]),
    ]
    yield Section(f"5. Cold start to `initialize`, {STARTS} starts each, and memory after {IDLE_S:.0f} s idle", rows)


def _starts(commands: dict[str, list[str]]) -> dict[str, list[float]]:
    """Return milliseconds per start; one start of each comes first and does not count, since it fills the caches."""
    samples: dict[str, list[float]] = {name: [] for name in commands}
    for run in range(STARTS + 1):
        for name, command in commands.items():
            server = _Server(command)
            server.stop()
            if run:
                samples[name].append(server.start_ms)
    return samples


def _memory(commands: dict[str, list[str]]) -> dict[str, list[float]]:
    samples: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(MEMORY_RUNS):
        servers = {name: _Server(command) for name, command in commands.items()}
        time.sleep(IDLE_S)
        for name, server in servers.items():
            samples[name].append(server.resident_mib())
            server.stop()
    return samples
