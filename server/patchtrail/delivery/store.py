"""All traces in one spool folder: new ones, those being recorded here, and those that an earlier sidecar left."""

from __future__ import annotations

import hashlib
import hmac
import shutil
import threading
import time
from pathlib import Path

from patchtrail.contract.errors import PatchtrailError, SpoolUnavailable
from patchtrail.delivery.clock import Clock
from patchtrail.delivery.durable import make_folder
from patchtrail.delivery.folder import TraceFolder, TraceOpening
from patchtrail.delivery.openings import NewTrace
from patchtrail.delivery.recovery import stored_manifest
from patchtrail.delivery.spool import TraceSpool
from patchtrail.integrity.keys import SigningKey

__all__ = ["SpoolStore"]


class SpoolStore:
    """The spool folder. A second window has its own traces in it; a lock per trace keeps them apart."""

    def __init__(self, root: Path, clock: Clock, key: SigningKey | None) -> None:
        self._root = root
        self._clock = clock
        self._key = key
        self._mutex = threading.Lock()
        self._owned: dict[str, TraceSpool] = {}
        self.damaged: list[str] = []
        make_folder(root)

    def owned(self) -> list[TraceSpool]:
        """Return the traces that this process owns and that are not delivered yet."""
        with self._mutex:
            return list(self._owned.values())

    def create(self, trace: NewTrace, root_path: str, redact_key: bytes) -> TraceSpool:
        """Lay down a new trace."""
        folder = TraceFolder(self._root / trace.trace_id)
        opening = TraceOpening(
            trace_id=trace.trace_id,
            kind=trace.kind,
            genesis=trace.genesis,
            request=trace.request,
            grant=None if trace.grant is None else trace.grant.decode(),
            jkt=None if self._key is None else self._key.jkt,
            root_digest=_root_digest(redact_key, root_path),
            opened_wall_ms=self._clock.wall_ms(),
            opened_boot_ms=self._clock.boot_ms(),
            boot_id=self._clock.boot_id(),
        )
        folder.create(opening, redact_key)
        return self._own(folder)

    def adopt(self) -> None:
        """Take over every trace that no running sidecar owns; one that cannot be read never blocks the others."""
        held, self.damaged = {trace.trace_id for trace in self.owned()}, []
        for path in sorted(self._root.glob("trace-*")):
            folder = TraceFolder(path)
            if folder.trace_id in held or folder.complete.exists():
                continue
            try:
                self._own(folder)
            except PatchtrailError as error:
                if error.code != "trace_locked":
                    self.damaged.append(f"{folder.trace_id}: {error.message}")

    def resumable(self, root_path: str | None = None) -> list[TraceSpool]:
        """Return the owned traces without an end; with a path, only those recorded in that folder."""
        return [trace for trace in self.owned() if not trace.is_ended and _is_in(trace, root_path)]

    def find(self, trace_id: str) -> TraceSpool:
        """Return an owned trace that can go on.

        Raises `SpoolUnavailable` when there is none with this id.
        """
        for trace in self.resumable():
            if trace.trace_id == trace_id:
                return trace
        raise SpoolUnavailable(f"There is no unfinished trace {trace_id} here to go on with.", code="not_resumable")

    def wait_for(self, trace_id: str, timeout_s: float) -> TraceSpool:
        """Return an owned trace that can go on; one that another sidecar has is asked for and waited for.

        After a reload that sidecar is just closing; after a lost connection it may live on for hours behind a window
        that nobody sees any more. Raises `SpoolUnavailable` when there is none with this id, it has ended, or the
        other sidecar keeps it.
        """
        folder, deadline_s = TraceFolder(self._root / trace_id), time.monotonic() + timeout_s
        while trace_id not in {trace.trace_id for trace in self.owned()}:
            if not folder.path.is_dir() or folder.complete.exists():
                break
            try:
                self._own(folder)
            except SpoolUnavailable as error:
                if error.code != "trace_locked" or time.monotonic() > deadline_s:
                    raise
                folder.wanted.touch()
                time.sleep(0.1)
        folder.wanted.unlink(missing_ok=True)
        return self.find(trace_id)

    def release(self, trace: TraceSpool) -> None:
        """Give a delivered trace up; its receipts stay."""
        with self._mutex:
            self._owned.pop(trace.trace_id, None)
        trace.close()

    def discard(self, trace: TraceSpool) -> None:
        """Remove a trace in which nothing was ever recorded."""
        assert trace.next_seq == 0, "a trace with events is never removed"
        self.release(trace)
        shutil.rmtree(trace.folder.path)

    def newest_receipt(self) -> str | None:
        """Return the chunk id of the newest receipt held here."""
        newest = max(self._root.glob("trace-*/*.rcpt"), key=lambda path: path.stat().st_mtime_ns, default=None)
        return None if newest is None else stored_manifest(newest)[1]

    def close(self) -> None:
        """Seal and give up everything."""
        for trace in self.owned():
            self.release(trace)

    def _own(self, folder: TraceFolder) -> TraceSpool:
        """Take a trace over; raises `SpoolUnavailable` when it must be signed with another device's key."""
        opening = folder.opening()
        key = None if opening.kind == "local" else self._key
        if opening.kind != "local" and (key is None or key.jkt != opening.jkt):
            raise SpoolUnavailable("it was recorded with another device key, and waits for that", code="another_key")
        trace = TraceSpool(folder, self._clock, key)
        with self._mutex:
            self._owned[folder.trace_id] = trace
        return trace


def _is_in(trace: TraceSpool, root_path: str | None) -> bool:
    if root_path is None:
        return True
    return _root_digest(trace.folder.redact_key.read_bytes(), root_path) == trace.opening.root_digest


def _root_digest(key: bytes, root_path: str) -> str:
    """Recognise a folder without writing its name, which may hold the user's."""
    return hmac.new(key, root_path.encode(), hashlib.sha256).hexdigest()
