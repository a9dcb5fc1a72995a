"""What was last seen of a collector's log and keys, kept in a file: whoever forgets it can be shown another log.

Several processes may keep one memory; a lock lets each read and write it whole, and nothing is ever replaced by less.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from patchtrail.contract.errors import SpoolUnavailable
from patchtrail.contract.wire import Count, JwkThumbprint, Sha256, WireModel
from patchtrail.delivery.durable import FILE_MODE, make_folder, write_whole
from patchtrail.integrity import digest
from patchtrail.integrity.checkpoint import TreeHead

__all__ = ["LogMemory", "Promise", "SeenLog"]


class Promise(WireModel):
    """A tree that a grant or a receipt named, and for a receipt the leaf that it promised."""

    size: Count
    root: Sha256
    leaf_index: Count | None = None
    leaf_hash: Sha256 | None = None

    @property
    def head(self) -> TreeHead:
        """The tree."""
        return TreeHead(self.size, self.root)


class SeenLog(WireModel):
    """The newest of everything."""

    collector: str
    root_jkt: JwkThumbprint | None = None
    keys_version: Count = 0
    size: Count | None = None
    root: Sha256 | None = None
    checkpoint: str | None = None
    promise: Promise | None = None

    @property
    def head(self) -> TreeHead | None:
        """The tree of the newest checkpoint."""
        return None if self.size is None or self.root is None else TreeHead(self.size, self.root)


class LogMemory:
    """The memory of one collector; without a folder it lasts as long as the process."""

    def __init__(self, collector: str, pinned_jkt: str | None, folder: Path | None = None) -> None:
        self._seen = SeenLog(collector=collector)
        self._path: Path | None = None
        if folder is not None:
            make_folder(folder)
            self._path = folder / f"log-{digest.sha256((pinned_jkt or collector).encode())[:16]}.json"

    @property
    def refusals(self) -> Path | None:
        """Where what was refused is kept, to be shown to others."""
        return None if self._path is None else self._path.with_suffix(".refused.json")

    def seen(self) -> SeenLog:
        """Return what was seen last; raises `SpoolUnavailable` when the file cannot be read."""
        if self._path is None or not self._path.exists():
            return self._seen
        try:
            return SeenLog.model_validate_json(self._path.read_bytes())
        except (OSError, ValidationError) as error:
            raise SpoolUnavailable(f"{self._path.name} is damaged.", code="spool_damaged") from error

    def keep_keys(self, root_jkt: str | None, version: int) -> None:
        """Remember a set of keys."""
        with self._locked() as seen:
            if root_jkt != seen.root_jkt or version > seen.keys_version:
                self._write(seen.model_copy(update={"root_jkt": root_jkt, "keys_version": version}))

    def keep_checkpoint(self, head: TreeHead, note: str) -> None:
        """Remember a checkpoint that is consistent with the one before."""
        with self._locked() as seen:
            if seen.size is None or head.size > seen.size:
                self._write(seen.model_copy(update={"size": head.size, "root": head.root, "checkpoint": note}))

    def keep_promise(self, promise: Promise) -> None:
        """Remember what a grant or a receipt named, to be proven by a later checkpoint."""
        with self._locked() as seen:
            if seen.promise is None or promise.size > seen.promise.size:
                self._write(seen.model_copy(update={"promise": promise}))

    def keep_refusal(self, content: bytes) -> None:
        """Keep what was refused."""
        if self.refusals is not None:
            with self._locked():
                write_whole(self.refusals, content)

    @contextmanager
    def _locked(self) -> Iterator[SeenLog]:
        if self._path is None:
            yield self._seen
            return
        descriptor = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, FILE_MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield self.seen()
        finally:
            os.close(descriptor)

    def _write(self, seen: SeenLog) -> None:
        if self._path is None:
            self._seen = seen
        else:
            write_whole(self._path, seen.model_dump_json().encode())
