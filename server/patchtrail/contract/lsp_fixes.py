"""Patches as quick fixes: commands, what clients forward and are asked, and how a patch's story ends.

Lines and characters of this module are LSP's: both from 0, characters in UTF-16 units, the end excluded.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from patchtrail.contract.wire import Count, WireModel

__all__ = [
    "EXPLAIN_COMMAND",
    "FIX_COMMAND",
    "FIX_DIAGNOSTICS",
    "FIX_OUTCOME",
    "FIX_PREVIEW",
    "MODEL_ASK",
    "MODEL_CONFIGURE",
    "DiagnosticEdit",
    "DiagnosticsTaken",
    "DocumentDiagnostics",
    "FixChoice",
    "FixDiagnostic",
    "FixDone",
    "FixOutcome",
    "FixPreview",
    "FixTarget",
    "ModelAsk",
    "ModelKey",
    "ModelKeyTaken",
    "ModelMessage",
    "ModelSaid",
    "OutcomeTaken",
    "PreviewFile",
]

FIX_COMMAND = "patchtrail.fix"
EXPLAIN_COMMAND = "patchtrail.explain"
FIX_DIAGNOSTICS = "patchtrail/fix/diagnostics"
FIX_PREVIEW = "patchtrail/fix/preview"
FIX_OUTCOME = "patchtrail/fix/outcome"
MODEL_ASK = "patchtrail/model/ask"
MODEL_CONFIGURE = "patchtrail/model/configure"
MAX_DIAGNOSTICS = 5_000


class DiagnosticEdit(WireModel):
    """One edit of the reporting tool's own fix."""

    start_line: Count
    start_character: Count
    end_line: Count
    end_character: Count
    text: str


class FixDiagnostic(WireModel):
    """A diagnostic of any tool, with what tells it from the others of its document."""

    message: str
    source: str = ""
    code: str = ""
    severity: Literal["error", "warning", "information", "hint"] = "warning"
    start_line: Count
    start_character: Count
    end_line: Count
    end_character: Count
    fix_title: str = Field(default="", description="The tool's own fix, where it sent one along.")
    fix_edits: list[DiagnosticEdit] = Field(default=[])


class DocumentDiagnostics(WireModel):
    """Every diagnostic of a document, sent right before fixes are asked for in it."""

    uri: str
    version: Count
    diagnostics: Annotated[list[FixDiagnostic], Field(max_length=MAX_DIAGNOSTICS)]


class DiagnosticsTaken(WireModel):
    """Whether they are kept."""

    is_taken: bool


class FixTarget(WireModel):
    """The one argument of both commands: which diagnostic, or all of the document, in which version of it."""

    uri: str
    version: Count | None = None
    diagnostic: FixDiagnostic | None = Field(default=None, description="Absent: every one that is known there.")


class FixDone(WireModel):
    """What became of a command; a person was told already, unless `explanation` is theirs to read."""

    is_applied: bool
    message: str
    fix_id: str | None = None
    explanation: str = ""


class PreviewFile(WireModel):
    """One file of a patch; `before` is absent for a new file."""

    uri: str
    file_path: str
    before: str | None
    after: str


class FixPreview(WireModel):
    """Ask the client to show a patch as a diff, and whether to apply it."""

    fix_id: str
    title: str
    is_rechecked: bool
    files: list[PreviewFile]


class FixChoice(WireModel):
    """What was chosen; closing the preview is no."""

    is_applied: bool


class FixOutcome(WireModel):
    """What a person did with a patch that was applied: the client noticed it."""

    fix_id: Annotated[str, Field(min_length=1, max_length=100)]
    outcome: Literal["accepted", "rejected", "undone"]


class OutcomeTaken(WireModel):
    """Whether that patch is still remembered."""

    is_taken: bool


class ModelMessage(WireModel):
    """One message to a model."""

    role: Literal["system", "user", "assistant"]
    content: str


class ModelAsk(WireModel):
    """Ask the editor's own model; `model` is the one that the user chose, or empty."""

    messages: list[ModelMessage]
    max_output_tokens: Count
    model: str = ""


class ModelSaid(WireModel):
    """What it answered, and what it is called."""

    text: str
    model: str


class ModelKey(WireModel):
    """A model's key from where the editor keeps secrets, and the one address that it may be sent to."""

    url: str
    key: Annotated[str, Field(repr=False, max_length=10_000)] = Field(description="Empty: there is none any more.")


class ModelKeyTaken(WireModel):
    """Whether it is for the address that the settings name."""

    is_taken: bool
