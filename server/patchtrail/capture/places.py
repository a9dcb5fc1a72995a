"""Paths as a client reports them, to paths as the trace tells them: inside of the session's roots, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from patchtrail.capture.roots import Roots

__all__ = ["Places", "Rooted"]


@dataclass(frozen=True)
class Rooted:
    """A path inside of a root, and the root's name."""

    file_path: str
    root: str = ""


@dataclass(frozen=True)
class Places:
    """The roots of a session; a file whose content is never captured is told as if it lay outside."""

    roots: Roots
    denies: Callable[[str], bool]

    def rooted(self, path: str | None) -> Rooted | None:
        """Return where a path lies; None outside of the session's roots."""
        if not path:
            return None
        try:
            place = self.roots.place_of(Path(path).resolve())
        except (OSError, ValueError):
            return None
        return None if place is None or self.denies(place.relative) else Rooted(place.relative, place.root.name)
