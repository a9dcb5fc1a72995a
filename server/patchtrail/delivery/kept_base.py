"""The base snapshot of a trace that has not ended: a blob like others, and a file that says what is in it.

The file is gone once the trace's end names the blob: from then on it is delivered as every artifact is.
"""

from __future__ import annotations

import contextlib

from pydantic import ValidationError

from patchtrail.contract.artifact import ArtifactRef
from patchtrail.contract.base_snapshot import BASE_MEDIA_TYPE, BaseStored
from patchtrail.contract.errors import SpoolUnavailable
from patchtrail.delivery.durable import unlink_all, write_whole
from patchtrail.delivery.folder import TraceFolder
from patchtrail.delivery.room import SpoolRoom

__all__ = ["KeptBase", "stored_base"]


class KeptBase:
    """Keeps the base snapshot of one trace, at most one at a time."""

    def __init__(self, folder: TraceFolder, room: SpoolRoom | None) -> None:
        self._folder = folder
        self._room = room

    def keep(self, content: bytes, told: BaseStored) -> ArtifactRef:
        """Keep a snapshot in place of the one before.

        Raises `SpoolUnavailable` when there is no room to spare, or the disk refuses; recording goes on all the same.
        """
        self.drop()
        try:
            if self._room is not None:
                # The one before gave its room back.
                self._room.measure()
                if not self._room.take_spare(len(content)):
                    raise SpoolUnavailable("The spool has no room to spare for it.", code="spool_full")
            # Told first, so that whatever a kill leaves of it is known to be let go.
            write_whole(self._folder.base, told.model_dump_json().encode(), self._folder.disk)
            write_whole(self._folder.artifact(told.sha256), content, self._folder.disk)
        except OSError as error:
            self.drop()
            raise SpoolUnavailable(f"The disk refused it: {error.strerror}") from error
        return ArtifactRef(sha256=told.sha256, size_bytes=len(content), media_type=BASE_MEDIA_TYPE)

    def drop(self) -> None:
        """Let the snapshot go. What a disk refuses to remove is named by no event, and is never sent."""
        told = stored_base(self._folder)
        with contextlib.suppress(OSError):
            if told is not None:
                path = self._folder.artifact(told.sha256)
                unlink_all(path, path.with_name(f".{path.name}.tmp"), disk=self._folder.disk)
        self.hand_over()

    def hand_over(self) -> None:
        """Leave the blob to the trace's end, which names it."""
        with contextlib.suppress(OSError):
            self._folder.disk.unlink(self._folder.base)


def stored_base(folder: TraceFolder) -> BaseStored | None:
    """Return what is told of a trace's base snapshot; None when there is none that could still change."""
    try:
        return BaseStored.model_validate_json(folder.disk.read(folder.base))
    except (OSError, ValidationError):
        return None
