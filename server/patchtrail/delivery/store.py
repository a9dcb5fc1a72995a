"""All traces in one spool folder: new ones, those being recorded here, and those that an earlier sidecar left."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from patchtrail.contract.errors import PatchtrailError, SpoolUnavailable
from patchtrail.delivery.clock import Clock
from patchtrail.delivery.disk import SYSTEM_DISK, Disk
from patchtrail.delivery.durable import make_folder, unlink_all
from patchtrail.delivery.folder import FolderLock, TraceFolder, TraceOpening
from patchtrail.delivery.openings import NewTrace
from patchtrail.delivery.recovery import stored_manifest
from patchtrail.delivery.room import CAP_BYTES, SpoolRoom
from patchtrail.delivery.spool import TraceSpool
from patchtrail.integrity.keys import SigningKey

__all__ = ["SpoolStore"]

HALF_MADE_MS = 3_600_000


class SpoolStore:
    """The spool folder. A second window has its own traces in it; a lock per trace keeps them apart.

    Raises `SpoolUnavailable` when the folder cannot be made.
    """

    def __init__(
        self,
        root: Path,
        clock: Clock,
        key: SigningKey | None,
        *,
        disk: Disk = SYSTEM_DISK,
        cap_bytes: int = CAP_BYTES,
    ) -> None:
        self._root = root
        self._clock = clock
        self._key = key
        self._disk = disk
        self._mutex = threading.Lock()
        self._taking = threading.Lock()
        self._owned: dict[str, TraceSpool] = {}
        self.damaged: list[str] = []
        self.room = SpoolRoom(root, disk, cap_bytes)
        try:
            make_folder(root, disk)
            self.room.measure()
        except OSError as error:
            raise SpoolUnavailable(f"The spool folder {root} cannot be used: {error.strerror}") from error

    def owned(self) -> list[TraceSpool]:
        """Return the traces that this process owns and that are not delivered yet."""
        with self._mutex:
            return list(self._owned.values())

    def create(self, trace: NewTrace, root_path: str, redact_key: bytes) -> TraceSpool:
        """Lay down a new trace; raises `SpoolUnavailable` when the disk refuses, or the spool is full."""
        if self.room.use.percent >= 100 and self.room.measure().percent >= 100:
            raise SpoolUnavailable(
                "The spool is full. Nothing is deleted; start once what waits here is uploaded.", code="spool_full"
            )
        folder = TraceFolder(self._root / trace.trace_id, self._disk)
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
        with self._taking:
            lock = None
            try:
                make_folder(folder.path, self._disk)
                # Locked before it can be recognised, lest another window takes it over.
                lock = FolderLock(folder)
                folder.create(opening, redact_key)
            except OSError as error:
                if lock is not None:
                    lock.release()
                raise SpoolUnavailable(f"The trace cannot be laid down: {error.strerror}") from error
            return self._own(folder, lock)

    def adopt(self) -> None:
        """Take over every trace that no running sidecar owns; one that cannot be read never blocks the others."""
        damaged = list[str]()
        with self._taking:
            held = {trace.trace_id for trace in self.owned()}
        for name in sorted(name for name in self._disk.names(self._root) if name.startswith("trace-")):
            folder = TraceFolder(self._root / name, self._disk)
            if name in held:
                continue
            try:
                with self._taking:
                    self._adopt(folder)
            except PatchtrailError as error:
                if error.code != "trace_locked":
                    damaged.append(f"{folder.trace_id}: {error.message}")
            except OSError as error:
                damaged.append(f"{folder.trace_id}: {error.strerror}; it is left as it is")
        self.damaged = damaged

    def _adopt(self, folder: TraceFolder) -> None:
        if self._disk.exists(folder.complete):
            _let_go(folder)
        elif self._disk.is_folder(folder.path) and folder.is_half_made:
            age_ms = self._clock.wall_ms() - self._disk.modified_ns(folder.path) // 1_000_000
            if age_ms > HALF_MADE_MS:
                self._disk.remove_tree(folder.path)
        elif folder.trace_id not in {trace.trace_id for trace in self.owned()}:
            self._own(folder)

    def resumable(self, root_path: str | None = None) -> list[TraceSpool]:
        """Return the owned traces without an end; with a path, only those recorded in that folder."""
        return [trace for trace in self.owned() if not trace.is_ended and _is_in(trace, root_path)]

    def find(self, trace_id: str) -> TraceSpool:
        """Return an owned trace that can go on.

        Raises `SpoolUnavailable` when there is none with this id.
        """
        for trace in self.resumable():
            # One whose start never reached the disk has no beginning to go on from.
            if trace.trace_id == trace_id and trace.next_seq > 0:
                return trace
        raise SpoolUnavailable(f"There is no unfinished trace {trace_id} here to go on with.", code="not_resumable")

    def wait_for(self, trace_id: str, timeout_s: float) -> TraceSpool:
        """Return an owned trace that can go on; one that another sidecar has is asked for and waited for.

        After a reload that sidecar is just closing; after a lost connection it may live on for hours behind a window
        that nobody sees any more. Raises `SpoolUnavailable` when there is none with this id, it has ended, or the
        other sidecar keeps it.
        """
        folder, deadline_s = TraceFolder(self._root / trace_id, self._disk), time.monotonic() + timeout_s
        while trace_id not in {trace.trace_id for trace in self.owned()}:
            if not self._disk.is_folder(folder.path) or self._disk.exists(folder.complete):
                break
            try:
                with self._taking:
                    self._own(folder)
            except SpoolUnavailable as error:
                if error.code != "trace_locked" or time.monotonic() > deadline_s:
                    raise
                self._disk.close(self._disk.open(folder.wanted))
                time.sleep(0.1)
        self._disk.unlink(folder.wanted)
        return self.find(trace_id)

    def give_way(self) -> None:
        """Release the traces that another window waits for and nobody records here."""
        for trace in self.owned():
            if trace.is_wanted and not trace.is_in_use:
                self.release(trace)

    def release(self, trace: TraceSpool) -> None:
        """Give a delivered trace up; its receipts stay."""
        with self._mutex:
            self._owned.pop(trace.trace_id, None)
        trace.close()

    def finish(self, trace: TraceSpool) -> None:
        """Give up a trace that the collector called whole: what only delivery needed goes, its receipts stay."""
        self.release(trace)
        _let_go(trace.folder)

    def discard(self, trace: TraceSpool) -> None:
        """Remove a trace in which nothing was ever recorded."""
        assert trace.next_seq == 0, "a trace with events is never removed"
        self.wipe(trace)

    def wipe(self, trace: TraceSpool) -> None:
        """Remove a trace with all that is in it: it was withdrawn, or nothing was ever recorded."""
        self.release(trace)
        self._disk.remove_tree(trace.folder.path)

    def newest_receipt(self) -> str | None:
        """Return the chunk id of the newest receipt held here."""
        found = list[tuple[int, Path]]()
        for name in self._disk.names(self._root):
            folder = TraceFolder(self._root / name, self._disk)
            with contextlib.suppress(OSError):
                found.extend((self._disk.modified_ns(folder.receipt(n)), folder.receipt(n)) for n in _receipts(folder))
        for _, path in sorted(found, reverse=True):
            with contextlib.suppress(SpoolUnavailable):
                return stored_manifest(path, self._disk)[1]
        return None

    @contextlib.contextmanager
    def sending(self) -> Iterator[bool]:
        """Hold the spool's one place for a request; false while another window has it.

        Where locks do not work every trace is refused already, so nothing else can be in flight.
        """
        try:
            descriptor = self._disk.lock(self._root / "sending")
        except OSError:
            yield False
            return
        try:
            yield True
        finally:
            self._disk.close(descriptor)

    def close(self) -> None:
        """Seal and give up everything; what one trace's disk refuses keeps no other from it."""
        for trace in self.owned():
            self.release(trace)

    def _own(self, folder: TraceFolder, lock: FolderLock | None = None) -> TraceSpool:
        """Take a trace over; raises `SpoolUnavailable` when it must be signed with another device's key."""
        opening = folder.opening()
        key = None if opening.kind == "local" else self._key
        if opening.kind != "local" and (key is None or key.jkt != opening.jkt):
            raise SpoolUnavailable("it was recorded with another device key, and waits for that", code="another_key")
        try:
            trace = TraceSpool(folder, self._clock, key, self.room, lock)
        except OSError as error:
            raise SpoolUnavailable(f"{folder.trace_id} cannot be read: {error.strerror}") from error
        with self._mutex:
            self._owned[folder.trace_id] = trace
        return trace


def _receipts(folder: TraceFolder) -> list[int]:
    """Return the last receipt of a trace, if it has one; the others are older."""
    try:
        return folder.numbers(".rcpt")[-1:]
    except NotADirectoryError:
        return []


def _let_go(folder: TraceFolder) -> None:
    """Remove what only delivery needed; a kill in between is made up for by the next sidecar."""
    disk, blobs = folder.disk, folder.path / "artifacts"
    unlink_all(folder.redact_key, folder.base, *(blobs / name for name in disk.names(blobs)), disk=disk)


def _is_in(trace: TraceSpool, root_path: str | None) -> bool:
    if root_path is None:
        return True
    try:
        key = trace.folder.disk.read(trace.folder.redact_key)
    except OSError:
        return False
    return _root_digest(key, root_path) == trace.opening.root_digest


def _root_digest(key: bytes, root_path: str) -> str:
    """Recognise a folder without writing its name, which may hold the user's."""
    return hmac.new(key, root_path.encode(), hashlib.sha256).hexdigest()
