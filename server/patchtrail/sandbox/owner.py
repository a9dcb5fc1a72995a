"""Who a run belongs to: the process that started it, by a mark that outlives it, and the user that the run gets."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

__all__ = ["is_owner_gone", "own_mark", "run_user"]

FIRST_UID = 64_000
UIDS = 1_000
"""Each run gets a user of its own, because the kernel counts processes per user."""
MARK = re.compile(r"(?P<pid>\d+)-(?P<start>\d+)-(?P<namespace>\d+)-(?P<boot>[0-9a-f]{8})(?![0-9a-z])")


def run_user() -> int:
    """Return the number of a user, and of a group, that nothing on the machine belongs to."""
    return FIRST_UID + secrets.randbelow(UIDS)


def own_mark() -> str:
    """Return what names this process among all that ever ran here: letters, digits and dashes; Linux alone has it."""
    return f"{os.getpid()}-{_started(os.getpid())}-{_namespace()}-{_boot()}"


def is_owner_gone(name: str) -> bool:
    """Return whether the process whose mark stands in a name has ended; False when that cannot be known."""
    found = MARK.search(name)
    if found is None:
        return False
    if found["boot"] != _boot():
        return True
    return found["namespace"] == _namespace() and not _lives(int(found["pid"]), found["start"])


def _lives(pid: int, start: str) -> bool:
    if started := _started(pid):
        return started == start
    try:
        # Other people's processes may be hidden from sight, and still answer that they are theirs.
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _started(pid: int) -> str:
    """Return when a process started, in ticks since boot, so that a number that is in use again is told apart."""
    try:
        # The command's name, in parentheses, may hold anything.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _namespace() -> str:
    """Return in which namespace this process has its number: those of another one say nothing here."""
    return re.sub(r"\D", "", str(Path("/proc/self/ns/pid").readlink()))


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
