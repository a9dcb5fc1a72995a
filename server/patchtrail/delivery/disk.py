"""The few file operations that delivery stands on, as a port: the real disk, or one that a test lets fail and crash.

Whatever is not synced may be gone after a power cut: bytes until `sync`, names until `sync_folder`.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

__all__ = ["FILE_MODE", "FOLDER_MODE", "SYSTEM_DISK", "Disk", "SystemDisk"]

FILE_MODE = 0o600
FOLDER_MODE = 0o700


class Disk(Protocol):
    """Every method raises `OSError` as the system does; descriptors are opaque numbers."""

    def names(self, folder: Path) -> list[str]:
        """Return the names inside a folder; none when it is not there."""

    def exists(self, path: Path) -> bool:
        """Return whether a name is there."""

    def is_folder(self, path: Path) -> bool:
        """Return whether a name is a folder's."""

    def read(self, path: Path) -> bytes:
        """Return a file's bytes."""

    def modified_ns(self, path: Path) -> int:
        """Return when a file was written last."""

    def open(self, path: Path, *, is_emptied: bool = False) -> int:
        """Open a file for appending; made when it is not there."""

    def append(self, descriptor: int, content: bytes) -> int:
        """Write at the end; return how many bytes the disk took."""

    def truncate(self, descriptor: int, size: int) -> None:
        """Cut a file."""

    def sync(self, descriptor: int) -> None:
        """Make a file's bytes durable."""

    def close(self, descriptor: int) -> None:
        """Close a file; a lock on it is dropped."""

    def rename(self, old: Path, new: Path) -> None:
        """Rename, in one step, over what may be there."""

    def unlink(self, path: Path) -> None:
        """Remove a file that may be gone already."""

    def make_folder(self, folder: Path) -> None:
        """Make one private folder that may be there already."""

    def sync_folder(self, folder: Path) -> None:
        """Make the names inside a folder durable."""

    def remove_tree(self, folder: Path) -> None:
        """Remove a folder with all that is in it."""

    def lock(self, path: Path) -> int:
        """Take a lock that the system drops with the process; `BlockingIOError` when another process has it."""

    def used(self, folder: Path) -> int:
        """Return how many bytes the files below a folder hold."""

    def free(self, folder: Path) -> int:
        """Return how many bytes may still be written."""


class SystemDisk:
    """The real disk."""

    def names(self, folder: Path) -> list[str]:
        """Return the names inside a folder; none when it is not there."""
        try:
            return os.listdir(folder)  # noqa: PTH208 -- a spool may hold thousands of names, and paths cost
        except FileNotFoundError:
            return []

    def exists(self, path: Path) -> bool:
        """Return whether a name is there."""
        return path.exists()

    def is_folder(self, path: Path) -> bool:
        """Return whether a name is a folder's."""
        return path.is_dir()

    def read(self, path: Path) -> bytes:
        """Return a file's bytes."""
        return path.read_bytes()

    def modified_ns(self, path: Path) -> int:
        """Return when a file was written last."""
        return path.stat().st_mtime_ns

    def open(self, path: Path, *, is_emptied: bool = False) -> int:
        """Open a file for appending; made when it is not there."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | (os.O_TRUNC if is_emptied else 0)
        return os.open(path, flags, FILE_MODE)

    def append(self, descriptor: int, content: bytes) -> int:
        """Write at the end; return how many bytes the disk took."""
        return os.write(descriptor, content)

    def truncate(self, descriptor: int, size: int) -> None:
        """Cut a file."""
        os.ftruncate(descriptor, size)

    def sync(self, descriptor: int) -> None:
        """Make a file's bytes durable; on macOS only F_FULLFSYNC reaches the disk."""
        full_sync: int | None = getattr(fcntl, "F_FULLFSYNC", None)
        if full_sync is not None:
            fcntl.fcntl(descriptor, full_sync)
        else:
            os.fdatasync(descriptor)

    def close(self, descriptor: int) -> None:
        """Close a file; a lock on it is dropped."""
        os.close(descriptor)

    def rename(self, old: Path, new: Path) -> None:
        """Rename, in one step, over what may be there."""
        old.rename(new)

    def unlink(self, path: Path) -> None:
        """Remove a file that may be gone already."""
        path.unlink(missing_ok=True)

    def make_folder(self, folder: Path) -> None:
        """Make one private folder that may be there already."""
        folder.mkdir(mode=FOLDER_MODE, exist_ok=True)

    def sync_folder(self, folder: Path) -> None:
        """Make the names inside a folder durable."""
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def remove_tree(self, folder: Path) -> None:
        """Remove a folder with all that is in it."""
        shutil.rmtree(folder)

    def lock(self, path: Path) -> int:
        """Take a lock that the system drops with the process; `BlockingIOError` when another process has it."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, FILE_MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise
        return descriptor

    def used(self, folder: Path) -> int:
        """Return how many bytes the files below a folder hold."""
        return sum(_sizes(folder))

    def free(self, folder: Path) -> int:
        """Return how many bytes may still be written."""
        status = os.statvfs(folder)
        return status.f_bavail * status.f_frsize


SYSTEM_DISK = SystemDisk()


def _sizes(folder: Path | str) -> Iterator[int]:
    """Yield the sizes of the files below a folder; what vanishes meanwhile holds nothing."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    if entry.is_dir(follow_symlinks=False):
                        yield from _sizes(entry.path)
                    else:
                        yield entry.stat(follow_symlinks=False).st_size
                except FileNotFoundError:
                    continue
    except (FileNotFoundError, PermissionError):
        return
