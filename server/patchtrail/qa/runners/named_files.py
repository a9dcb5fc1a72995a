"""Which file of a tree a word of a command line means."""

from __future__ import annotations

from pathlib import PurePosixPath

from patchtrail.trace.file_tree import MAX_PATH_BYTES, FileTree

__all__ = ["NamedFiles"]


class NamedFiles:
    """The files and folders of a tree by their names: a command line may hold very many words."""

    def __init__(self, tree: FileTree) -> None:
        self._files = tree.files
        self._folders = {parent.as_posix() for one in tree.files for parent in PurePosixPath(one).parents}
        self._by_name: dict[str, list[str]] = {}
        for one in (*tree.files, *self._folders):
            self._by_name.setdefault(one.rpartition("/")[2], []).append(one)

    def existing(self, word: str) -> str | None:
        """Return a test id, a file or a folder as the tree has it; None where the tree has no such file."""
        path, _, rest = word.partition("::")
        parts = [one for one in PurePosixPath(path[: MAX_PATH_BYTES + 1]).parts if one not in (".", "/")]
        if ".." in parts or len(path) > MAX_PATH_BYTES:
            return None
        # A command was given in some folder, or with a whole path of another machine: its end says which file is meant.
        ends = ["/".join(parts[start:]) for start in range(len(parts))] if parts else ["."]
        found = [one for one in ends if one in self._files or one in self._folders]
        alike = self._by_name.get(ends[0].rpartition("/")[2], [])
        found = found or [one for one in alike if one.endswith(f"/{ends[0]}")]
        if not found or (len(found) > 1 and found[0] not in ends):
            return None
        return f"{found[0]}::{rest}" if rest else found[0]
