"""The port to a sandbox: a job in, what came of it out. Nothing here ever runs without walls around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from patchtrail.sandbox.limits import Limits

__all__ = ["Bind", "Cancelling", "Ending", "Job", "Ran", "Sandbox", "Uncancelled"]

Ending = Literal["exit", "wall", "cpu", "memory", "disk", "cancelled", "no_sandbox"]


class Cancelling(Protocol):
    """Says that nobody waits any more."""

    @property
    def is_cancelled(self) -> bool:
        """Whether it was cancelled."""

    def on_cancel(self, stop: Callable[[], None]) -> None:
        """Call `stop` when it is cancelled; at once when it is already."""


class Uncancelled:
    """A cancellation that never comes."""

    is_cancelled = False

    def on_cancel(self, stop: Callable[[], None]) -> None:
        """Forget it."""


@dataclass(frozen=True)
class Bind:
    """A file or folder of the machine that a run may read, and where it finds it; both absolute."""

    source: Path
    target: Path


@dataclass(frozen=True)
class Job:
    """One untrusted command on a folder, which it sees read-only at `folder_at`, with `overlays` laid over it.

    Overlays name files relative to the folder; None takes one away. `result_path` names a file in `/tmp` that is handed
    back when the command has ended. The environment holds what stands here and nothing else. With `is_writable` the
    command may change its own copy of the folder, up to `limits.work_bytes`; the copy is thrown away.
    """

    argv: tuple[str, ...]
    folder: Path
    folder_at: Path
    overlays: Mapping[str, bytes | None] = field(default_factory=dict)
    read_only: tuple[Bind, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    result_path: str = ""
    is_writable: bool = False


@dataclass(frozen=True)
class Ran:
    """How a run ended; `output` is both streams as they came, and holds escape sequences still.

    `code` is the command's, or 128 and the signal; None when it did not end by itself. `disk` means that the command
    failed by itself and had no room left to write. `problem` says in a sentence what went beyond which limit; it is
    empty after `exit` alone. `missing_limits` names what this machine could not limit. A `no_sandbox` ending means
    that the command was not run; `problem` says why.
    """

    ending: Ending
    code: int | None
    output: bytes
    is_output_cut: bool = False
    result: bytes | None = None
    missing_limits: tuple[str, ...] = ()
    problem: str = ""


class Sandbox(Protocol):
    """Runs untrusted commands, or says why it cannot."""

    @property
    def name(self) -> str:
        """bubblewrap, docker, podman or runsc."""

    def is_usable(self) -> str | None:
        """Return None, or the reason why nothing can be run here."""

    def run(self, job: Job, cancellation: Cancelling) -> Ran:
        """Run a job to its end; when this returns, none of its processes is left."""
