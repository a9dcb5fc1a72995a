"""The durable spool of one trace: append, seal, recover. An append that returned survives a killed process.

Promises: a SIGKILL loses no event whose append returned; a power cut loses at most one second of events, and none
of notes, test runs and ends. Order on disk: sync the segment, rename it, sync the folder, only then upload.
"""

from __future__ import annotations

import os
import threading
from dataclasses import replace

from patchtrail.contract.artifact import ArtifactRef
from patchtrail.contract.errors import InvalidInput, SpoolUnavailable
from patchtrail.contract.event_lines import EventData
from patchtrail.contract.events import Gap, GapReason, RationaleNote, Recovered, SessionEnd, TestRun
from patchtrail.contract.evidence import CHUNK_TYPE
from patchtrail.delivery.clock import Clock
from patchtrail.delivery.durable import FILE_MODE, sync_folder, write_whole
from patchtrail.delivery.folder import FolderLock, TraceFolder
from patchtrail.delivery.recovery import Standing, UnsignedSegment, where_it_stands
from patchtrail.integrity import chunk, digest, dsse
from patchtrail.integrity.chain import link
from patchtrail.integrity.keys import SigningKey

__all__ = ["SEAL_BYTES", "SEAL_EVENTS", "SEAL_MS", "TraceSpool"]

SEAL_BYTES = 256 * 1024
SEAL_EVENTS = 5_000
SEAL_MS = 60_000
SEALING = (RationaleNote, TestRun, SessionEnd)
"""Events that close a chunk and are synced before their append returns."""


class TraceSpool:
    """One trace being recorded. Safe to use from the recorder's and the uploader's thread."""

    def __init__(self, folder: TraceFolder, clock: Clock, key: SigningKey | None) -> None:
        self.folder = folder
        self.opening = folder.opening()
        self._clock = clock
        self._key = key
        self._mutex = threading.RLock()
        self._lock = FolderLock(folder)
        self._descriptor: int | None = None
        self._is_synced = True
        self._first_boot_ms: int | None = None
        self._standing, unsigned = where_it_stands(folder, self.opening.genesis)
        for segment in unsigned if key else ():
            self._standing = replace(self._standing, prev_chunk=self._sign(segment, self._standing.prev_chunk))
        self._base_ms = self._mono_base()

    @property
    def trace_id(self) -> str:
        """The trace's id."""
        return self.opening.trace_id

    @property
    def is_ended(self) -> bool:
        """Whether `session_end` was sealed."""
        return self._standing.is_ended

    @property
    def next_seq(self) -> int:
        """The number of the next event."""
        return self._standing.head.next_seq

    @property
    def last_mono_ms(self) -> int:
        """The instant of the last event."""
        return self._standing.head.mono_ms

    @property
    def is_wanted(self) -> bool:
        """Whether another sidecar waits to go on with this trace."""
        return self.folder.wanted.exists()

    def mono_ms(self) -> int:
        """Return milliseconds since the session opened, suspended time included."""
        return self._clock.boot_ms() - self._base_ms

    def wall_ms(self) -> int:
        """Return Unix time in milliseconds."""
        return self._clock.wall_ms()

    def append(self, data: EventData) -> int:
        """Append an event and return its `seq`; when this returns, a killed process no longer loses it.

        Raises `SpoolUnavailable` when the disk refuses the event, or its seal.
        """
        with self._mutex:
            linked = link(
                self._standing.head,
                trace_id=self.trace_id,
                data=data,
                ts_ms=self._clock.wall_ms(),
                mono_ms=self.mono_ms(),
            )
            if len(linked.line) > chunk.MAX_LINE_BYTES:
                raise InvalidInput("The event is too long for a line.", code="event_too_large")
            try:
                self._write(linked.line + b"\n")
                seq = self._standing.head.next_seq
                self._standing = replace(self._standing, head=linked.after)
                if isinstance(data, SEALING) or self._is_full():
                    self.seal(end=data.reason if isinstance(data, SessionEnd) else None)
            except OSError as error:
                raise SpoolUnavailable(f"The spool cannot be written: {error.strerror}") from error
            return seq

    def store(self, content: bytes, media_type: str) -> ArtifactRef:
        """Keep a blob beside the events, under its SHA-256."""
        sha256 = digest.sha256(content)
        path = self.folder.artifact(sha256)
        if not path.exists():
            try:
                write_whole(path, content)
            except OSError as error:
                raise SpoolUnavailable(f"The artifact cannot be written: {error.strerror}") from error
        return ArtifactRef(sha256=sha256, size_bytes=len(content), media_type=media_type)

    def keep_drafts(self, content: bytes) -> None:
        """Keep the drafts of notes beside the events; empty content means that there are none."""
        try:
            if content:
                write_whole(self.folder.drafts, content)
            else:
                self.folder.drafts.unlink(missing_ok=True)
        except OSError as error:
            raise SpoolUnavailable(f"The drafts cannot be written: {error.strerror}") from error

    def kept_drafts(self) -> bytes:
        """Return the drafts that were kept last; empty when there are none."""
        return self.folder.drafts.read_bytes() if self.folder.drafts.exists() else b""

    def sync(self) -> None:
        """Make everything appended so far survive a power cut."""
        with self._mutex:
            if self._descriptor is not None and not self._is_synced:
                os.fdatasync(self._descriptor)
                self._is_synced = True

    def seal_if_due(self) -> None:
        """Seal the active segment when its first event is a minute old."""
        with self._mutex:
            if self._first_boot_ms is not None and self._clock.boot_ms() - self._first_boot_ms >= SEAL_MS:
                self.seal()

    def seal(self, *, end: str | None = None) -> None:
        """Close the active segment and sign its manifest; without a key the segment stays unsigned."""
        with self._mutex:
            standing = self._standing
            if standing.head.next_seq == standing.sealed.next_seq:
                return
            self.sync()
            self._close_active()
            n = standing.next_n
            self.folder.active.rename(self.folder.segment(n))
            sync_folder(self.folder.path)
            segment = UnsignedSegment(n, standing.sealed, standing.head, end)
            prev_chunk = self._sign(segment, standing.prev_chunk, lost=standing.lost_events)
            is_ended = standing.is_ended or end is not None
            self._standing = Standing(standing.head, standing.head, n + 1, prev_chunk, is_ended)

    def resume(self) -> None:
        """Go on after a restart: say how long nothing was recorded, and what was cut."""
        with self._mutex:
            is_same_boot = self._clock.boot_id() == self.opening.boot_id
            last_ms = self.last_mono_ms
            reason: GapReason = "restart" if is_same_boot else "reboot"
            torn, lost = self._standing.torn_bytes, self._standing.lost_events
            self.append(Gap(from_ms=last_ms, to_ms=max(last_ms, self.mono_ms()), reason=reason))
            self.append(Recovered(torn_bytes=torn, lost_events=lost))

    def close(self) -> None:
        """Seal what is there and give the trace up; another sidecar may go on with it."""
        with self._mutex:
            if not self.is_ended:
                self.seal()
            self._close_active()
            self._lock.release()

    def _write(self, line: bytes) -> None:
        if self._descriptor is None:
            self._descriptor = os.open(self.folder.active, os.O_WRONLY | os.O_APPEND | os.O_CREAT, FILE_MODE)
            self._first_boot_ms = self._clock.boot_ms()
        written = os.write(self._descriptor, line)
        self._is_synced = False
        if written != len(line):
            os.ftruncate(self._descriptor, os.fstat(self._descriptor).st_size - written)
            raise SpoolUnavailable("The disk is full. What was recorded so far is kept.", code="disk_full")

    def _is_full(self) -> bool:
        standing = self._standing
        if standing.head.next_seq - standing.sealed.next_seq >= SEAL_EVENTS:
            return True
        return self._descriptor is not None and os.fstat(self._descriptor).st_size >= SEAL_BYTES

    def _close_active(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor = self._first_boot_ms = None
        self._is_synced = True

    def _sign(self, segment: UnsignedSegment, prev_chunk: str, *, lost: int = 0) -> str:
        """Write a closed segment's manifest and return its chunk id; without a key nothing is signed."""
        if self._key is None:
            return prev_chunk
        manifest = chunk.manifest_for(
            self.folder.segment(segment.n).read_bytes(),
            trace_id=self.trace_id,
            n=segment.n,
            prev_chunk=prev_chunk,
            before=segment.before,
            after=segment.after,
            end=segment.end,
            lost=lost,
            made_ms=self._clock.wall_ms(),
            jkt=self._key.jkt,
        )
        write_whole(self.folder.envelope(segment.n), dsse.seal(manifest, CHUNK_TYPE, self._key))
        return digest.chunk_id(dsse.payload_of(manifest))

    def _mono_base(self) -> int:
        """Return the boot time at which the session's clock was 0; after a reboot it goes on from the last event."""
        if self._clock.boot_id() == self.opening.boot_id:
            return self.opening.opened_boot_ms
        return self._clock.boot_ms() - self.last_mono_ms
