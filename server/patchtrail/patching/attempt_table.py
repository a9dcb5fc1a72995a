"""Attempts as rows of a SQLite database: the record's own fields as columns, so that anybody can query them."""

from __future__ import annotations

import json
import os
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from patchtrail.contract.attempt import AttemptRecord, AttemptStatus, Complexity, Strategy
from patchtrail.patching.attempt_files import FILE_MODE, millis_of

__all__ = ["AttemptFilters", "AttemptTable"]

BUSY_TIMEOUT_S = 10.0
LISTS = ("finding", "findings", "validation_errors", "context_parts", "hunks", "pattern_ids")
BOOLEANS = ("validation_result", "human_labeled", "is_rechecked")
REALS = ("cost_usd",)
INTEGERS = ("retry_attempt", "tokens_used", "latency_ms", "line", *BOOLEANS)
COLUMNS = tuple(AttemptRecord.model_fields)
LIKE = "{} LIKE ? ESCAPE '\\'"
SEARCHED = ("rule_id", "file", "validation_errors", "finding", "retry_told", "failure_mode")


def _typed(name: str) -> str:
    kind = "REAL" if name in REALS else "INTEGER" if name in INTEGERS else "TEXT"
    return f"{name} {kind}{' PRIMARY KEY' if name == 'attempt_id' else ''}"


TABLES = (
    f"CREATE TABLE attempts ({', '.join(map(_typed, COLUMNS))}, timestamp_ms INTEGER NOT NULL, file_name TEXT UNIQUE)",
    "CREATE INDEX attempts_by_group ON attempts (group_id)",
    "CREATE INDEX attempts_by_rule ON attempts (rule_id, timestamp_ms)",
    "CREATE TABLE unreadable (file_name TEXT PRIMARY KEY, reason TEXT NOT NULL)",
)
VERSION = zlib.crc32("\n".join(TABLES).encode()) & 0x7FFFFFFF
"""Of the tables' shape: a database of another shape is made anew from the files."""


@dataclass(frozen=True)
class AttemptFilters:
    """What to list; None is anything. `search` looks in rule, file, message and errors."""

    rule: str | None = None
    status: AttemptStatus | None = None
    strategy: Strategy | None = None
    complexity: Complexity | None = None
    file_type: str | None = None
    search: str | None = None
    group: str | None = None

    def where(self) -> tuple[str, list[str]]:
        """Return the condition and its parameters."""
        named = {
            "rule_id": self.rule,
            "status": self.status,
            "strategy": self.strategy,
            "finding_complexity": self.complexity,
            "file_type": self.file_type,
            "group_id": self.group,
        }
        wanted = {name: value for name, value in named.items() if value is not None}
        conditions, values = [f"{name} = ?" for name in wanted], list[str](wanted.values())
        if self.search:
            escaped = self.search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            conditions.append(f"({' OR '.join(map(LIKE.format, SEARCHED))})")
            values += [f"%{escaped}%"] * len(SEARCHED)
        return " AND ".join(conditions) or "1", values


class AttemptTable:
    """The database at one path. Every method opens and closes it, so that several processes can."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def file_names(self) -> set[str]:
        """Return the files that it was made from, the unreadable ones among them.

        Raises `sqlite3.DatabaseError` when it is none, is damaged, or has another shape.
        """
        with self._opened() as connection:
            if connection.execute("PRAGMA user_version").fetchone()[0] != VERSION:
                raise sqlite3.DatabaseError("The tables have another shape.")
            if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise sqlite3.DatabaseError("The database is damaged.")
            rows = connection.execute("SELECT file_name FROM attempts UNION SELECT file_name FROM unreadable")
            return {name for (name,) in rows}

    def write(self, records: Iterable[tuple[str, AttemptRecord]], unreadable: Iterable[tuple[str, str]]) -> None:
        """Make the database, which must not be there."""
        os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, FILE_MODE))
        with self._opened() as connection, connection:
            for table in TABLES:
                connection.execute(table)
            for name, record in records:
                _insert(connection, name, record)
            # What the records are read from tells of the unreadable ones, so these come last.
            connection.executemany("INSERT INTO unreadable VALUES (?, ?)", unreadable)
            connection.execute(f"PRAGMA user_version = {VERSION}")

    def put(self, name: str, record: AttemptRecord) -> None:
        """Insert a record, or put it in the place of the one with its id."""
        with self._opened() as connection, connection:
            connection.execute("DELETE FROM attempts WHERE attempt_id = ?", (record.attempt_id,))
            _insert(connection, name, record)

    def find(self, filters: AttemptFilters, limit: int | None) -> list[AttemptRecord]:
        """Return records, the newest first."""
        condition, values = filters.where()
        order = "ORDER BY timestamp_ms DESC, retry_attempt DESC, attempt_id"
        query = f"SELECT {', '.join(COLUMNS)} FROM attempts WHERE {condition} {order} LIMIT ?"
        with self._opened() as connection:
            return [_record(row) for row in connection.execute(query, [*values, -1 if limit is None else limit])]

    def named(self, attempt_id: str) -> list[tuple[str, AttemptRecord]]:
        """Return the file and the record of an id, or of every id that begins so."""
        query = f"SELECT file_name, {', '.join(COLUMNS)} FROM attempts WHERE attempt_id"
        with self._opened() as connection:
            rows = connection.execute(f"{query} = ?", (attempt_id,)).fetchall()
            if not rows:
                begun = f"{query} >= ? AND substr(attempt_id, 1, ?) = ? LIMIT 2"
                rows = connection.execute(begun, (attempt_id, len(attempt_id), attempt_id)).fetchall()
        return [(row[0], _record(row[1:])) for row in rows]

    def count(self) -> int:
        """Return how many attempts there are."""
        with self._opened() as connection:
            return int(connection.execute("SELECT count(*) FROM attempts").fetchone()[0])

    def unreadable(self) -> list[tuple[str, str]]:
        """Return the files that hold no attempt, and why."""
        with self._opened() as connection:
            return connection.execute("SELECT file_name, reason FROM unreadable ORDER BY file_name").fetchall()

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        # Opened by URI in mode rw: a missing file is an error here, never a new one.
        uri = f"{self.path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, timeout=BUSY_TIMEOUT_S, uri=True)) as connection:
            yield connection


def _insert(connection: sqlite3.Connection, name: str, record: AttemptRecord) -> None:
    told = record.model_dump(mode="json")
    values = [_sound(json.dumps(told[one], ensure_ascii=False) if one in LISTS else told[one]) for one in COLUMNS]
    marks = ", ".join("?" * (len(COLUMNS) + 2))
    connection.execute(f"INSERT INTO attempts VALUES ({marks})", [*values, millis_of(record.timestamp), name])


def _sound(value: Any) -> Any:  # noqa: ANN401 -- a column holds what its field does
    """Return a text without lone surrogates, which SQLite cannot store."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _record(row: tuple[Any, ...]) -> AttemptRecord:
    told = dict(zip(COLUMNS, row, strict=True))
    for name in LISTS:
        told[name] = json.loads(told[name])
    for name in BOOLEANS:
        told[name] = bool(told[name])
    return AttemptRecord.model_validate_json(json.dumps(told))
