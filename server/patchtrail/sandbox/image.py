"""The image of a container: empty folders and links at the top, made here, because no registry is needed for that.

Everything else is shown from the machine itself, so that a command finds the same as behind any other wall.
"""

from __future__ import annotations

import hashlib
import io
import tarfile

from patchtrail.sandbox.view import system_links

__all__ = ["image_name", "image_tar"]

FOLDERS = {"usr": 0o755, "etc": 0o755, "run": 0o755, "sys": 0o755, "proc": 0o755, "dev": 0o755, "tmp": 0o1777}
"""Engines give a place in memory the permissions that its folder has in the image."""


def image_tar() -> bytes:
    """Return the image's files as a tar archive; the same bytes each time."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, mode in FOLDERS.items():
            archive.addfile(_entry(name, tarfile.DIRTYPE, mode))
        for at, target in system_links().items():
            archive.addfile(_entry(at.name, tarfile.SYMTYPE, 0o777, target))
    return written.getvalue()


def image_name(tar: bytes) -> str:
    """Return the name by which an engine keeps this very image."""
    return f"localhost/patchtrail-sandbox:{hashlib.sha256(tar).hexdigest()[:16]}"


def _entry(name: str, kind: bytes, mode: int, target: str = "") -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.linkname = kind, mode, target
    return entry
