"""Run a process with a time limit, capped output and a way to stop it; nothing of it is left afterwards."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal

from patchtrail.sandbox.port import Cancelling

__all__ = ["Command", "Ended", "run_process"]

GRACE_S = 5.0
SETUP_S = 60.0
"""What an engine may need to put up its walls on a busy machine."""
"""How long pipes may stay open after the end, held by a process that left the group."""
PIECE = 1 << 16


@dataclass(frozen=True)
class Command:
    """What to run; output beyond the caps is read and dropped, so that nobody blocks on a full pipe."""

    argv: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    timeout_s: float
    stdin: bytes = b""
    stdout_cap: int = 1 << 20
    stderr_cap: int = 1 << 18
    pass_fds: tuple[int, ...] = ()
    begins: bytes = b""
    """What stands first on stderr when what is timed begins; until then only `SETUP_S` counts."""


@dataclass(frozen=True)
class Ended:
    """How it ended; `problem` is a sentence where it could not be started."""

    ending: Literal["exit", "timeout", "cancelled", "not_started"]
    code: int | None
    stdout: bytes = b""
    stderr: bytes = b""
    is_cut: bool = False
    problem: str = ""


@dataclass
class _Stream:
    """One pipe being read to its end on a thread of its own."""

    file: IO[bytes]
    cap: int
    pieces: list[bytes] = field(default_factory=list)
    held: int = 0
    begins: bytes = b""
    is_cut: bool = False
    begun: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        with self.file, contextlib.suppress(OSError, ValueError):
            while piece := os.read(self.file.fileno(), PIECE):
                kept = piece[: self.cap - self.held]
                self.held += len(kept)
                self.is_cut |= len(kept) < len(piece)
                if kept:
                    self.pieces.append(kept)
                if not self.begun.is_set() and self.text().startswith(self.begins):
                    self.begun.set()

    def text(self) -> bytes:
        """Return what was read so far."""
        return b"".join(self.pieces)


class _Stop:
    """Kills a process's group at most once, and never after its number may belong to somebody else."""

    def __init__(self, process: subprocess.Popen[bytes], also: Callable[[], None]) -> None:
        self._process = process
        self._also = also
        self._lock = threading.Lock()
        self._is_over = False
        self.is_cancelled = False

    def cancel(self) -> None:
        """Kill because nobody waits any more."""
        with self._lock:
            if not self._is_over:
                self.is_cancelled = True
                self._kill()

    def kill(self) -> None:
        """Kill what is left of it."""
        with self._lock:
            if not self._is_over:
                self._kill()

    def close(self) -> None:
        """Say that the process is gone."""
        with self._lock:
            self._is_over = True

    def _kill(self) -> None:
        self._also()
        with contextlib.suppress(OSError):
            if os.name == "posix":
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()


def run_process(command: Command, cancellation: Cancelling, also_kill: Callable[[], None] = lambda: None) -> Ended:
    """Run a command to its end, its time limit or its cancellation."""
    if cancellation.is_cancelled:
        return Ended("cancelled", None)
    try:
        process = subprocess.Popen(
            list(command.argv),
            cwd=command.folder,
            env=dict(command.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=command.pass_fds,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return Ended("not_started", None, problem=f"`{command.argv[0]}` could not be started: {error}")
    return _to_the_end(process, command, cancellation, _Stop(process, also_kill))


def _to_the_end(process: subprocess.Popen[bytes], command: Command, cancellation: Cancelling, stop: _Stop) -> Ended:
    out, err = _streams(process, command)
    exited = threading.Event()
    threading.Thread(target=_await_exit, args=(process, exited, err.begun), daemon=True).start()
    cancellation.on_cancel(stop.cancel)
    has_begun = not command.begins or err.begun.wait(SETUP_S)
    is_in_time = has_begun and exited.wait(command.timeout_s)
    # The leader is a zombie until it is waited for, so that its group's number is still its own.
    stop.kill()
    exited.wait()
    for stream in (out, err):
        stream.thread.join(GRACE_S)
    code = process.wait()
    stop.close()
    ending: Literal["exit", "timeout", "cancelled"] = "exit" if is_in_time else "timeout"
    if stop.is_cancelled:
        ending = "cancelled"
    return Ended(
        ending=ending,
        code=128 - code if code < 0 else code,
        stdout=out.text(),
        stderr=err.text(),
        is_cut=out.is_cut or err.is_cut,
    )


def _streams(process: subprocess.Popen[bytes], command: Command) -> tuple[_Stream, _Stream]:
    stdin, stdout, stderr = process.stdin, process.stdout, process.stderr
    if stdin is None or stdout is None or stderr is None:
        raise AssertionError("A process that was started with pipes has them.")
    threading.Thread(target=_feed, args=(stdin, command.stdin), daemon=True).start()
    return _Stream(stdout, command.stdout_cap), _Stream(stderr, command.stderr_cap, begins=command.begins)


def _feed(file: IO[bytes], content: bytes) -> None:
    with contextlib.suppress(OSError, ValueError):
        file.write(content)
    with contextlib.suppress(OSError, ValueError):
        file.close()


def _await_exit(process: subprocess.Popen[bytes], *exited: threading.Event) -> None:
    """Wait without reaping where the system can, so that the process's number stays taken."""
    if hasattr(os, "waitid"):
        with contextlib.suppress(ChildProcessError):
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    else:
        process.wait()
    for one in exited:
        one.set()
