"""The events that a trace's coverage ledger is made of, kept beside it for as long as it is recorded.

Chunks leave the spool once they are receipted, and a session outlives its sidecar: what the ledger at its end tells
of its beginning has to be kept until then.
"""

from __future__ import annotations

from pydantic import TypeAdapter, ValidationError

from patchtrail.contract.coverage import Coverage
from patchtrail.contract.event_lines import Event
from patchtrail.delivery.folder import TraceFolder
from patchtrail.trace import MARKS, Mark, coverage_of

__all__ = ["KeptLedger"]

EVENT: TypeAdapter[Event] = TypeAdapter(Event)


class KeptLedger:
    """The marks of one trace, in memory and in `coverage.jsonl`."""

    def __init__(self, folder: TraceFolder) -> None:
        self._path, self._disk = folder.coverage, folder.disk
        self._marks: list[tuple[int, Mark]] = []
        kept = folder.disk.read(folder.coverage) if folder.disk.exists(folder.coverage) else b""
        for line in kept.split(b"\n")[:-1]:
            self._remember(line)
        # A kill between an append and its mark leaves the event in the active segment alone.
        active = folder.disk.read(folder.active) if folder.disk.exists(folder.active) else b""
        for line in active.split(b"\n")[:-1]:
            self.note(line)

    def note(self, line: bytes) -> None:
        """Keep an event line if the ledger is made of its like, and it is not kept yet."""
        if self._remember(line):
            descriptor = self._disk.open(self._path)
            try:
                self._disk.append(descriptor, line + b"\n")
                self._disk.sync(descriptor)
            finally:
                self._disk.close(descriptor)

    def coverage(self, now_ms: int) -> Coverage:
        """Return the ledger as it stands."""
        return coverage_of([mark for _, mark in self._marks], now_ms)

    def _remember(self, line: bytes) -> bool:
        if not any(name in line for name in MARKED):
            return False
        try:
            event = EVENT.validate_json(line)
        except ValidationError:
            return False
        newest = self._marks[-1][0] if self._marks else -1
        if not isinstance(event.data, MARKS) or event.seq <= newest:
            return False
        self._marks.append((event.seq, Mark(event.mono_ms, event.data)))
        return True


MARKED = tuple(f'"type":"{name}"'.encode() for name in ("gap", "pause", "resume", "recovered"))
"""What stands in a line of the ledger's events: most lines need not be parsed."""
