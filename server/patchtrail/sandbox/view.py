"""What a command finds inside, the same behind every back end: the system's programs, its folder, its environment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from patchtrail.sandbox.port import Bind, Job

__all__ = ["Scratch", "environment", "scratches", "source_at", "system_binds", "system_links"]

SHARED_MEMORY_BYTES = 16 << 20
SYSTEM_FOLDERS = ("lib", "lib32", "lib64", "bin", "sbin")
LOADER_FILES = ("/etc/ld.so.cache", "/etc/alternatives")
"""Without them libraries in /usr/local, or chosen among several, are not found."""
ORIGINAL = Path("/.patchtrail-folder")


@dataclass(frozen=True)
class Scratch:
    """A place in memory that the command may write to; `mode` are the permissions of its folder."""

    at: Path
    size: int
    mode: int


def scratches(job: Job) -> list[Scratch]:
    """Return the places that may be written, a place before those below it."""
    found = [
        Scratch(Path("/dev/shm"), SHARED_MEMORY_BYTES, 0o1777),
        Scratch(Path("/tmp"), job.limits.scratch_bytes, 0o1777),
    ]
    return [*found, Scratch(job.folder_at, job.limits.work_bytes, 0o755)] if job.is_writable else found


def source_at(job: Job) -> Path:
    """Return where the read-only copy is shown: in the folder's place, or beside what it is copied into inside."""
    return ORIGINAL if job.is_writable else job.folder_at


def system_links() -> dict[Path, str]:
    """Return the links at the top that lead into /usr, as this machine has them."""
    return {one: f"usr/{one.name}" for one in _system_folders() if one.is_symlink()}


def system_binds() -> list[Bind]:
    """Return the folders and files of the system itself."""
    folders = [Path("/usr"), *(one for one in _system_folders() if one.is_dir() and not one.is_symlink())]
    return [Bind(one, one) for one in [*folders, *(Path(file) for file in LOADER_FILES)] if one.exists()]


def environment(job: Job) -> dict[str, str]:
    """Return the whole environment of the command."""
    return {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8", **job.environment}


def _system_folders() -> Iterator[Path]:
    return (Path("/", name) for name in SYSTEM_FOLDERS)
