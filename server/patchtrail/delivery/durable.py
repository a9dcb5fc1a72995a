"""Files that survive a crash: written whole, synced, then given their name; never half there."""

from __future__ import annotations

from pathlib import Path

from patchtrail.delivery.disk import FILE_MODE, FOLDER_MODE, SYSTEM_DISK, Disk

__all__ = ["FILE_MODE", "FOLDER_MODE", "make_folder", "sync_folder", "unlink_all", "write_whole"]


def make_folder(folder: Path, disk: Disk = SYSTEM_DISK) -> None:
    """Make a private folder, and its parents, durably."""
    if disk.is_folder(folder):
        return
    make_folder(folder.parent, disk)
    disk.make_folder(folder)
    disk.sync_folder(folder.parent)


def write_whole(path: Path, content: bytes, disk: Disk = SYSTEM_DISK) -> None:
    """Write a file so that after a crash it is there with all its bytes, or not at all.

    A sync that failed is never tried again on the same descriptor: the system may have dropped what it could not
    write, and would then call it written. Whoever tries again writes anew.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    descriptor = disk.open(temporary, is_emptied=True)
    try:
        view = memoryview(content)
        while view:
            view = view[disk.append(descriptor, bytes(view)) :]
        disk.sync(descriptor)
    finally:
        disk.close(descriptor)
    disk.rename(temporary, path)
    disk.sync_folder(path.parent)


def sync_folder(folder: Path, disk: Disk = SYSTEM_DISK) -> None:
    """Make renames and unlinks inside a folder durable."""
    disk.sync_folder(folder)


def unlink_all(*paths: Path, disk: Disk = SYSTEM_DISK) -> None:
    """Remove files that may be gone already."""
    for path in paths:
        disk.unlink(path)
