"""A session's base snapshot: made beside the recording where that was agreed to, and named by the session's end.

The start commit does not change, so it may be made at any time. It is made anew when what must not be recorded
changes, and it is let go at once when it is not wanted any more. Runs on the worker's thread, save for the packing.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from patchtrail.capture.log import TraceLog
from patchtrail.capture.start_files import MadeBase, Pace, StartFiles, pack
from patchtrail.contract.artifact import ArtifactRef
from patchtrail.contract.base_snapshot import BaseStanding, BaseStored
from patchtrail.contract.errors import PatchtrailError, SpoolUnavailable
from patchtrail.integrity import digest

__all__ = ["BaseSnapshot"]

LAST_WAIT_S = 10.0
"""An end waits so long for a snapshot that is being made, and then goes without."""


@dataclass(frozen=True)
class _Making:
    """A snapshot that is being made, of these files."""

    files: StartFiles
    pace: Pace
    made: Future[MadeBase]


class BaseSnapshot:
    """The snapshot of one session, as far as it has come."""

    def __init__(self, log: TraceLog) -> None:
        self._log = log
        self._is_wanted = False
        self._making: _Making | None = None
        self._files: StartFiles | None = None
        """What the snapshot that is kept, or the problem, is about."""
        self._kept: ArtifactRef | None = None
        self._as_started = frozenset[str]()
        self._standing = BaseStanding(is_ready=False)

    @property
    def standing(self) -> BaseStanding | None:
        """How things stand with it; None while it is not wanted."""
        return self._standing if self._is_wanted else None

    def want(self, *, is_wanted: bool) -> None:
        """Take the participant's word: without it nothing of a snapshot stays here."""
        self._is_wanted = is_wanted
        if not is_wanted:
            self._let_go()

    def look(self, files: StartFiles) -> None:
        """Take up what is made, or begin to make the snapshot of these files."""
        if not self._is_wanted or self._files == files:
            return
        if self._making is None or self._making.files != files:
            self._let_go()
            self._making = _begun(files)
        elif self._making.made.done():
            self._take(self._making)

    def finish(self, files: StartFiles, from_start: AbstractSet[str], *, may_make: bool) -> ArtifactRef | None:
        """Return what the session's end names; None where there is no snapshot that the trace replays on.

        Where it may not be made any more (`may_make`), it is there or it is not. `from_start` are the files that the
        trace takes to be what the start commit holds: a snapshot that holds something else, because a secret of
        theirs became known later, would contradict it.
        """
        if may_make:
            self.look(files)
        if self._making is not None:
            self._making.pace.hurry()
            wait([self._making.made], LAST_WAIT_S)
            self.look(files)
        if self._files != files or not from_start <= self._as_started:
            self._let_go()
        self.stop()
        return self._kept

    def stop(self) -> None:
        """Make nothing any more; what is kept stays."""
        if self._making is not None:
            self._making.pace.cancel()
            self._making = None

    def _take(self, making: _Making) -> None:
        self._making, self._files = None, making.files
        error = making.made.exception()
        if error is not None:
            told = error.message if isinstance(error, PatchtrailError) else f"It failed: {type(error).__name__}."
            self._fail(told)
            return
        made = making.made.result()
        told_of = BaseStored(
            trace_id=self._log.trace_id,
            sha256=digest.sha256(made.content),
            files=made.files,
            size_bytes=len(made.content),
            redacted=sorted(made.redacted),
            left_out=list(made.left_out),
        )
        try:
            self._kept = self._log.base.keep(made.content, told_of)
        except SpoolUnavailable as refused:
            self._fail(refused.message)
            return
        self._as_started = made.as_started
        self._standing = BaseStanding(
            is_ready=True,
            files=made.files,
            size_bytes=len(made.content),
            redacted=len(made.redacted),
            left_out=len(made.left_out),
        )

    def _fail(self, why: str) -> None:
        self._log.base.drop()
        self._kept, self._as_started = None, frozenset()
        self._standing = BaseStanding(is_ready=False, problem=why)

    def _let_go(self) -> None:
        self.stop()
        self._fail("")
        self._files = None


def _begun(files: StartFiles) -> _Making:
    pool, pace = ThreadPoolExecutor(1, thread_name_prefix="base-snapshot"), Pace()
    making = _Making(files, pace, pool.submit(pack, files, pace))
    pool.shutdown(wait=False)
    return making
