"""What is known of a recorder, as values that any thread may read."""

from __future__ import annotations

from dataclasses import dataclass

from patchtrail.contract.base_snapshot import BaseStanding
from patchtrail.contract.lsp import NoteLink, TerminalVariable
from patchtrail.contract.lsp_notes import NoteSuggestion

__all__ = ["ClientName", "RecorderState"]


@dataclass(frozen=True)
class ClientName:
    """The editor at the other end, as it named itself."""

    name: str = "unknown"
    version: str = ""


@dataclass(frozen=True)
class RecorderState:
    """What is known of the session, as a value that any thread may read."""

    state: str = "idle"
    reasons: tuple[str, ...] = ()
    trace_id: str | None = None
    next_seq: int = 0
    may_send: bool = False
    task_title: str = ""
    drafts: int = 0
    note_link: NoteLink | None = None
    terminal_variables: tuple[TerminalVariable, ...] = ()
    junit_withheld: str | None = None
    agents_address: str | None = None
    note_suggestion: NoteSuggestion | None = None
    off_record_until_ms: int | None = None
    forgettings: int = 0
    base_snapshot: BaseStanding | None = None
