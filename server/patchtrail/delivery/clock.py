"""The clocks of this machine: wall time, and a monotonic time that goes on while the machine sleeps."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """What the spool needs to know about time."""

    def wall_ms(self) -> int:
        """Return Unix time in milliseconds."""

    def boot_ms(self) -> int:
        """Return milliseconds since boot, suspended time included where the system can tell."""

    def boot_id(self) -> str:
        """Return an id that changes with every boot."""


class SystemClock:
    """The real clocks."""

    def wall_ms(self) -> int:
        """Return Unix time in milliseconds."""
        return time.time_ns() // 1_000_000

    def boot_ms(self) -> int:
        """Return milliseconds since boot; `CLOCK_BOOTTIME` on Linux, else the monotonic clock."""
        clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
        return time.clock_gettime_ns(clock) // 1_000_000

    def boot_id(self) -> str:
        """Return the kernel's boot id; without one, the boot's wall time to the minute."""
        source = Path("/proc/sys/kernel/random/boot_id")
        if source.exists():
            return source.read_text().strip()
        return str((self.wall_ms() - self.boot_ms()) // 60_000)
