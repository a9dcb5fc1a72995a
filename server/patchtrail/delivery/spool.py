"""The durable spool of one trace: append, seal, recover. An append that returned survives a killed process.

Promises: a SIGKILL loses no event whose append returned; a power cut loses at most one second of events, and none
of notes, test runs and ends. Order on disk: sync the segment, rename it, sync the folder, only then go on.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

from patchtrail.contract.artifact import ArtifactRef
from patchtrail.contract.coverage import Coverage
from patchtrail.contract.errors import InvalidInput, SpoolUnavailable
from patchtrail.contract.event_lines import EventData
from patchtrail.contract.events import (
    Gap,
    GapReason,
    Pause,
    RationaleNote,
    Recovered,
    SessionEnd,
    TestRun,
)
from patchtrail.contract.evidence import CHUNK_TYPE
from patchtrail.contract.forgetting import ForgetAnswer
from patchtrail.delivery import forgetting
from patchtrail.delivery.clock import Clock
from patchtrail.delivery.coverage import KeptLedger
from patchtrail.delivery.durable import sync_folder, unlink_all, write_whole
from patchtrail.delivery.folder import FolderLock, TraceFolder
from patchtrail.delivery.forgetting import ForgottenEvents
from patchtrail.delivery.kept_base import KeptBase
from patchtrail.delivery.off_record import OffRecordTime
from patchtrail.delivery.recovery import UnsignedSegment, end_of, lost_before, stored_manifest, where_it_stands
from patchtrail.delivery.room import SpoolRoom
from patchtrail.delivery.segment import ActiveSegment
from patchtrail.integrity import chunk, digest, dsse
from patchtrail.integrity.chain import Link, link
from patchtrail.integrity.keys import SigningKey, VerifyingKey

__all__ = ["SEAL_BYTES", "SEAL_EVENTS", "SEAL_MS", "TraceSpool"]

SEAL_BYTES = 256 * 1024
SEAL_EVENTS = 5_000
SEAL_MS = 60_000
SEALING = (RationaleNote, TestRun, SessionEnd)
"""Events that close a chunk and are synced before their append returns."""
LAST_WORDS = (Gap, Pause, Recovered, SessionEnd)
"""Events that are written although the spool is full, so that it can be said that it is."""
MAX_LINE_BYTES = chunk.MAX_BODY_BYTES - 16 * 1024
"""A line that hardly shrinks, or so much that it is sent as it is, still fits into a request with its manifest."""
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)

logger = logging.getLogger(__name__)


class TraceSpool:
    """One trace being recorded. Safe to use from the recorder's and the uploader's thread."""

    def __init__(
        self,
        folder: TraceFolder,
        clock: Clock,
        key: SigningKey | None,
        room: SpoolRoom | None = None,
        lock: FolderLock | None = None,
    ) -> None:
        self.folder = folder
        self.opening = folder.opening()
        self.is_in_use = False
        self._clock = clock
        self._key = key
        self._room = room
        self._mutex = threading.RLock()
        self._stopped_by: GapReason | None = None
        self._is_forgetting = False
        self._forgettings = 0
        self._lock = lock or FolderLock(folder)
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(self._lock.release)
            forgetting.carry_out(folder)
            self._recover()
            self.off_record = OffRecordTime(folder, clock)
            self.base = KeptBase(folder, room)
            self._ledger = KeptLedger(folder)
            on_failure.pop_all()

    def _recover(self) -> None:
        self._stand_again()
        self._base_ms = self._mono_base()
        with _kept_for_later(self.trace_id):
            self._sign_what_is_closed()
            if self._end is not None:
                self.seal()

    def _stand_again(self) -> None:
        """Stand where the files say."""
        self._standing, self._unsigned = where_it_stands(self.folder, self.opening.genesis)
        # What a killed process renamed last may not have reached the disk.
        self._is_renamed_durably = False
        held = self._standing.active
        self._active = ActiveSegment(self.folder, held)
        self._first_boot_ms = self._clock.boot_ms() if held else None
        self._end = end_of(held) if held else None

    @property
    def trace_id(self) -> str:
        """The trace's id."""
        return self.opening.trace_id

    @property
    def is_ended(self) -> bool:
        """Whether `session_end` was appended; nothing may follow it."""
        return self._end is not None or self._standing.is_ended

    @property
    def is_whole(self) -> bool:
        """Whether the trace has ended, and every event of it is sealed and signed."""
        return self._standing.is_ended and not self._unsigned

    def may_be_sent(self, n: int) -> bool:
        """Return whether a chunk's manifest is there for good: lost in a power cut, it would be signed otherwise."""
        return self._is_renamed_durably and n < self._standing.next_n - len(self._unsigned)

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
        return self.folder.disk.exists(self.folder.wanted)

    def mono_ms(self) -> int:
        """Return milliseconds since the session opened, suspended time included."""
        return self._clock.boot_ms() - self._base_ms

    def wall_ms(self) -> int:
        """Return Unix time in milliseconds."""
        return self._clock.wall_ms()

    def append(self, data: EventData) -> int:
        """Append an event and return its `seq`; when this returns, a killed process no longer loses it.

        Raises `SpoolUnavailable` when the disk refuses the event, when a note, a test run or an end did not reach the
        disk for good, or when the spool is full (`spool_full`, `disk_full`): then a gap is the trace's last word.
        """
        with self._mutex:
            self._finish_forgetting()
            linked = self._linked(data)
            self._claim(len(linked.line), is_last_word=isinstance(data, LAST_WORDS))
            try:
                seq = self._write(data, linked)
            except OSError as error:
                raise self._refused(error) from error
            self._seal_behind(data)
            return seq

    def store(self, content: bytes, media_type: str) -> ArtifactRef:
        """Keep a blob beside the events, under its SHA-256."""
        sha256 = digest.sha256(content)
        path = self.folder.artifact(sha256)
        with self._mutex:
            if not self.folder.disk.exists(path):
                self._claim(len(content), is_last_word=False)
                try:
                    write_whole(path, content, self.folder.disk)
                except OSError as error:
                    raise self._refused(error) from error
        return ArtifactRef(sha256=sha256, size_bytes=len(content), media_type=media_type)

    def keep_drafts(self, content: bytes) -> None:
        """Keep the drafts of notes beside the events; empty content means that there are none."""
        try:
            if content:
                write_whole(self.folder.drafts, content, self.folder.disk)
            else:
                self.folder.disk.unlink(self.folder.drafts)
        except OSError as error:
            raise SpoolUnavailable(f"The drafts cannot be written: {error.strerror}") from error

    def kept_drafts(self) -> bytes:
        """Return the drafts that were kept last; empty when there are none."""
        disk = self.folder.disk
        return disk.read(self.folder.drafts) if disk.exists(self.folder.drafts) else b""

    @property
    def has_hidden(self) -> bool:
        """Whether something was forgotten or off the record, whose texts must not become bases."""
        return self.folder.disk.exists(self.folder.hidden)

    def coverage(self) -> Coverage:
        """Return the coverage ledger as it stands."""
        with self._mutex:
            return self._ledger.coverage(max(self.mono_ms(), self.last_mono_ms))

    @property
    def forgettings(self) -> int:
        """How often something was forgotten since this process took the trace over; waits while it happens."""
        with self._mutex:
            return self._forgettings

    def keep_receipt(self, n: int, content: bytes) -> None:
        """Store a chunk's receipt durably, then let the chunk go."""
        with self._mutex:
            write_whole(self.folder.receipt(n), content, self.folder.disk)
            self.let_go(n)

    def let_go(self, n: int) -> None:
        """Unlink a chunk whose receipt is on disk; the manifest goes last, or a crash would leave it without lines."""
        folder = self.folder
        with self._mutex:
            why = folder.quarantine / f"{n:06d}.why"
            unlink_all(folder.segment(n), folder.envelope(n), folder.begun(n), why, disk=folder.disk)
            sync_folder(folder.path, folder.disk)

    def keep_deletion(
        self, k: int, answer: ForgetAnswer, *, device: VerifyingKey, server: tuple[VerifyingKey, ...]
    ) -> bool:
        """Verify and keep the answer to a deletion request; false when it is none."""
        with self._mutex:
            return forgetting.take_answer(self.folder, k, answer, device=device, server=server)

    def begin_upload(self, n: int, chunk_id: str) -> bool:
        """Note durably that a chunk may leave this machine; false when it was rewritten or forgotten meanwhile."""
        with self._mutex:
            envelope = self.folder.envelope(n)
            disk = self.folder.disk
            if not disk.exists(envelope) or stored_manifest(envelope, disk)[1] != chunk_id:
                return False
            if not disk.exists(self.folder.begun(n)):
                write_whole(self.folder.begun(n), b"", disk)
            return True

    def forget(self, since_ms: int, drafts: Callable[[int], bytes]) -> ForgottenEvents:
        """Forget every event since an instant of the session's clock.

        `drafts` says which drafts stay, given the number of the first event that goes.

        Raises `SpoolUnavailable` when the disk refuses; then nothing is forgotten, or the next start finishes it.
        """
        with self._mutex:
            try:
                self.sync()
                self._sign_what_is_closed()
                self._active.close()
                moment = forgetting.Moment(since_ms, self.mono_ms(), self._clock.wall_ms())
                journal, told = forgetting.planned(
                    self.folder, self.opening.genesis, moment, drafts=drafts, key=self._key
                )
                self._is_forgetting = True
                forgetting.commit(self.folder, journal)
                self._finish_forgetting()
            except OSError as error:
                raise SpoolUnavailable(f"The spool cannot be written: {error.strerror}") from error
            return told

    def _finish_forgetting(self) -> None:
        """Carry out what was begun, and stand where it leads; what a refusing disk left undone is done here."""
        if self._is_forgetting:
            forgetting.carry_out(self.folder)
            self._stand_again()
            self._ledger = KeptLedger(self.folder)
            self._is_forgetting = False
            self._forgettings += 1

    def sync(self) -> None:
        """Make everything appended so far survive a power cut."""
        with self._mutex:
            self._active.sync()

    def seal_if_due(self) -> None:
        """Seal the active segment when its first event is a minute old; finish what a disk error left half done."""
        with self._mutex:
            self._sign_what_is_closed()
            is_old = self._first_boot_ms is not None and self._clock.boot_ms() - self._first_boot_ms >= SEAL_MS
            if is_old or self._end is not None:
                self.seal()

    def seal(self) -> None:
        """Close the active segment and sign its manifest; without a key the segment stays unsigned.

        Raises `OSError` where the disk refused; the rest is done by the next call.
        """
        with self._mutex:
            standing = self._standing
            if standing.head.next_seq > standing.sealed.next_seq:
                self._active.sync()
                self._close_segment()
            self._sign_what_is_closed()

    def resume(self) -> None:
        """Go on after a restart or a stop: say how long nothing was recorded, and what was cut.

        Raises `SpoolUnavailable` while the spool is still full; then nothing is written.
        """
        with self._mutex:
            self._refuse_when_full()
            is_same_boot = self._clock.boot_id() == self.opening.boot_id
            last_ms = self.last_mono_ms
            reason: GapReason = self._stopped_by or ("restart" if is_same_boot else "reboot")
            torn, lost = self._standing.torn_bytes, lost_before(self.folder, self._standing.next_n)
            self.append(Gap(from_ms=last_ms, to_ms=max(last_ms, self.mono_ms()), reason=reason))
            self.append(Recovered(torn_bytes=torn, lost_events=lost))
            self._stopped_by = None

    def close(self) -> None:
        """Seal what is there and give the trace up; another sidecar may go on with it."""
        with self._mutex:
            try:
                with _kept_for_later(self.trace_id):
                    self.seal()
            finally:
                self._active.close()
                self._lock.release()

    def _linked(self, data: EventData) -> Link:
        if self.is_ended:
            raise SpoolUnavailable(f"{self.trace_id} has ended; nothing may follow.", code="trace_ended")
        mono_ms = max(self.mono_ms(), self.last_mono_ms)
        if isinstance(data, SessionEnd):
            data = data.model_copy(update={"coverage": self._ledger.coverage(mono_ms)})
        linked = link(
            self._standing.head,
            trace_id=self.trace_id,
            data=data,
            ts_ms=self._clock.wall_ms(),
            mono_ms=mono_ms,
        )
        if len(linked.line) > MAX_LINE_BYTES:
            raise InvalidInput("The event is too long for a line.", code="event_too_large")
        return linked

    def _write(self, data: EventData, linked: Link) -> int:
        self._settle_names()
        if self._active.size and self._active.size + len(linked.line) > 2 * SEAL_BYTES:
            self.seal()
        self._active.append(linked.line + b"\n")
        seq = self._standing.head.next_seq
        self._standing = replace(self._standing, head=linked.after)
        self._ledger.note(linked.line)
        if self._first_boot_ms is None:
            self._first_boot_ms = self._clock.boot_ms()
        if isinstance(data, SessionEnd):
            self._end = data.reason
            self.base.hand_over()
        return seq

    def _seal_behind(self, data: EventData) -> None:
        """Seal if this event closes a chunk; what was promised to be durable is, or the append fails."""
        is_sealing = isinstance(data, SEALING)
        if not is_sealing and not self._is_full():
            return
        try:
            self.seal()
        except OSError as error:
            logger.warning("spool: %s cannot be sealed: %s", self.trace_id, error.strerror)
            if is_sealing and not self._active.is_synced:
                raise self._refused(error) from error

    def _is_full(self) -> bool:
        standing = self._standing
        return standing.head.next_seq - standing.sealed.next_seq >= SEAL_EVENTS or self._active.size >= SEAL_BYTES

    def _close_segment(self) -> None:
        """Rename the active segment; whatever fails afterwards, it is closed."""
        standing, disk = self._standing, self.folder.disk
        n = standing.next_n
        self._active.close()
        if disk.exists(self.folder.segment(n)):
            raise OSError(errno.EEXIST, f"{n:06d}.seg is there already")
        disk.rename(self.folder.active, self.folder.segment(n))
        self._is_renamed_durably = False
        self._unsigned.append(UnsignedSegment(n, standing.sealed, standing.head, self._end))
        is_ended = standing.is_ended or self._end is not None
        self._standing = replace(standing, sealed=standing.head, next_n=n + 1, is_ended=is_ended, active=b"")
        self._active, self._first_boot_ms = ActiveSegment(self.folder), None

    def _settle_names(self) -> None:
        """Make the last rename durable before its old name is used again."""
        if not self._is_renamed_durably:
            self.folder.disk.sync_folder(self.folder.path)
            self._is_renamed_durably = True

    def _sign_what_is_closed(self) -> None:
        """Write the manifests that closed segments do not have yet; without a key they stay unsigned."""
        self._settle_names()
        while self._unsigned and self._key is not None:
            prev_chunk = self._sign(self._unsigned[0], self._standing.prev_chunk, self._key)
            self._standing = replace(self._standing, prev_chunk=prev_chunk)
            self._unsigned.pop(0)
        if self._key is None:
            self._unsigned.clear()

    def _sign(self, segment: UnsignedSegment, prev_chunk: str, key: SigningKey) -> str:
        """Write a closed segment's manifest and return its chunk id; what is signed once is never signed again."""
        if self.folder.disk.exists(self.folder.envelope(segment.n)):
            self.folder.disk.sync_folder(self.folder.path)
            return stored_manifest(self.folder.envelope(segment.n), self.folder.disk)[1]
        manifest = chunk.manifest_for(
            self.folder.disk.read(self.folder.segment(segment.n)),
            trace_id=self.trace_id,
            n=segment.n,
            prev_chunk=prev_chunk,
            before=segment.before,
            after=segment.after,
            end=segment.end,
            lost=lost_before(self.folder, segment.n),
            made_ms=self._clock.wall_ms(),
            jkt=key.jkt,
        )
        envelope = dsse.seal(manifest, CHUNK_TYPE, key)
        write_whole(self.folder.envelope(segment.n), envelope, self.folder.disk)
        return digest.chunk_id(dsse.payload_of(manifest))

    def _claim(self, size: int, *, is_last_word: bool) -> None:
        """Take room in the spool; when there is none, say so in the trace and refuse."""
        if self._room is None or self._room.take(size) or is_last_word:
            return
        self._stop("spool_full")
        raise _spool_full(self._room)

    def _refuse_when_full(self) -> None:
        if self._room is not None and self._room.measure().percent >= 100:
            raise _spool_full(self._room)

    def _refused(self, error: OSError) -> SpoolUnavailable:
        """Return what to tell of a disk error; a full disk is told in the trace too."""
        if error.errno not in NO_SPACE:
            return SpoolUnavailable(f"The spool cannot be written: {error.strerror}")
        self._stop("disk_full")
        return SpoolUnavailable("The disk is full. What was recorded so far is kept.", code="disk_full")

    def _stop(self, reason: GapReason) -> None:
        """Declare that from now on nothing is recorded; if even that finds no room, the next `resume` declares it."""
        if self._stopped_by is not None or self.is_ended or self.next_seq == 0:
            return
        self._stopped_by = reason
        if self._room is not None:
            self._room.release_reserve()
        now_ms = max(self.last_mono_ms, self.mono_ms())
        gap = Gap(from_ms=now_ms, to_ms=now_ms, reason=reason)
        with _kept_for_later(self.trace_id):
            self._write(gap, self._linked(gap))
            self.seal()

    def _mono_base(self) -> int:
        """Return the boot time at which the session's clock was 0; after a reboot it goes on from the last event."""
        if self._clock.boot_id() == self.opening.boot_id:
            return self.opening.opened_boot_ms
        return self._clock.boot_ms() - self.last_mono_ms


@contextlib.contextmanager
def _kept_for_later(trace_id: str) -> Iterator[None]:
    """Leave to the next look what a disk refuses now."""
    try:
        yield
    except OSError as error:
        logger.warning("spool: %s: %s; it is tried again", trace_id, error.strerror)


def _spool_full(room: SpoolRoom) -> SpoolUnavailable:
    limit_mb = room.use.limit_bytes // 1_000_000
    return SpoolUnavailable(
        f"The spool is full ({limit_mb} MB wait here). Nothing is deleted; start again once there is room.",
        code="spool_full",
    )
