"""`patterns.json` as it is now: read anew when it changed, and empty where it is no library."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.learning import Pattern
from patchtrail.learning.pattern_file import KeptPatterns

__all__ = ["PATTERNS_FILE", "WatchedPatterns"]

PATTERNS_FILE = "patterns.json"
"""Where a repository keeps its patterns, unless it is told otherwise."""


class WatchedPatterns:
    """The patterns of one file, for one thread at a time; `problem` says why there are none, if the file is faulty."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._state: tuple[int, int] | None = None
        self._patterns: Sequence[Pattern] = ()
        self.problem = ""

    @property
    def has_changed(self) -> bool:
        """Whether the file is another one than was read last."""
        return self._told() != self._state

    def read(self) -> Sequence[Pattern]:
        """Return the patterns; the very same sequence as before, where the file did not change."""
        state = self._told()
        if state != self._state:
            self._state, self.problem = state, ""
            try:
                self._patterns = KeptPatterns(self._path).read()
            except OSError as error:
                self._patterns, self.problem = (), f"{self._path} cannot be read: {error.strerror}."
            except InvalidInput as error:
                self._patterns, self.problem = (), error.message
        return self._patterns

    def _told(self) -> tuple[int, int] | None:
        try:
            told = self._path.stat()
        except OSError:
            return None
        return told.st_mtime_ns, told.st_size
