"""Folders that are made once and kept: each is there whole or not at all, whoever makes the same at the same time."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from patchtrail.contract.errors import NotFound

__all__ = ["is_made", "made_once"]

MAKING = "making-"
STALE_S = 24 * 60 * 60.0
ROOM_BYTES = 4 << 30
"""What stays free of the disk, or a tenth of it where that is less: the database needs room, too."""
IN_USE_S = 2 * 60 * 60.0
"""For how long what was asked for may be in use."""
NAME = re.compile(r"(?:\d+\.\d+-)?[0-9a-f]{64}")


def is_made(folder: Path) -> bool:
    """Return whether a folder was made, and note that it is used now."""
    try:
        os.utime(folder)
    except FileNotFoundError:
        return False
    return True


def _room(folder: Path) -> int:
    """Return how many bytes there are beyond what stays free."""
    disk = shutil.disk_usage(folder)
    return disk.free - min(ROOM_BYTES, disk.total // 10)


@contextlib.contextmanager
def made_once(folder: Path, room: Callable[[Path], int] = _room) -> Iterator[Path]:
    """Yield a path that becomes `folder` when the block ends well; what lies beside it is scratch, and taken away.

    `folder` is named by a SHA-256, in a folder of its kind, beside other kinds; where the disk has no `room`, what lay
    there unused for longest goes. Raises `NotFound` where nothing can be kept there.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    _sweep(folder.parent)
    _make_room(folder.parent, room)
    with tempfile.TemporaryDirectory(prefix=MAKING, dir=folder.parent, ignore_cleanup_errors=True) as scratch:
        staging = Path(scratch) / "made"
        yield staging
        # Somebody else may have made it meanwhile.
        with contextlib.suppress(OSError):
            staging.rename(folder)
    if not folder.is_dir():
        raise NotFound(f"Nothing can be kept at `{folder.parent}`.")


def _sweep(folder: Path) -> None:
    """Take away what makers left behind that were killed."""
    for left in folder.glob(f"{MAKING}*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > STALE_S:
                shutil.rmtree(left, ignore_errors=True)


def _make_room(folder: Path, room: Callable[[Path], int]) -> None:
    kept = [one for one in folder.parent.glob("*/*") if NAME.fullmatch(one.name)]
    used = sorted((one.stat().st_mtime, one) for one in kept if one.is_dir())
    unused = [one for at, one in used if time.time() - at > IN_USE_S]
    while room(folder) <= 0:
        if not unused:
            raise NotFound(
                "The collector's disk is nearly full, so that nothing is fetched or built.", code="disk_full"
            )
        oldest = unused.pop(0)
        away = oldest.with_name(f"{MAKING}{oldest.name}")
        with contextlib.suppress(OSError):
            oldest.rename(away)
        shutil.rmtree(away, ignore_errors=True)
