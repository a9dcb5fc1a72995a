"""SQLite, embedded: one process, one writing connection that commits for everybody, and readers beside it.

Versions of SQLite below 3.51.3 can corrupt a write-ahead log that two connections write, so a lock on the data
folder refuses a second collector, and every write goes through one thread. That thread commits what is waiting
together: many requests share one sync to disk.
"""

from __future__ import annotations

import fcntl
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event

from patchtrail.contract.errors import InvalidInput, StateConflict

__all__ = ["Database", "FolderInUse", "migrate", "reading_only"]

Result = TypeVar("Result")
MAX_BATCH = 256
SCRUB_AGAIN_S = 0.2
MIGRATIONS = Path(__file__).parent / "migrations"


class FolderInUse(StateConflict):
    """Another collector has this data folder."""

    code = "data_folder_in_use"


class _Write(NamedTuple):
    """A write that waits for its turn."""

    work: Callable[[Connection], Any]
    future: Future[Any]
    asked_s: float


class Database:
    """The one database of a collector."""

    def __init__(
        self,
        folder: Path,
        *,
        is_durable: bool = True,
        on_commit: Callable[[float, float, int], None] = lambda _waited_s, _took_s, _writes: None,
    ) -> None:
        """Open the folder; `on_commit` is told how long a group's first write waited, and how long the group took."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = _locked(folder)
        url = f"sqlite:///{folder / 'collector.db'}"
        self._writing_engine = _engine(url, is_durable=is_durable)
        self._reading_engine = _engine(url, is_durable=is_durable)
        self._connection = self._writing_engine.connect()
        migrate(self._connection)
        self._after_rollback: list[Callable[[], None]] = []
        self._queue: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._scrubs: list[Future[None]] = []
        self._on_commit = on_commit
        self._thread = threading.Thread(target=self._run, name="database writer", daemon=True)
        self._thread.start()

    def write(self, work: Callable[[Connection], Result]) -> Future[Result]:
        """Queue a write; its future is done when the commit is on disk, or failed with nothing written."""
        future: Future[Result] = Future()
        self._queue.put(_Write(work, future, time.perf_counter()))
        return future

    def on_rollback(self, forget: Callable[[], None]) -> None:
        """Let somebody who keeps beside the database what its writes made know when one is undone."""
        self._after_rollback.append(forget)

    def scrub(self) -> Future[None]:
        """Empty the write-ahead log, which holds old pages; done when no reader needs it any more and it is empty."""
        future: Future[None] = Future()
        self._queue.put(_Write(lambda _connection: self._scrubs.append(future), Future(), time.perf_counter()))
        return future

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """Read in a snapshot of what is committed."""
        with self._reading_engine.connect() as connection:
            return work(connection)

    def close(self) -> None:
        """Commit what is queued and give the folder up."""
        self._queue.put(None)
        self._thread.join()
        self._connection.close()
        self._writing_engine.dispose()
        self._reading_engine.dispose()
        os.close(self._lock)

    def _run(self) -> None:
        while (first := self._next()) is not None:
            batch = [first]
            while len(batch) < MAX_BATCH:
                try:
                    item = self._queue.get_nowait()
                except queue.Empty:
                    break
                if item is None:
                    self._queue.put(None)
                    break
                batch.append(item)
            self._commit(batch)
            self._scrub()
        for future in self._scrubs:
            future.cancel()

    def _next(self) -> _Write | None:
        """Return what is to be written next; while a scrub waits for a reader, try it again now and then."""
        while self._scrubs:
            try:
                return self._queue.get(timeout=SCRUB_AGAIN_S)
            except queue.Empty:
                self._scrub()
        return self._queue.get()

    def _scrub(self) -> None:
        if not self._scrubs:
            return
        # By the driver: SQLAlchemy would begin a transaction, inside of which there is no checkpoint.
        cursor = self._connection.connection.cursor()
        try:
            cursor.execute("PRAGMA busy_timeout=0")
            is_busy, _, _ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.Error:  # A disk that refuses now is asked again.
            is_busy = 1
        finally:
            cursor.execute("PRAGMA busy_timeout=5000")
            cursor.close()
        if not is_busy:
            for future in self._scrubs:
                future.set_result(None)
            self._scrubs.clear()

    def _commit(self, batch: list[_Write]) -> None:
        """Run a batch in one transaction, each work in a savepoint of its own; answer only after the commit."""
        answers: list[Callable[[], None]] = []
        began_s = time.perf_counter()
        try:
            with self._connection.begin():
                answers.extend(self._attempt(write.work, write.future) for write in batch)
        except Exception as error:  # noqa: BLE001 -- each asker gets the failure, the writer goes on
            self._rolled_back()
            for write in batch:
                write.future.set_exception(error)
            return
        self._on_commit(began_s - batch[0].asked_s, time.perf_counter() - began_s, len(batch))
        for answer in answers:
            answer()

    def _attempt(self, work: Callable[[Connection], Any], future: Future[Any]) -> Callable[[], None]:
        # A savepoint by hand: SQLAlchemy's own costs more than what a chunk writes.
        self._connection.exec_driver_sql("SAVEPOINT work")
        try:
            result = work(self._connection)
        except Exception as error:  # noqa: BLE001 -- handed to the asker
            self._connection.exec_driver_sql("ROLLBACK TO work")
            self._connection.exec_driver_sql("RELEASE work")
            self._rolled_back()
            failure = error
            return lambda: future.set_exception(failure)
        self._connection.exec_driver_sql("RELEASE work")
        return lambda: future.set_result(result)

    def _rolled_back(self) -> None:
        for forget in self._after_rollback:
            forget()


@contextmanager
def reading_only(folder: Path) -> Iterator[Connection]:
    """Read one snapshot of a database, also beside the collector that writes it.

    Raises `InvalidInput` when there is none, or when its tables are not those of this version.
    """
    path = folder / "collector.db"
    if not path.exists():
        raise InvalidInput(f"There is no collector's database in {folder}.", code="no_database")
    engine = _engine(f"sqlite:///{path}", is_durable=True)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA query_only=ON")
            if MigrationContext.configure(connection).get_current_revision() != _newest_revision():
                raise InvalidInput("The database is of another version; start the collector once.", code="old_database")
            yield connection
    finally:
        engine.dispose()


def _newest_revision() -> str | None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config).get_current_head()


def migrate(connection: Connection) -> None:
    """Bring the database to this version's tables."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    # With nothing to migrate, Alembic leaves the transaction open in which it looked.
    connection.commit()


def _locked(folder: Path) -> int:
    descriptor = os.open(folder / "collector.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise FolderInUse(f"Another collector is running on {folder}.") from error
    return descriptor


def _engine(url: str, *, is_durable: bool) -> Engine:
    engine = create_engine(url, pool_size=8, connect_args={"check_same_thread": False, "isolation_level": None})

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: object) -> None:  # noqa: ANN401 -- the driver's own type
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute(f"PRAGMA synchronous={'FULL' if is_durable else 'OFF'}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA busy_timeout=5000")
        # What is deleted is overwritten: a deletion receipt promises that the bytes are gone.
        cursor.execute("PRAGMA secure_delete=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine
