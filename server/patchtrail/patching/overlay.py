"""A workspace with changed texts laid over it, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from patchtrail.patching.patch import FilePatch, LocatedHunk, Patch
from patchtrail.patching.ports import Workspace

__all__ = ["Overlay", "patch_between"]


class Overlay:
    """Reads changed texts first, and all others from the workspace below."""

    def __init__(self, below: Workspace, texts: Mapping[str, str]) -> None:
        self._below = below
        self._texts = dict(texts)

    @property
    def root(self) -> Path:
        """The root folder."""
        return self._below.root

    @property
    def texts(self) -> dict[str, str]:
        """What is laid over the workspace."""
        return dict(self._texts)

    def read(self, file_path: str) -> str | None:
        """Return a text, the changed one where there is one."""
        changed = self._texts.get(file_path)
        return self._below.read(file_path) if changed is None else changed

    def open_texts(self) -> dict[str, str]:
        """Return what differs from the disk."""
        return self._below.open_texts() | self._texts

    def with_patch(self, patch: Patch) -> Overlay:
        """Return this overlay with a patch applied."""
        return Overlay(self._below, self._texts | {one.file_path: one.after for one in patch.files})


def patch_between(below: Workspace, overlay: Overlay, hunks: tuple[LocatedHunk, ...]) -> Patch | None:
    """Return what leads from the workspace to the overlay; None when nothing does."""
    files = [FilePatch(path, below.read(path), text) for path, text in sorted(overlay.texts.items())]
    changed = tuple(one for one in files if one.before != one.after)
    return Patch(changed, hunks) if changed else None
