"""Paths as tools tell them, turned into POSIX paths relative to the root; what leads out of it is nobody's finding."""

from __future__ import annotations

import posixpath
from pathlib import Path, PurePosixPath, PureWindowsPath
from urllib.parse import unquote, urlsplit

__all__ = ["path_of_uri", "relative_path"]


def relative_path(told: str, roots: tuple[Path, ...]) -> str | None:
    """Return a path relative to the first of `roots` that holds it; None where none does.

    The same root may stand there under several names: as it was opened, and with its links resolved.
    """
    if not told or "\0" in told:
        return None
    if "\\" in told or PureWindowsPath(told).drive:
        told = PureWindowsPath(told).as_posix()
    if not (PurePosixPath(told).is_absolute() or PureWindowsPath(told).drive):
        return _within(posixpath.normpath(told))
    normal = posixpath.normpath(told)
    for root in roots:
        if normal.startswith(f"{root.as_posix().rstrip('/')}/"):
            return _within(normal[len(root.as_posix().rstrip("/")) + 1 :])
    return None


def path_of_uri(uri: str) -> str | None:
    """Return the path of a file URI or of a relative reference; None for other schemes."""
    parts = urlsplit(uri)
    is_drive = len(parts.scheme) == 1
    if parts.scheme not in ("", "file") and not is_drive:
        return None
    path = unquote(uri if is_drive else parts.path)
    has_drive = len(path) > 2 and path[0] == "/" and path[2] == ":"
    return path[1:] if has_drive else path


def _within(relative: str) -> str | None:
    is_out = relative in (".", "..") or relative.startswith("../")
    return None if is_out else relative
