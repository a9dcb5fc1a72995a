"""What a client saw of the changes of a document since its last save: facts, to weigh who wrote it.

A group is a run of neighbouring change events of which every fact but the counts is the same. No text is in it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from patchtrail.contract.wire import Count, Millis, WireModel

__all__ = ["CHANGES_REPORT", "ChangeGroup", "ChangesReport", "ChangesTaken", "MovedBy"]

CHANGES_REPORT = "patchtrail/changes/report"
MAX_GROUPS = 256

MovedBy = Literal["keyboard", "mouse", "command", "program", "none"]


class ChangeGroup(WireModel):
    """Neighbouring changes of one document that look alike, and how they look."""

    started_ms: Millis = Field(description="Unix time of its first change.")
    ended_ms: Millis
    events: Annotated[int, Field(ge=1, le=2**53 - 1)]
    ranges: Count = Field(default=1, description="The most places that one event changed.")
    inserted: Count = Field(description="UTF-16 units.")
    deleted: Count
    largest_insert: Count = Field(default=0, description="The longest text that one event put into one place.")
    largest_delete: Count = 0
    reason: Literal["none", "undo", "redo"] = "none"
    moved_by: MovedBy = Field(
        default="none",
        description="What the editor says moved the cursor to the end of the change; program: the editor names none.",
    )
    told_first: Literal["cursor", "change", "unknown"] = Field(
        default="unknown",
        description="Of the first change after a save: whether the editor told first that the cursor moved, as it does "
        "when a program changes the text, or that the document changed, as it does when somebody works in the editor.",
    )
    is_at_cursor: bool = Field(default=False, description="It touches a cursor of the active editor.")
    is_over_selection: bool = Field(default=False, description="It replaces what was selected, and nothing else.")
    saved_after_ms: Count | None = Field(
        default=None,
        description="How soon the editor began to save, where something acts on saving; 0 while it was being saved.",
    )
    is_clean: bool = Field(default=False, description="The document equals its file afterwards: it was read anew.")
    is_active: bool = Field(default=False, description="The document is in the active editor.")
    is_focused: bool = Field(default=False, description="The window has the focus.")
    is_blank: bool = Field(default=False, description="Only white space was inserted.")
    is_completing: bool = Field(
        default=False, description="It puts one line in place of the beginning of a word that was being typed."
    )
    is_on_diagnostic: bool = Field(default=False, description="It touches the range of a diagnostic.")
    is_fix_asked: bool = Field(default=False, description="Fixes had been asked for there by hand, in this document.")
    is_patch: bool = Field(default=False, description="The client applied a patch of Patchtrail's.")
    is_command_running: bool = Field(default=False, description="A command was running in a terminal.")
    clipboard: Literal["same", "other", "unknown"] = Field(
        default="unknown", description="Whether it inserts what the clipboard holds; compared by the client alone."
    )
    documents: Count = Field(default=1, description="The most documents that changed together.")


class ChangesReport(WireModel):
    """The changes of a document since its last save, sent at a save, before `textDocument/didSave`."""

    uri: str
    groups: Annotated[list[ChangeGroup], Field(max_length=MAX_GROUPS)]
    is_whole: bool = Field(default=True, description="No change since the last save is missing.")


class ChangesTaken(WireModel):
    """Whether the facts are kept for the save that follows."""

    is_taken: bool
