"""Artifacts by their SHA-256, written once: create if absent, on disk before anybody is told."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Protocol

from patchtrail.contract.errors import NotFound
from patchtrail.delivery.durable import sync_folder
from patchtrail.integrity import digest

__all__ = ["Blobs", "LocalBlobs"]


class Blobs(Protocol):
    """A write-once store of blobs."""

    def put(self, sha256: str, content: bytes) -> None:
        """Store a blob durably; storing it again changes nothing, unless it was damaged."""

    def get(self, sha256: str) -> bytes:
        """Return a blob; raises `NotFound`."""

    def drop(self, sha256: str) -> None:
        """Remove a blob durably, if it is there."""

    def has(self, sha256: str) -> bool:
        """Return whether a blob is there."""


class LocalBlobs:
    """A folder: write, sync, link into place, sync the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def put(self, sha256: str, content: bytes) -> None:
        """Store a blob durably; storing it again changes nothing."""
        path = self._path(sha256)
        if path.exists() and digest.sha256(path.read_bytes()) == sha256:
            return
        path.parent.mkdir(mode=0o700, exist_ok=True)
        temporary = path.with_name(f".{sha256}.{secrets.token_hex(4)}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            view = memoryview(content)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.rename(path)
        for folder in (path.parent, self._folder):
            sync_folder(folder)

    def get(self, sha256: str) -> bytes:
        """Return a blob; raises `NotFound`."""
        try:
            return self._path(sha256).read_bytes()
        except FileNotFoundError as error:
            raise NotFound(f"There is no artifact {sha256}.") from error

    def drop(self, sha256: str) -> None:
        """Remove a blob durably, and what a killed process left of it."""
        path = self._path(sha256)
        if not path.parent.is_dir():
            return
        for left in [path, *path.parent.glob(f".{sha256}.*")]:
            left.unlink(missing_ok=True)
        sync_folder(path.parent)

    def has(self, sha256: str) -> bool:
        """Return whether a blob is there."""
        return self._path(sha256).exists()

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256
