"""The files under one root, as an answer may read and change them: no links out, no half-written set."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

from patchtrail.contract.attempt import FailureMode
from patchtrail.patching import FilePatch, Patch, Refusal
from patchtrail.patching.paths import is_safe

__all__ = ["PatchRoot", "UnwritableError"]

SKIPPED = (".git", "node_modules", ".venv", "venv", "__pycache__", ".tox", ".mypy_cache", ".ruff_cache")
MOST_PATHS = 100_000
MOST_BYTES = 20_000_000


class UnwritableError(Exception):
    """A file may not be read or written as asked; nothing was written."""

    def __init__(self, message: str, mode: FailureMode = "outside_workspace") -> None:
        super().__init__(message)
        self.mode: FailureMode = mode


class PatchRoot:
    """Reads and writes below one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve(strict=True)
        self._unreadable = dict[str, str]()

    def known_paths(self) -> list[str]:
        """Return the files below, as POSIX paths; folders of tools and links are left out."""
        found = list[str]()
        for folder, names, files in os.walk(self._root, onerror=_refuse_root(self._root)):
            names[:] = sorted(name for name in names if name not in SKIPPED)
            base = Path(folder).relative_to(self._root)
            found += [(base / name).as_posix() for name in sorted(files)]
            if len(found) >= MOST_PATHS:
                break
        return found[:MOST_PATHS]

    def read(self, file_path: str) -> str | None:
        """Return a text, or None when there is none that may be changed."""
        if not is_safe(file_path):
            return None
        path = self._root / file_path
        if self._is_linked(file_path):
            self._unreadable[file_path] = "is a link, or lies behind one"
            return None
        try:
            if not path.is_file():
                return None
            if path.stat().st_size > MOST_BYTES:
                raise UnwritableError(f"{file_path} has more than {MOST_BYTES:,} bytes.", "too_large")
            return path.read_bytes().decode("utf-8")
        except UnicodeDecodeError:
            self._unreadable[file_path] = "is not UTF-8"
        except OSError as error:
            self._unreadable[file_path] = f"cannot be read: {error.strerror}"
        return None

    def told(self, refusal: Refusal) -> str:
        """Return a refusal's message, with what kept files from being read."""
        return " ".join([refusal.message, *(f"{path} {why}." for path, why in self._unreadable.items())])

    def write(self, patch: Patch, *, is_check: bool) -> None:
        """Write every file, or none: all are staged beside their targets before the first one is moved."""
        for one in patch.files:
            self._check(one)
        if is_check:
            return
        staged, made = list[tuple[Path, Path]](), list[Path]()
        try:
            for one in patch.files:
                target = self._root / one.file_path
                made += _folders_made(target.parent)
                staged.append((_staged(target, one), target))
        except OSError:
            _take_back(staged, made)
            raise
        _move(staged, patch)

    def _check(self, one: FilePatch) -> None:
        if not is_safe(one.file_path) or self._is_linked(one.file_path):
            raise UnwritableError(f"{one.file_path} is a link, or lies behind one, so it is not written.")
        if one.before is None and (self._root / one.file_path).exists():
            raise UnwritableError(
                f"{one.file_path} is there already, but is no text that can be changed.", "not_located"
            )

    def _is_linked(self, file_path: str) -> bool:
        path = self._root
        for part in file_path.split("/"):
            path = path / part
            if path.is_symlink():
                return True
        return False


def _refuse_root(root: Path) -> Callable[[OSError], None]:
    """Let the walk pass over a folder that cannot be read, but not over the root."""

    def on_error(error: OSError) -> None:
        if error.filename == str(root):
            raise error

    return on_error


def _folders_made(folder: Path) -> list[Path]:
    missing = list[Path]()
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for one in reversed(missing):
        one.mkdir()
    return missing


def _staged(target: Path, one: FilePatch) -> Path:
    handle, name = tempfile.mkstemp(prefix=".patchtrail-", dir=target.parent)
    path = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(one.after.encode("utf-8"))
            stream.flush()
            os.fsync(stream.fileno())
        path.chmod(stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o644)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return path


def _take_back(staged: list[tuple[Path, Path]], made: list[Path]) -> None:
    for path, _target in staged:
        path.unlink(missing_ok=True)
    for folder in made:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _move(staged: list[tuple[Path, Path]], patch: Patch) -> None:
    """Move all into place; when one fails, those moved before get their old content back."""
    moved = list[tuple[Path, FilePatch]]()
    try:
        for (path, target), one in zip(staged, patch.files, strict=True):
            path.replace(target)
            moved.append((target, one))
    except OSError:
        for target, one in moved:
            if one.before is None:
                target.unlink(missing_ok=True)
            else:
                target.write_bytes(one.before.encode("utf-8"))
        _take_back(staged, [])
        raise
