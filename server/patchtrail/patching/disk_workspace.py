"""The files of a root as they are on disk: UTF-8 texts, never through a symbolic link."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

__all__ = ["DiskWorkspace"]

MAX_BYTES = 5_000_000


class DiskWorkspace:
    """A workspace without open documents."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    @property
    def root(self) -> Path:
        """The root folder."""
        return self._root

    def read(self, file_path: str) -> str | None:
        """Return a text; None for what is no file below the root, too large, or no UTF-8."""
        pure = PurePosixPath(file_path)
        if pure.is_absolute() or ".." in pure.parts or "\0" in file_path:
            return None
        path = self._root / pure
        try:
            if path.resolve() != path or not path.is_file() or path.stat().st_size > MAX_BYTES:
                return None
            # Bytes are decoded by hand: universal newlines would lose CRLF.
            return path.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError, ValueError):
            return None

    def open_texts(self) -> dict[str, str]:
        """Return nothing: there are no open documents."""
        return {}

    def write(self, file_path: str, text: str) -> None:
        """Write a text so that a crash leaves the old or the new file; its mode is kept.

        Raises `OSError` where it cannot be written.
        """
        path = self._root / PurePosixPath(file_path)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.patchtrail")
        fresh.write_bytes(text.encode("utf-8"))
        if path.exists():
            os.chmod(fresh, path.stat().st_mode & 0o7777)  # noqa: PTH101 -- Path.chmod follows links, this one is ours
        fresh.replace(path)
