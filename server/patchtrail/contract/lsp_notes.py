"""What a client says of a note beside its text: who wrote it, at what pause, about which lines; and suggestions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from patchtrail.contract.events import NoteHint, NoteSource
from patchtrail.contract.wire import Count, WireModel

__all__ = ["HINT_DISMISS", "NoteOrigin", "NotePlace", "NoteSuggestion"]

HINT_DISMISS = "patchtrail/hint/dismiss"


class NotePlace(WireModel):
    """The lines that were selected, from 1, in a file on this machine."""

    path: str
    start_line: Count
    end_line: Count


class NoteOrigin(WireModel):
    """Where a note comes from; a draft that is changed keeps what it was first sent with."""

    author: Literal["participant", "agent"] = "participant"
    agent: Annotated[str, Field(max_length=200)] | None = None
    source: NoteSource = "keyboard"
    hint: NoteHint | None = None
    place: NotePlace | None = None
    draft_text: Annotated[str, Field(max_length=20_000)] | None = None


class NoteSuggestion(WireModel):
    """A natural pause at which a note would cost little: shown quietly, never a pop-up."""

    hint: NoteHint
    seq: Count = Field(description="The event that it is about.")
    text: str
