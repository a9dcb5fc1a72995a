"""Repositories inside the roots that are no roots themselves: submodules, nested clones.

Their files are recorded as the root's. Their commits are not; the first one in each is declared as a gap.
"""

from __future__ import annotations

import re
from pathlib import Path

from patchtrail.capture.ignored import nearest_work_tree
from patchtrail.capture.repository import Repository

__all__ = ["NestedRepositories"]

MAX_WATCHED = 50
MAX_LISTED_BYTES = 256 * 1024
SUBMODULE = re.compile(r"^\s*path\s*=\s*(\S.*?)\s*$", re.MULTILINE)


class NestedRepositories:
    """The nested repositories that are known so far: those that a root lists, and those in which something happened."""

    def __init__(self) -> None:
        self._known: dict[Path, Repository] = {}
        self._watched: set[Path] = set()
        self._fresh: set[Path] = set()
        self._listed: dict[Path, int] = {}
        self._since_s = float("inf")

    def holding(self, folder: Path, root: Path) -> Repository | None:
        """Return the repository inside a root that a folder is part of, and watch it; None when it is the root's own.

        One that is met for the first time may have been committed to just now: its reflog tells.
        """
        tree = nearest_work_tree(folder)
        if tree is None or tree == root or not tree.is_relative_to(root):
            return None
        if tree not in self._known:
            repository = self._known[tree] = Repository(tree)
            if repository.has_committed(self._since_s):
                self._fresh.add(tree)
            elif len(self._watched) < MAX_WATCHED:
                self._watched.add(tree)
        return self._known[tree]

    def watch_submodules(self, root: Path) -> None:
        """Watch the submodules that a root lists; the list is read again only when it has changed."""
        path = root / ".gitmodules"
        try:
            status = path.stat()
            if self._listed.get(root) == status.st_mtime_ns or status.st_size > MAX_LISTED_BYTES:
                return
            self._listed[root] = status.st_mtime_ns
            names = SUBMODULE.findall(path.read_text("utf-8", "replace"))
        except OSError:
            return
        for name in names[:MAX_WATCHED]:
            self.holding(root / name, root)

    def committed(self) -> list[Path]:
        """Return the repositories that were committed to since the last look; each is told once."""
        found = self._fresh | {tree for tree in self._watched if self._known[tree].new_commits()}
        self._watched -= found
        self._fresh = set()
        return sorted(found)

    def pass_over(self, now_s: float) -> None:
        """Take what was committed until now for seen: it is nobody's business."""
        self._since_s = now_s
        self._fresh = set()
        for tree in self._watched:
            self._known[tree].new_commits()

    def close(self) -> None:
        """End the git processes that reading started."""
        for repository in self._known.values():
            repository.close()
