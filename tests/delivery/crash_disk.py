"""A disk in memory that models what a power cut leaves, and that fails when it is told to.

A name is durable once its folder was synced, bytes once their file was. A power cut keeps an arbitrary part of the
rest: of the names in any folder, and of a file's bytes block by block, with zeros in between. After a failed sync the
system may have dropped the bytes, and the next sync of the same file says that all is well: here it always does.
"""

from __future__ import annotations

import errno
import functools
import os
from collections.abc import Callable
from pathlib import Path
from random import Random

__all__ = ["CrashDisk", "PowerCut"]

BLOCK = 32


class PowerCut(BaseException):
    """The machine stops in the middle of an operation; no handler sees it."""


class _File:
    def __init__(self) -> None:
        self.data = bytearray()
        self.durable = b""
        self.dropped: list[tuple[int, int]] = []
        self.lowest = 0

    def synced(self) -> None:
        kept = bytearray(self.data)
        for start, end in self.dropped:
            kept[start:end] = bytes(len(kept[start:end]))
        self.durable, self.lowest = bytes(kept), len(kept)

    def sync_failed(self) -> None:
        self.dropped.append((min(len(self.durable), self.lowest), len(self.data)))

    def after_power_cut(self, dice: Random) -> bytes:
        fate = dice.randrange(4)
        if fate == 0:
            return self.durable
        shared = min(len(self.durable), self.lowest, len(self.data))
        lost = {at for start, end in self.dropped for at in range(start, end)}
        size = len(self.data) if fate == 1 else dice.randint(shared, max(shared, len(self.data)))
        kept = bytearray(self.data[:size])
        for at in range(shared, size, BLOCK):
            if at in lost or (fate == 3 and dice.random() < 0.4):
                kept[at : at + BLOCK] = bytes(len(kept[at : at + BLOCK]))
        return bytes(kept)


class CrashDisk:
    """The `Disk` port over dictionaries."""

    def __init__(self, root: Path, *, on_unlink: Callable[[Path], None] = lambda _path: None) -> None:
        self.names_now: dict[Path, _File | None] = {root: None, **dict.fromkeys(root.parents)}
        self.names_durable = dict(self.names_now)
        self._pending: dict[Path, list[tuple[Path | None, Path | None, _File | None]]] = {}
        self._open: dict[int, tuple[Path, _File]] = {}
        self._locked: dict[Path, int] = {}
        self._next = 100
        self._on_unlink = on_unlink
        self.operations = 0
        self.faults = 0
        self.fault: Callable[[int, str, Path], int | None] = _none
        self.free_bytes = 100 * 1024**3

    # What tests look at and do.

    def files(self) -> dict[str, bytes]:
        """Return every file's bytes but those of locks."""
        kept = {path: file for path, file in self.names_now.items() if file is not None}
        return {str(path): bytes(file.data) for path, file in kept.items() if path.name not in ("lock", "sending")}

    def is_durable(self, path: Path) -> bool:
        """Return whether a file would be there whole after a power cut."""
        file = self.names_durable.get(path)
        return file is not None and file.durable == bytes(file.data)

    def kill(self) -> None:
        """Kill the process: the system keeps what it was given, and drops the locks."""
        self._open.clear()
        self._locked.clear()

    def cut_power(self, dice: Random) -> None:
        """Keep what is durable, and an arbitrary part of what is not."""
        self.kill()
        mood = dice.choice((0.0, 0.5, 1.0))
        for operations in self._pending.values():
            for old, new, file in operations:
                if dice.random() < mood:
                    _apply(self.names_durable, old, new, file)
        self._pending.clear()
        for file in {id(one): one for one in self.names_durable.values() if one is not None}.values():
            left = file.after_power_cut(dice)
            file.data, file.durable, file.dropped, file.lowest = bytearray(left), left, [], len(left)
        folders = {path for path, file in self.names_durable.items() if file is None}
        self.names_durable = {path: file for path, file in self.names_durable.items() if path.parent in folders}
        self.names_now = dict(self.names_durable)

    # The port.

    def names(self, folder: Path) -> list[str]:
        """Return the names inside a folder."""
        return [path.name for path in self.names_now if _parent(path) == folder and path != folder]

    def exists(self, path: Path) -> bool:
        """Return whether a name is there."""
        return path in self.names_now

    def is_folder(self, path: Path) -> bool:
        """Return whether a name is a folder's."""
        return path in self.names_now and self.names_now[path] is None

    def read(self, path: Path) -> bytes:
        """Return a file's bytes."""
        self._may_fail("read", path)
        return bytes(self._file(path).data)

    def modified_ns(self, path: Path) -> int:
        """Return nothing of use."""
        return 0

    def open(self, path: Path, *, is_emptied: bool = False) -> int:
        """Open a file for appending."""
        self._may_fail("open", path)
        if not self.is_folder(path.parent):
            raise FileNotFoundError(errno.ENOENT, "No such folder", str(path))
        if path not in self.names_now:
            self._name(None, path, _File())
        file = self._file(path)
        if is_emptied:
            file.data, file.lowest, file.dropped = bytearray(), 0, []
        self._next += 1
        self._open[self._next] = (path, file)
        return self._next

    def append(self, descriptor: int, content: bytes) -> int:
        """Write at the end; a full disk takes half."""
        path, file = self._open[descriptor]
        try:
            self._may_fail("append", path)
        except OSError as error:
            file.data += content[: len(content) // 2]
            if error.errno == errno.ENOSPC and len(content) > 1:
                return len(content) // 2
            raise
        file.data += content
        return len(content)

    def truncate(self, descriptor: int, size: int) -> None:
        """Cut a file."""
        path, file = self._open[descriptor]
        self._may_fail("truncate", path)
        del file.data[size:]
        file.lowest = min(file.lowest, size)

    def sync(self, descriptor: int) -> None:
        """Make bytes durable."""
        path, file = self._open[descriptor]
        try:
            self._may_fail("sync", path)
        except OSError:
            file.sync_failed()
            raise
        file.synced()

    def close(self, descriptor: int) -> None:
        """Close a file."""
        self._open.pop(descriptor, None)
        self._locked = {path: held for path, held in self._locked.items() if held != descriptor}

    def rename(self, old: Path, new: Path) -> None:
        """Rename."""
        self._may_fail("rename", old)
        self._name(old, new, self._file(old))

    def unlink(self, path: Path) -> None:
        """Remove a file."""
        self._may_fail("unlink", path)
        if path in self.names_now:
            self._on_unlink(path)
            self._name(path, None, None)

    def make_folder(self, folder: Path) -> None:
        """Make a folder."""
        self._may_fail("make_folder", folder)
        if folder not in self.names_now:
            self._name(None, folder, None)

    def sync_folder(self, folder: Path) -> None:
        """Make names durable."""
        self._may_fail("sync_folder", folder)
        for old, new, file in self._pending.pop(folder, []):
            _apply(self.names_durable, old, new, file)

    def remove_tree(self, folder: Path) -> None:
        """Remove a folder."""
        for path in [one for one in self.names_now if one == folder or folder in one.parents]:
            self.names_now.pop(path)
            self.names_durable.pop(path, None)
            self._pending.pop(path, None)

    def lock(self, path: Path) -> int:
        """Take a lock."""
        if path in self._locked:
            raise BlockingIOError(errno.EWOULDBLOCK, "Locked")
        descriptor = self.open(path)
        self._locked[path] = descriptor
        return descriptor

    def used(self, folder: Path) -> int:
        """Return how many bytes there are below a folder."""
        return sum(len(file.data) for file in self.names_now.values() if file)

    def free(self, folder: Path) -> int:
        """Return what the test says."""
        return self.free_bytes

    def _file(self, path: Path) -> _File:
        if path not in self.names_now:
            raise FileNotFoundError(errno.ENOENT, "No such file", str(path))
        file = self.names_now[path]
        if file is None:
            raise IsADirectoryError(errno.EISDIR, "Is a folder", str(path))
        return file

    def _name(self, old: Path | None, new: Path | None, file: _File | None) -> None:
        _apply(self.names_now, old, new, file)
        self._pending.setdefault(((new or old) or Path()).parent, []).append((old, new, file))

    def _may_fail(self, operation: str, path: Path) -> None:
        if path.name in ("lock", "sending"):
            return
        self.operations += 1
        number = self.fault(self.operations, operation, path)
        if number is not None:
            self.faults += 1
            raise OSError(number, os.strerror(number), str(path))


@functools.lru_cache(maxsize=10_000)
def _parent(path: Path) -> Path:
    return path.parent


def _apply(names: dict[Path, _File | None], old: Path | None, new: Path | None, file: _File | None) -> None:
    if old is not None:
        names.pop(old, None)
    if new is not None:
        names[new] = file


def _none(_number: int, _operation: str, _path: Path) -> int | None:
    return None
