"""New lines at the end of a file that somebody else writes: bounded, whatever they write."""

from __future__ import annotations

import os
import stat
from pathlib import Path

__all__ = ["Tail"]

MAX_BYTES = 4 * 1024 * 1024


class Tail:
    """Follows one file. One that is replaced or cut short is read from its beginning."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._inode = -1
        self._offset = 0

    def skip(self) -> None:
        """Leave out what is there already."""
        found = self._stat()
        self._inode, self._offset = (found.st_ino, found.st_size) if found else (-1, 0)

    def lines(self) -> list[str]:
        """Return the whole lines that were added; one that is too long for us is left out."""
        found = self._stat()
        if found is None:
            return []
        if found.st_ino != self._inode or found.st_size < self._offset:
            self._inode, self._offset = found.st_ino, 0
        if found.st_size == self._offset:
            return []
        try:
            with self.path.open("rb") as file:
                file.seek(self._offset)
                content = file.read(MAX_BYTES)
        except OSError:
            return []
        end = content.rfind(b"\n") + 1
        self._offset += end or (len(content) if len(content) == MAX_BYTES else 0)
        return content[:end].decode("utf-8", "replace").splitlines()

    def _stat(self) -> os.stat_result | None:
        try:
            found = self.path.stat()
        except (OSError, ValueError):
            return None
        # Anything else could block, and is nobody's log.
        return found if stat.S_ISREG(found.st_mode) else None
