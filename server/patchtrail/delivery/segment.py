"""The segment being appended to. What it holds is kept in memory too, so that a disk that failed can be written anew.

After a failed sync a descriptor says nothing true any more: the system may have dropped what it could not write, and
would call it written the next time. So the descriptor is let go, and a new file takes the old one's name.
"""

from __future__ import annotations

import contextlib
import errno

from patchtrail.delivery.durable import write_whole
from patchtrail.delivery.folder import TraceFolder

__all__ = ["ActiveSegment"]


class ActiveSegment:
    """`active.jsonl` of one trace; at most a chunk's bytes are held. Not thread-safe."""

    def __init__(self, folder: TraceFolder, content: bytes = b"") -> None:
        self._folder = folder
        self._disk = folder.disk
        self._held = bytearray(content)
        self._descriptor: int | None = None
        self._is_named = False
        # What an earlier process left may have failed to sync there, which no descriptor of ours would ever tell.
        self._is_sound = not content
        self.is_synced = not content

    @property
    def size(self) -> int:
        """How many bytes it holds."""
        return len(self._held)

    def append(self, line: bytes) -> None:
        """Write one line, whole or not at all."""
        if not self._is_sound:
            self._write_anew()
        if self._descriptor is None:
            self._descriptor = self._disk.open(self._folder.active)
        try:
            written = self._disk.append(self._descriptor, line)
        except OSError:
            self._cut()
            raise
        if written != len(line):
            self._cut()
            raise OSError(errno.ENOSPC, "No space left on device")
        self._held += line
        self.is_synced = False

    def sync(self) -> None:
        """Make everything survive a power cut: the bytes, and the name that the file has."""
        if self.is_synced:
            return
        if self._is_sound:
            if self._descriptor is None:
                self._descriptor = self._disk.open(self._folder.active)
            try:
                self._disk.sync(self._descriptor)
            except OSError:
                self._abandon()
        if not self._is_sound:
            self._write_anew()
        elif not self._is_named:
            self._disk.sync_folder(self._folder.path)
            self._is_named = True
        self.is_synced = True

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            with contextlib.suppress(OSError):
                self._disk.close(descriptor)

    def _cut(self) -> None:
        """Remove what was half written; if even that fails, the file is written anew before anything else."""
        assert self._descriptor is not None, "something was written"
        # What a failed write left in the file has to be gone from the disk before the file gets another name.
        self.is_synced = False
        try:
            self._disk.truncate(self._descriptor, len(self._held))
        except OSError:
            self._abandon()

    def _abandon(self) -> None:
        self._is_sound = self.is_synced = False
        self.close()

    def _write_anew(self) -> None:
        self.close()
        write_whole(self._folder.active, bytes(self._held), self._disk)
        self._is_sound = self._is_named = self.is_synced = True
