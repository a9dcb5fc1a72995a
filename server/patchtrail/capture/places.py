"""Paths as a client reports them, to paths as the trace tells them: inside of the session's roots, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Places", "Rooted"]


@dataclass(frozen=True)
class Rooted:
    """A path inside of a root, and the root's name."""

    file_path: str
    root: str = ""


@dataclass(frozen=True)
class Places:
    """The roots of a session; a file whose content is never captured is told as if it lay outside."""

    folder: Path
    root: Path
    denies: Callable[[str], bool]

    def rooted(self, path: str | None) -> Rooted | None:
        """Return where a path lies; None outside of the session's roots."""
        if not path:
            return None
        try:
            resolved = Path(path).resolve()
            if not resolved.is_relative_to(self.folder):
                return None
            relative = resolved.relative_to(self.root).as_posix()
        except (OSError, ValueError):
            return None
        return None if self.denies(relative) else Rooted(relative)
