"""Every attempt at a patch, kept below the root that it was made in: `.patchtrail/traces`.

The JSON file is written first, then the row; whatever happens between, the database is made anew from the files. What
is kept is redacted before.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from patchtrail.contract.attempt import AttemptRecord, AttemptStatus, FindingRecord
from patchtrail.contract.errors import InvalidInput, NotFound, StateConflict
from patchtrail.patching.attempt_files import AttemptFiles, millis_of
from patchtrail.patching.attempt_table import AttemptFilters, AttemptTable

__all__ = ["AttemptFilters", "AttemptStore", "Rebuilt"]

Result = TypeVar("Result")
Unreadable = list[tuple[str, str]]
Named = list[tuple[str, AttemptRecord]]


@dataclass(frozen=True)
class Rebuilt:
    """What a database was made from: so many attempts, and the files that hold none, each with the reason."""

    attempts: int
    unreadable: tuple[tuple[str, str], ...]


class AttemptStore:
    """The attempts below one root. Several processes, and threads with a store each, may use it at once.

    Every method raises `NotAllowed` when a symbolic link stands where the folder should be, and `StateConflict` with
    code `attempts_unavailable` when the disk refuses.
    """

    def __init__(self, root: Path, redact: Callable[[str], str]) -> None:
        self._files = AttemptFiles(root)
        self._table = AttemptTable(self._files.database)
        self._redact = redact
        self._is_sound = False

    def add(self, record: AttemptRecord) -> AttemptRecord:
        """Keep an attempt; return it as it is kept."""
        kept = _redacted(record, self._redact)
        millis_of(kept.timestamp)
        if not math.isfinite(kept.cost_usd):
            raise InvalidInput("cost_usd: it must be a finite number.", code="bad_attempt")
        with self._writing(is_made=True):
            if any(one.attempt_id == kept.attempt_id for _, one in self._table.named(kept.attempt_id)):
                raise StateConflict(f"Attempt {kept.attempt_id} is kept already.", code="attempt_exists")
            self._put(self._files.free_name(kept), kept)
        return kept

    def update_status(self, attempt_id: str, status: AttemptStatus) -> AttemptRecord:
        """Say what became of an attempt; return it."""
        return self._change(attempt_id, status=status)

    def label(self, attempt_id: str) -> AttemptRecord:
        """Mark an attempt as seen and labelled by a person; return it."""
        return self._change(attempt_id, human_labeled=True)

    def list(self, filters: AttemptFilters | None = None, *, limit: int | None = None) -> tuple[AttemptRecord, ...]:
        """Return attempts, the newest first."""
        return tuple(self._read(lambda: self._table.find(filters or AttemptFilters(), limit)) or ())

    def get(self, attempt_id: str) -> AttemptRecord:
        """Return one attempt by its id, or by an unmistakable beginning of it; raises `NotFound`."""
        return self._one(attempt_id, self._read(lambda: self._table.named(attempt_id)) or [])[1]

    def unreadable(self) -> tuple[tuple[str, str], ...]:
        """Return the files that hold no attempt, and why."""
        return tuple(self._read(self._table.unreadable) or ())

    def rebuild(self) -> Rebuilt:
        """Make the database anew from the files; a bad one is named and left where it is."""
        if not self._files.is_there:
            return Rebuilt(0, ())
        with self._writing(is_rebuilt=True):
            return Rebuilt(self._table.count(), tuple(self._table.unreadable()))

    def _change(self, attempt_id: str, **fields: object) -> AttemptRecord:
        if not self._files.is_there:
            raise self._missing(attempt_id)
        with self._writing():
            name, record = self._one(attempt_id, self._table.named(attempt_id))
            changed = record.model_copy(update=fields)
            self._put(name, changed)
        return changed

    def _put(self, name: str, record: AttemptRecord) -> None:
        self._files.begin()
        self._files.put(name, record)
        try:
            self._table.put(name, record)
        except sqlite3.Error:
            # The file is there and stays the truth: whoever looks next makes the database anew.
            self._is_sound = False
            return
        self._files.finish()

    def _one(self, attempt_id: str, found: Named) -> tuple[str, AttemptRecord]:
        if not found or not attempt_id:
            raise self._missing(attempt_id)
        if len(found) > 1:
            raise InvalidInput(f"Several attempts begin with {attempt_id}: give more of the id.", code="ambiguous_id")
        return found[0]

    def _missing(self, attempt_id: str) -> NotFound:
        return NotFound(f"There is no attempt {attempt_id!r} in {self._files.folder}.", code="no_attempt")

    def _read(self, ask: Callable[[], Result]) -> Result | None:
        """Return what a sound database answers; None where nothing was ever kept."""
        if not self._files.is_there:
            return None
        try:
            if self._looks_sound():
                return ask()
        except sqlite3.DatabaseError:
            self._is_sound = False
        with self._writing():
            return ask()

    @contextmanager
    def _writing(self, *, is_made: bool = False, is_rebuilt: bool = False) -> Iterator[None]:
        """Hold the lock, over a database that is as the files are; nothing inside may ask for it again."""
        try:
            if is_made:
                self._files.make()
            with self._files.locked():
                # Another process may just have made it anew.
                if is_rebuilt or not self._looks_sound():
                    self._rebuild()
                yield
        except OSError as error:
            message = f"Attempts cannot be kept in {self._files.folder}: {error.strerror}."
            raise StateConflict(message, code="attempts_unavailable") from error
        except sqlite3.Error as error:
            self._is_sound = False
            message = f"The database in {self._files.folder} cannot be used: {error}."
            raise StateConflict(message, code="attempts_unavailable") from error

    def _looks_sound(self) -> bool:
        if self._files.is_unfinished:
            return False
        if self._is_sound and self._files.database.exists():
            return True
        try:
            self._is_sound = self._table.file_names() == set(self._files.names())
        except sqlite3.DatabaseError:
            self._is_sound = False
        return self._is_sound

    def _rebuild(self) -> None:
        fresh = self._files.database.with_name(".new-traces.db")
        for path in (fresh, fresh.with_name(f"{fresh.name}-journal")):
            path.unlink(missing_ok=True)
        unreadable = Unreadable()
        AttemptTable(fresh).write(self._readable(unreadable), unreadable)
        # What belonged to the old database must not be taken for the new one's.
        for suffix in ("-journal", "-wal", "-shm"):
            self._files.database.with_name(f"{self._files.database.name}{suffix}").unlink(missing_ok=True)
        fresh.replace(self._files.database)
        self._files.finish()
        self._is_sound = True

    def _readable(self, unreadable: Unreadable) -> Iterator[tuple[str, AttemptRecord]]:
        seen = dict[str, str]()
        for name in self._files.names():
            try:
                record = self._files.read(name)
            except InvalidInput as error:
                unreadable.append((name, error.message))
                continue
            if record.attempt_id in seen:
                unreadable.append((name, f"{name}: the attempt of {seen[record.attempt_id]} again."))
                continue
            seen[record.attempt_id] = name
            yield name, record


def _redacted(record: AttemptRecord, redact: Callable[[str], str]) -> AttemptRecord:
    """Return a record with its texts redacted; `finding` and `findings` quote code in their messages."""

    def told(finding: FindingRecord) -> FindingRecord:
        return finding.model_copy(update={"message": redact(finding.message)})

    return record.model_copy(
        update={
            "finding": told(record.finding),
            "findings": [told(one) for one in record.findings],
            "prompt": redact(record.prompt),
            "llm_response": redact(record.llm_response),
            "patch_generated": None if record.patch_generated is None else redact(record.patch_generated),
            "validation_errors": [redact(one) for one in record.validation_errors],
            "retry_told": None if record.retry_told is None else redact(record.retry_told),
        }
    )
