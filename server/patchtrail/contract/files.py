"""What events tell of files: saved, created, deleted, renamed, and cells of notebooks that were run.

A path is relative to its root, with `/` between its parts; `root` names one of the session's further roots, and is
empty for the first. A cell of a notebook is a text of its own: its edits carry `cell` beside the notebook's path.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from patchtrail.contract.artifact import ArtifactRef
from patchtrail.contract.wire import Count, DiffText, Millis, Sha256, WireModel

__all__ = [
    "AgentAct",
    "AuthorShare",
    "AuthorSource",
    "CellRun",
    "EditEvidence",
    "FileContent",
    "FileCreate",
    "FileDelete",
    "FileEdit",
    "FileRename",
    "NotebookCell",
    "SaveReason",
    "SeenBy",
    "Withheld",
]

EditEvidence = Literal[
    "manual", "format_on_save", "quick_fix", "ai", "external", "unknown", "paste", "patch", "undo", "mixed"
]
AuthorSource = Literal["typing", "paste", "undo", "format_on_save", "quick_fix", "patch", "ai", "external", "unknown"]
SaveReason = Literal["manual", "after_delay", "focus_out", "unknown"]
Withheld = Literal["denied_path", "too_large", "binary", "undecodable"]
SeenBy = Literal["save", "editor", "disk"]


class AuthorShare(WireModel):
    """How much of an edit probably has one source, and why: evidence, never a verdict."""

    source: AuthorSource
    chars: Count = Field(description="Characters inserted and deleted.")
    probability_milli: Annotated[int, Field(ge=0, le=1000)]
    reasons: list[str]
    agent: str | None = Field(default=None, description="The agent, as its own telemetry names it.")


class NotebookCell(WireModel):
    """A cell of a notebook; `cell_id` is the notebook format's own id, or one that the recorder gave it."""

    cell_id: str
    index: Count
    kind: Literal["code", "markdown"]
    language: str


class FileContent(WireModel):
    """A text as it is recorded: the fields that a save and a creation share.

    `diff_unified` leads from the text recorded before to the text now; where it is too long for a line it is
    empty and `diff_artifact` holds it. `base_artifact` is set on a file's first edit when replay cannot start at
    the start commit. `buffer_hash_after` is the SHA-256 of the redacted UTF-8 text.
    """

    file_path: str
    diff_unified: DiffText
    diff_artifact: ArtifactRef | None
    base_artifact: ArtifactRef | None
    buffer_hash_after: Sha256 | None
    is_replayable: bool
    withheld: Withheld | None = Field(description="Why the content was not captured, or null when it was.")
    size_bytes: Count
    evidence: EditEvidence
    root: str = ""
    cell: NotebookCell | None = None
    seen_by: SeenBy = Field(default="save", description="How it became known: a save, the editor's own act, or disk.")
    encoding: str = Field(default="utf-8", description="The file's encoding on disk; a byte order mark is text.")
    keyed_hash: Sha256 | None = Field(
        default=None, description="HMAC-SHA-256 of a withheld content under the session's local key."
    )
    authorship: list[AuthorShare] = Field(default=[])


class FileEdit(FileContent):
    """One save of one file, or one change that was found on disk."""

    save_reason: SaveReason = Field(default="unknown", description="Why the editor saved, as LSP's willSave tells it.")
    undos: Count = Field(default=0, description="Undo steps since the save before.")
    redos: Count = 0


class FileCreate(FileContent):
    """A file appeared; its diff leads from nothing to what it held."""


class FileDelete(WireModel):
    """A file disappeared; of a folder, everything below it."""

    file_path: str
    evidence: EditEvidence
    is_folder: bool = False
    root: str = ""
    cell: NotebookCell | None = None
    seen_by: SeenBy = "editor"


class FileRename(WireModel):
    """A file, or a folder with everything below it, has another path."""

    file_path: str
    new_path: str
    evidence: EditEvidence
    is_folder: bool = False
    root: str = ""
    new_root: str = ""
    seen_by: SeenBy = "editor"


class CellRun(WireModel):
    """One execution of a notebook's cell. Outputs stay on the machine; their keyed hash tells whether they changed."""

    file_path: str
    cell: NotebookCell
    execution_order: Count | None
    is_success: bool | None
    duration_ms: Count | None
    outputs_hash: Sha256 | None = Field(description="HMAC-SHA-256 of the outputs under the session's local key.")
    output_types: list[str] = Field(description="Media types of the outputs, in order.")
    error_name: str | None = None
    root: str = ""


class AgentAct(WireModel):
    """What a coding agent said of itself, through its hooks or its telemetry."""

    agent: str
    told_by: Literal["hook", "telemetry"]
    act: Literal["prompt", "edit", "command", "other"]
    tool: str | None
    outcome: Literal["applied", "accepted", "rejected", "unknown"]
    file_path: str | None
    root: str = ""
    at_ms: Millis = Field(description="Unix time of the act, by the agent's clock.")
