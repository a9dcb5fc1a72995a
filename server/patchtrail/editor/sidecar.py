"""What the editor's features work with: the recorder, and a way to ask how things stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from patchtrail.capture import Recorder
from patchtrail.contract.lsp import SessionState
from patchtrail.contract.lsp_forgetting import PendingChunks, PendingRequest
from patchtrail.editor.fixing import Fixing

__all__ = ["Sidecar"]


@dataclass(frozen=True)
class Sidecar:
    """The parts that the composition root wired; `start` and `close` run and end their threads."""

    recorder: Recorder
    session_state: Callable[[], SessionState]
    on_change: Callable[[Callable[[], None]], None]
    start: Callable[[], None]
    close: Callable[[], None]
    pending: Callable[[PendingRequest], PendingChunks]
    fixing: Fixing | None = None
