"""How much of the disk the spool may take, and how much it takes: 512 MB or 5 % of what is free, whichever is less.

What the spool holds already counts as free, or it would shrink its own room by growing. A small reserve lies beside
the traces: when the disk itself is full, giving it up makes room for the gap that says so.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from pathlib import Path

from patchtrail.delivery.disk import SYSTEM_DISK, Disk
from patchtrail.delivery.durable import write_whole

__all__ = ["CAP_BYTES", "SpoolRoom", "SpoolUse"]

CAP_BYTES = 512 * 1024 * 1024
SHARE_OF_FREE = 20
WARN_PERCENT = 80
RESERVE_BYTES = 64 * 1024


@dataclass(frozen=True)
class SpoolUse:
    """How full the spool is."""

    used_bytes: int
    limit_bytes: int

    @property
    def percent(self) -> int:
        """The share of the limit that is used, in whole percent; 100 when nothing more is recorded."""
        return min(100, self.used_bytes * 100 // max(self.limit_bytes, 1))

    @property
    def is_warned_of(self) -> bool:
        """Whether a person should know."""
        return self.percent >= WARN_PERCENT


class SpoolRoom:
    """The room of one spool folder, for all traces and all windows; safe to use from any thread."""

    def __init__(self, root: Path, disk: Disk = SYSTEM_DISK, cap_bytes: int = CAP_BYTES) -> None:
        self._root = root
        self._disk = disk
        self._cap_bytes = cap_bytes
        self._mutex = threading.Lock()
        self._used_bytes = 0
        self._limit_bytes = cap_bytes

    @property
    def use(self) -> SpoolUse:
        """How full the spool is, as far as is known."""
        return SpoolUse(self._used_bytes, self._limit_bytes)

    def measure(self) -> SpoolUse:
        """Look at the disk again; between two looks what is taken here is counted."""
        used_bytes, free_bytes = self._disk.used(self._root), self._disk.free(self._root)
        has_reserve = self._disk.exists(self._reserve)
        if has_reserve:
            used_bytes = max(used_bytes - RESERVE_BYTES, 0)
        with self._mutex:
            self._used_bytes = used_bytes
            self._limit_bytes = min(self._cap_bytes, (free_bytes + used_bytes) // SHARE_OF_FREE)
        # Where nothing is recorded nothing is written either.
        if used_bytes > 0 and free_bytes > 2 * RESERVE_BYTES and not has_reserve:
            with contextlib.suppress(OSError):
                write_whole(self._reserve, bytes(RESERVE_BYTES), self._disk)
        return self.use

    def take(self, size: int) -> bool:
        """Return whether so many bytes may be written, and count them if so."""
        with self._mutex:
            if self._used_bytes + size > self._limit_bytes:
                return False
            self._used_bytes += size
            return True

    def take_spare(self, size: int) -> bool:
        """Return whether so many bytes may be written without bringing the spool to its warning; count them if so."""
        with self._mutex:
            if (self._used_bytes + size) * 100 >= self._limit_bytes * WARN_PERCENT:
                return False
            self._used_bytes += size
            return True

    def release_reserve(self) -> None:
        """Give the reserve up, for the last words that a full disk would not take."""
        with contextlib.suppress(OSError):
            self._disk.unlink(self._reserve)

    @property
    def _reserve(self) -> Path:
        return self._root / "reserve"
