"""Where a patch may reach: files of the workspace, as they are, and nothing that tools keep for themselves."""

from __future__ import annotations

from pathlib import PurePosixPath

from patchtrail.patching.patch import Patch, Refusal
from patchtrail.patching.ports import Workspace
from patchtrail.redaction.placeholder import PLACEHOLDER

__all__ = ["refusal_of"]

MAX_FILES = 20
MAX_BYTES = 2_000_000
KEPT = frozenset({".git", ".hg", ".svn", ".patchtrail", "node_modules", ".venv", "venv", "site-packages"})


def refusal_of(patch: Patch, workspace: Workspace) -> Refusal | None:
    """Return why a patch may not be offered at all; None when it may."""
    if len(patch.files) > MAX_FILES or sum(len(one.after) for one in patch.files) > MAX_BYTES:
        return Refusal("too_large", f"The change is too large: {len(patch.files)} files.")
    for one in patch.files:
        parts = PurePosixPath(one.file_path).parts
        if PurePosixPath(one.file_path).is_absolute() or ".." in parts or any(part.lower() in KEPT for part in parts):
            return Refusal("outside_workspace", f"{one.file_path} is not a file that a patch may change.")
        if set(PLACEHOLDER.findall(one.after)) - set(PLACEHOLDER.findall(one.before or "")):
            # Of a secret that could not be put back, or that the model made up.
            return Refusal("unreadable_answer", f"The change would write a secret's placeholder into {one.file_path}.")
        if _leads_out(workspace, one.file_path):
            return Refusal("outside_workspace", f"{one.file_path} is, or lies behind, a symbolic link.")
    return None


def _leads_out(workspace: Workspace, file_path: str) -> bool:
    at = workspace.root
    for part in PurePosixPath(file_path).parts:
        at = at / part
        if at.is_symlink():
            return True
    return False
