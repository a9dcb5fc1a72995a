"""How long a trace is off the record: on disk, so that a sidecar that comes later neither goes on early nor forgets to.

Inside one boot the boot clock counts, suspended time included. After a reboot only the wall clock is left; it can
have been set back, so what is left is never more than was asked for.
"""

from __future__ import annotations

from pydantic import ValidationError

from patchtrail.contract.errors import SpoolUnavailable
from patchtrail.contract.wire import Count, Millis, WireModel
from patchtrail.delivery.clock import Clock
from patchtrail.delivery.durable import sync_folder, write_whole
from patchtrail.delivery.folder import TraceFolder

__all__ = ["OffRecordTime"]


class KeptTime(WireModel):
    """`off_record.json`."""

    asked_ms: Count
    until_wall_ms: Millis
    until_boot_ms: Millis
    boot_id: str


class OffRecordTime:
    """The off-the-record time of one trace."""

    def __init__(self, folder: TraceFolder, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._kept = _kept(folder)
        if self._kept is not None and self._kept.boot_id != clock.boot_id():
            self._keep(max(0, min(self._kept.until_wall_ms - clock.wall_ms(), self._kept.asked_ms)))

    def begin(self, millis: int) -> None:
        """Be off the record from now on, for so long; a file's next base is then its text on the record."""
        try:
            write_whole(self._folder.hidden, b"", self._folder.disk)
            self._keep(millis)
        except OSError as error:
            raise SpoolUnavailable(f"The spool cannot be written: {error.strerror}") from error

    def end(self) -> None:
        """Be on the record again."""
        self._kept = None
        try:
            self._folder.disk.unlink(self._folder.off_record)
            sync_folder(self._folder.path, self._folder.disk)
        except OSError as error:
            raise SpoolUnavailable(f"The spool cannot be written: {error.strerror}") from error

    @property
    def until_wall_ms(self) -> int | None:
        """Until when it goes on, by the wall clock as it stood at its beginning."""
        return None if self._kept is None else self._kept.until_wall_ms

    def left_ms(self) -> int | None:
        """Return how long it goes on; 0 when its time is over, None when the trace is on the record."""
        if self._kept is None:
            return None
        return max(0, self._kept.until_boot_ms - self._clock.boot_ms())

    def _keep(self, millis: int) -> None:
        self._kept = KeptTime(
            asked_ms=millis,
            until_wall_ms=self._clock.wall_ms() + millis,
            until_boot_ms=self._clock.boot_ms() + millis,
            boot_id=self._clock.boot_id(),
        )
        write_whole(self._folder.off_record, self._kept.model_dump_json().encode(), self._folder.disk)


def _kept(folder: TraceFolder) -> KeptTime | None:
    """Return what is on disk; a damaged file is read as a time that is over, so that recording goes on by itself."""
    if not folder.disk.exists(folder.off_record):
        return None
    try:
        return KeptTime.model_validate_json(folder.disk.read(folder.off_record))
    except ValidationError:
        return KeptTime(asked_ms=0, until_wall_ms=0, until_boot_ms=0, boot_id="")
