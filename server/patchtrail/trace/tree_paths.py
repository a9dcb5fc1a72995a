"""The paths of one tree: each a place in it, and no two of them one file, wherever the tree is written."""

from __future__ import annotations

import unicodedata

from patchtrail.trace.file_tree import why_no_place

__all__ = ["TreePaths"]


class TreePaths:
    """The paths that are taken so far. A file system that ignores case or composes characters must tell them apart."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def take(self, path: str) -> str:
        """Take a path; return why it cannot be one of this tree's, or an empty text when it is taken."""
        fault = why_no_place(path)
        if fault is not None:
            return fault
        folded = unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())
        above = {folded[:at] for at, char in enumerate(folded) if char == "/"}
        if folded in self._files or folded in self._folders or not self._files.isdisjoint(above):
            return "another file has this place"
        self._files.add(folded)
        self._folders |= above
        return ""
