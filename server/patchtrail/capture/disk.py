"""Changes on disk that no editor's save explains, gathered until they are quiet, then settled in one batch.

What an editor saved is on disk too, and is not told twice: a file whose content is what the trace holds already is
left alone. While a save is on its way (its willSave came, its didSave did not) the file waits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from patchtrail.capture.content import stamp_of
from patchtrail.capture.snapshots import Snapshots

__all__ = ["MAX_BATCH_BYTES", "MAX_BATCH_FILES", "Batch", "Pending"]

MAX_BATCH_FILES = 200
MAX_BATCH_BYTES = 20 * 1024 * 1024
QUIET_S = 0.3
LONGEST_S = 2.0
LONGEST_FLOOD_S = 15.0
SAVE_S = 5.0
SWEEP_S = 2.0
MAX_SWEPT = 1_000
LARGE_BYTES = 8 * 1024 * 1024
LARGE_S = 20.0


@dataclass(frozen=True)
class Batch:
    """The paths that changed, and those of them that were told to be new."""

    paths: list[Path]
    created: set[Path]


@dataclass
class Pending:
    """What may have changed on disk and is not looked at yet."""

    snapshots: Snapshots
    is_saving: Callable[[Path], bool]
    clock: Callable[[], float] = time.monotonic
    _paths: dict[Path, bool] = field(default_factory=dict)
    _first_s: float = 0.0
    _last_s: float = 0.0
    _saving_since: dict[Path, float] = field(default_factory=dict)
    _not_before: dict[Path, float] = field(default_factory=dict)
    _swept_s: float = 0.0

    def note(self, paths: Iterable[Path], created: Iterable[Path] = ()) -> None:
        """Take paths that changed, appeared or went away."""
        now_s = self.clock()
        if not self._paths:
            self._first_s = now_s
        self._last_s = now_s
        for path in paths:
            self._paths.setdefault(path, False)
        for path in created:
            self._paths[path] = True

    def drop(self, path: Path) -> None:
        """Forget a path: a save has told of it."""
        self._paths.pop(path, None)

    def clear(self) -> None:
        """Forget everything: nothing may be captured."""
        self._paths.clear()

    def due_in_s(self) -> float | None:
        """Return how long it is until the next batch is due; None when nothing is pending."""
        if not self._paths:
            return None
        longest_s = LONGEST_S if len(self._paths) <= MAX_BATCH_FILES else LONGEST_FLOOD_S
        due_s = min(self._last_s + QUIET_S, self._first_s + longest_s)
        return max(0.0, due_s - self.clock())

    def take(self, *, at_once: bool = False) -> Batch | None:
        """Return what is due; `at_once` also what is not yet quiet, unless it is a flood."""
        due_s = self.due_in_s()
        if due_s is None or (due_s > 0 and (not at_once or len(self._paths) > MAX_BATCH_FILES)):
            return None
        waiting = {path: is_new for path, is_new in self._paths.items() if self._must_wait(path)}
        taken = [path for path in self._paths if path not in waiting]
        created = {path for path in taken if self._paths[path]}
        self._paths = waiting
        self._first_s = self._last_s = self.clock()
        return Batch(taken, created) if taken else None

    def looked_at(self, path: Path, size_bytes: int) -> None:
        """Note that a file was read; a large one is not read again at once."""
        if size_bytes > LARGE_BYTES:
            self._not_before[path] = self.clock() + LARGE_S

    def sweep(self, *, at_once: bool = False) -> None:
        """Note the recorded files whose stamp has changed: not every editor tells, and none tells everything."""
        now_s = self.clock()
        if now_s - self._swept_s < SWEEP_S and not at_once:
            return
        self._swept_s = now_s
        stamps = self.snapshots.stamps
        newest = list(stamps)[-MAX_SWEPT:]
        self.note([path for path in newest if stamp_of(path) != stamps[path] and path not in self._paths])

    def _must_wait(self, path: Path) -> bool:
        now_s = self.clock()
        if self._not_before.get(path, 0.0) > now_s:
            return True
        self._not_before.pop(path, None)
        if not self.is_saving(path):
            self._saving_since.pop(path, None)
            return False
        return now_s - self._saving_since.setdefault(path, now_s) < SAVE_S
