"""Where tries at patches go: the repository's own store, and the session that is recorded, if one is."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from patchtrail.capture import Recorder
from patchtrail.contract.attempt import AttemptRecord
from patchtrail.patching import Patch
from patchtrail.patching.attempts import AttemptStore

__all__ = ["RecordedAttempts", "StoredAttempts"]

MAX_REMEMBERED = 500
Outcome = Literal["accepted", "rejected", "undone"]


class StoredAttempts:
    """Keeps attempts in the repository's own store."""

    def __init__(self, store: AttemptStore) -> None:
        self._store = store

    def add(self, record: AttemptRecord, patch: Patch | None) -> None:  # noqa: ARG002 -- the record holds its diff
        """Keep one try."""
        self._store.add(record)

    def outcome(self, attempt_id: str, outcome: Outcome) -> None:
        """Keep what became of it."""
        self._store.update_status(attempt_id, outcome)


@dataclass(frozen=True)
class _Offered:
    paths: tuple[str, ...]
    at_ms: int


class RecordedAttempts:
    """Keeps attempts in the store, and tells the recorder of them, which redacts and decides whether it records."""

    def __init__(self, kept: StoredAttempts, recorder: Recorder, root: Path, now_ms: Callable[[], int]) -> None:
        self._kept = kept
        self._recorder = recorder
        self._root = root
        self._now_ms = now_ms
        self._offered: OrderedDict[str, _Offered] = OrderedDict()

    def add(self, record: AttemptRecord, patch: Patch | None) -> None:
        """Keep one try, and what its patch is about until its outcome is known."""
        self._kept.add(record, patch)
        files = () if patch is None else patch.files
        self._offered[record.attempt_id] = _Offered(tuple(one.file_path for one in files), self._now_ms())
        while len(self._offered) > MAX_REMEMBERED:
            self._offered.popitem(last=False)
        self._recorder.report_attempt(record, self._root, files)

    def outcome(self, attempt_id: str, outcome: Outcome) -> None:
        """Keep what became of it, here and in the session."""
        self._kept.outcome(attempt_id, outcome)
        offered = self._offered.get(attempt_id, _Offered((), self._now_ms()))
        after_ms = max(0, self._now_ms() - offered.at_ms)
        evidence: Literal["client", "undo"] = "undo" if outcome == "undone" else "client"
        self._recorder.report_outcome(
            attempt_id, outcome, self._root, offered.paths, after_ms=after_ms, evidence=evidence
        )
