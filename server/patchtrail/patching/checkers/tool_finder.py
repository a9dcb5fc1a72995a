"""Where a tool is installed: the workspace's own environments, beside this Python, then PATH.

A folder that nobody trusts has nothing of it executed: its tools are passed by, however they are reached.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

__all__ = ["ToolFinder"]

OWN_FOLDERS = (".venv/bin", ".venv/Scripts", "venv/bin", "venv/Scripts", "node_modules/.bin")
REMEMBERED_S = 30.0


class ToolFinder:
    """Finds tools, and remembers for half a minute what it found; one object may serve any number of threads."""

    def __init__(
        self,
        *,
        may_run_project_tools: bool = False,
        beside: Path | None = None,
        search_path: str | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.may_run_project_tools = may_run_project_tools
        # A virtual environment's Python is a link: its own folder holds the tools, not the one that it leads to.
        self._beside = beside if beside is not None else Path(sys.executable).parent
        self._search_path = search_path
        self._now = now
        self._lock = threading.Lock()
        self._found: dict[tuple[Path, str], tuple[Path | None, float]] = {}

    def find(self, root: Path, name: str) -> Path | None:
        """Return a tool's executable for a workspace; starts no process."""
        now = self._now()
        with self._lock:
            known = self._found.get((root, name))
        if known is not None and now - known[1] < REMEMBERED_S:
            return known[0]
        found = self._look(root, name)
        with self._lock:
            self._found[root, name] = (found, now)
        return found

    def _look(self, root: Path, name: str) -> Path | None:
        for folder in self._folders(root):
            told = shutil.which(name, path=str(folder))
            if told is not None and (self.may_run_project_tools or not _is_of(Path(told), root)):
                return Path(told)
        return None

    def _folders(self, root: Path) -> Iterable[Path]:
        if self.may_run_project_tools:
            yield from (root / folder for folder in OWN_FOLDERS)
        yield self._beside
        path = self._search_path if self._search_path is not None else os.environ.get("PATH", os.defpath)
        # A relative entry would mean the folder that one happens to be in.
        yield from (Path(one) for one in path.split(os.pathsep) if Path(one).is_absolute())


def _is_of(tool: Path, root: Path) -> bool:
    return tool.is_relative_to(root) or tool.resolve().is_relative_to(root.resolve())
