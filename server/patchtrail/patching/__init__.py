"""From a finding to a patch that applies, fixes it and breaks nothing."""

from patchtrail.patching.answer import Focus, patch_from_answer
from patchtrail.patching.finding import Finding, ToolEdit, ToolFix
from patchtrail.patching.fixer import Fixer, FixParts, FixRequest, FixResult
from patchtrail.patching.patch import FilePatch, LocatedHunk, Patch, Refusal

__all__ = [
    "FilePatch",
    "Finding",
    "FixParts",
    "FixRequest",
    "FixResult",
    "Fixer",
    "Focus",
    "LocatedHunk",
    "Patch",
    "Refusal",
    "ToolEdit",
    "ToolFix",
    "patch_from_answer",
]
