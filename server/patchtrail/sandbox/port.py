"""The port to a sandbox: a job in, what came of it out. Nothing here ever runs without walls around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from patchtrail.sandbox.limits import Limits

__all__ = ["Bind", "Cancelling", "Ending", "Job", "Ran", "Sandbox"]

Ending = Literal["exit", "wall", "memory", "cancelled", "no_sandbox"]


class Cancelling(Protocol):
    """Says that nobody waits any more."""

    @property
    def is_cancelled(self) -> bool:
        """Whether it was cancelled."""

    def on_cancel(self, stop: Callable[[], None]) -> None:
        """Call `stop` when it is cancelled; at once when it is already."""


@dataclass(frozen=True)
class Bind:
    """A file or folder of the machine that a run may read, and where it finds it; both absolute."""

    source: Path
    target: Path


@dataclass(frozen=True)
class Job:
    """One untrusted command on a folder, which it sees read-only at `folder_at`, with `overlays` laid over it.

    Overlays name files relative to the folder; None takes one away. `result_path` names a file in `/tmp` that is handed
    back when the command has ended. The environment holds what stands here and nothing else.
    """

    argv: tuple[str, ...]
    folder: Path
    folder_at: Path
    overlays: Mapping[str, bytes | None] = field(default_factory=dict)
    read_only: tuple[Bind, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    result_path: str = ""


@dataclass(frozen=True)
class Ran:
    """How a run ended; `output` is both streams as they came, and holds escape sequences still.

    `code` is the command's, or 128 and the signal; None when it did not end by itself. `missing_limits` names what
    this machine could not limit. A `no_sandbox` ending means that the command was not run; `problem` says why.
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

    def is_usable(self) -> str | None:
        """Return None, or the reason why nothing can be run here."""

    def run(self, job: Job, cancellation: Cancelling) -> Ran:
        """Run a job to its end; when this returns, none of its processes is left."""
