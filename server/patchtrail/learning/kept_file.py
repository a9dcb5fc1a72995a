"""A file that many may write: read whole, written whole or not at all, and never over a change that was not seen."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from patchtrail.contract.errors import InvalidInput, StateConflict

__all__ = ["MAX_BYTES", "KeptFile", "read_plain"]

MAX_BYTES = 64 << 20
NEW_MODE = 0o644
"""Others of a team read it; what is there keeps its mode."""


class KeptFile:
    """One file, and what it held when it was read last."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._seen: bytes | None = None

    @property
    def is_there(self) -> bool:
        """Whether it was there when it was read last."""
        return self._seen is not None

    def read(self) -> bytes | None:
        """Return the file's bytes, or None when there is none; raises as `read_plain` does."""
        try:
            self._seen = read_plain(self.path)
        except FileNotFoundError:
            self._seen = None
        return self._seen

    def write(self, content: bytes) -> None:
        """Write the file in one step.

        Raises `StateConflict`, and writes nothing, when it no longer holds what was read, or would be too large to be
        read again; `InvalidInput` when it is no plain file.
        """
        with self.alone():
            self.write_alone(content)

    def write_alone(self, content: bytes) -> None:
        """Write as `write` does, for whoever holds `alone` already."""
        seen = self._seen
        if self.read() != seen:
            # Nobody has looked at it, so trying again must not overwrite it either.
            self._seen = seen
            raise StateConflict(f"{self.path} was changed meanwhile, so nothing was written: read it again.")
        if len(content) > MAX_BYTES:
            raise StateConflict(f"{self.path} would be larger than {MAX_BYTES >> 20} MiB: begin a new file.")
        _replace(self.path, content)
        self._seen = content

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes that come by here from writing the folder's files; makes the folder where it is missing.

        The lock is on the folder itself, so that no file of ours is left in a repository.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)


def read_plain(path: Path) -> bytes:
    """Return a plain file's bytes.

    Raises `FileNotFoundError`; `InvalidInput` for a link, a folder, a device and what is larger than 64 MiB.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise InvalidInput(f"{path} is a link: name the file that it leads to.", code="bad_file") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise InvalidInput(f"{path} is no plain file.", code="bad_file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(MAX_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(content) > MAX_BYTES:
        raise InvalidInput(f"{path} is larger than {MAX_BYTES >> 20} MiB.", code="bad_file")
    return content


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    staged = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        staged.chmod(stat.S_IMODE(path.stat().st_mode) if path.exists() else NEW_MODE)
        staged.replace(path)
    except OSError:
        staged.unlink(missing_ok=True)
        raise
