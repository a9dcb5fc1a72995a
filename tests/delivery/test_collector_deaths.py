"""Catalogue item 29: the collector dies between any two statements of an ingest, is locked out, or has a full disk.

A killed process leaves its files as they are at that moment, so that a copy of the data folder, taken in the writing
thread before each statement and around each commit, is what a SIGKILL there would leave.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from patchtrail.collector.audit import audit
from patchtrail.contract.events import Heartbeat, SessionEnd
from patchtrail.delivery import Device, TraceSpool
from patchtrail.delivery.parcel import Parcel, read_parcel
from tests.delivery.fakes import RunningCollector, running_collector
from tests.delivery.test_courier import NOTE, Carrier, check_complete, command
from tests.soak.outage import command as bulky_command

OUTPUT = b"all of the output"


@dataclass(frozen=True)
class Moment:
    """What a kill would leave before this statement, and the chunks that were receipted by then."""

    folder: Path
    statement: str
    receipted: tuple[int, ...]


class Moments:
    """Copies a collector's folder at every statement that it writes with; equal copies are kept once."""

    def __init__(self, collector: RunningCollector, folder: Path, trace: TraceSpool) -> None:
        self.statements: list[str] = []
        self.kept: dict[tuple[str, tuple[int, ...]], Moment] = {}
        self._from, self._into, self._trace = folder, folder.parent / "moments", trace
        database = collector.service.database
        event.listen(database._writing_engine, "before_cursor_execute", self._before)
        event.listen(database._writing_engine, "commit", lambda _connection: self._keep("COMMIT"))
        database._on_commit = lambda *_: self._keep("the answer")

    def _before(self, _connection: Any, _cursor: Any, statement: str, *_: object) -> None:
        self._keep(statement.split("\n")[0])

    def _keep(self, statement: str) -> None:
        self.statements.append(statement)
        receipted = tuple(self._trace.folder.numbers(".rcpt"))
        key = (state_of(self._from), receipted)
        if key not in self.kept:
            into = self._into / f"{len(self.statements):03d}"
            shutil.copytree(self._from, into)
            self.kept[key] = Moment(into, statement, receipted)


def state_of(folder: Path) -> str:
    """Return a hash over every file below a folder; the shared memory of a write-ahead log is made anew."""
    found = hashlib.sha256()
    for path in sorted(one for one in folder.rglob("*") if one.is_file() and not one.name.endswith("-shm")):
        found.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return found.hexdigest()


def record(carrier: Carrier) -> TraceSpool:
    """Record a session of four chunks, one of them with an artifact."""
    trace = carrier.trace()
    trace.append(NOTE)
    trace.append(command(trace.store(OUTPUT, "text/plain")))
    for _ in range(2):
        trace.append(NOTE)
        trace.append(Heartbeat())
    trace.append(SessionEnd(reason="participant"))
    return trace


def test_29_killed_between_all_statements_of_an_ingest(tmp_path: Path) -> None:
    """Wherever it is killed, what was receipted is there, byte for byte; nothing is half stored; the rest goes on."""
    with running_collector(tmp_path / "collector") as collector:
        carrier = Carrier(tmp_path / "spool", collector.enrol())
        trace = record(carrier)
        parcels = [read_parcel(trace, n) for n in trace.folder.numbers(".env")]
        moments = Moments(collector, tmp_path / "collector", trace)
        carrier.look()
        check_complete(collector, trace.trace_id, 8)
        receipts = [trace.folder.receipt(n).read_bytes().split(b"\n")[1] for n in range(len(parcels))]
        carrier.close()

    told = "\n".join(moments.statements)
    for statement in (
        "INSERT INTO log_leaves",
        "INSERT INTO chunks",
        "UPDATE traces",
        "INSERT INTO artifacts",
        "COMMIT",
    ):
        assert statement in told
    assert len(moments.statements) > 40
    assert {moment.receipted for moment in moments.kept.values()} == {tuple(range(n)) for n in range(5)}
    for moment in moments.kept.values():
        check_moment(moment, carrier, trace.trace_id, parcels, receipts)


def check_moment(moment: Moment, carrier: Carrier, trace_id: str, parcels: list[Parcel], receipts: list[bytes]) -> None:
    """Start a collector on what a kill left, and send it everything again, twice."""
    with running_collector(moment.folder) as collector:
        assert audit(moment.folder).findings == [], moment.statement
        with device_at(collector, carrier) as device:
            token = device.transport.renew_token(trace_id)
            for sha256 in {sha256 for parcel in parcels for sha256 in parcel.artifacts}:
                assert device.transport.put_artifact(trace_id, sha256, OUTPUT, token).is_success
            answers = [device.transport.put_chunk(trace_id, n, one.body, token) for n, one in enumerate(parcels)]
            again = [device.transport.put_chunk(trace_id, n, one.body, token) for n, one in enumerate(parcels)]
            completed = device.transport.complete(trace_id, token)
        check_complete(collector, trace_id, 8)

    assert [answers[n].status for n in moment.receipted] == [200] * len(moment.receipted), moment.statement
    assert [answers[n].content for n in moment.receipted] == [receipts[n] for n in moment.receipted]
    assert all(answer.is_success for answer in (*answers, completed)), moment.statement
    assert [(one.status, one.content) for one in again] == [(200, one.content) for one in answers]
    assert audit(moment.folder).findings == [], moment.statement


@contextmanager
def device_at(collector: RunningCollector, carrier: Carrier) -> Iterator[Device]:
    """Let the device talk to this collector, as if it knew nothing of another."""
    device = Device(carrier.enrolled.model_copy(update={"collector_url": collector.url}))
    try:
        yield device
    finally:
        device.close()


def pragma(collector: RunningCollector, words: str) -> int:
    """Set or ask something of the connection that the collector writes with."""
    answer = collector.service.database.write(lambda connection: connection.exec_driver_sql(f"PRAGMA {words}").first())
    row = answer.result()
    return 0 if row is None else int(row[0])


def check_refused(carrier: Carrier, trace: TraceSpool) -> None:
    """Nothing was receipted or given up; it is tried again."""
    assert trace.folder.numbers(".rcpt") == []
    assert trace.folder.numbers(".env") != []
    assert not trace.folder.quarantine.exists()
    assert not carrier.courier.is_online


def look_again(carrier: Carrier) -> None:
    """Look twice: after an answer that went wrong the collector ends the connection, which the next request notices."""
    carrier.look()
    carrier.look()


def test_29_a_locked_database(tmp_path: Path) -> None:
    """While another program holds the database's lock nothing is receipted, and everything is sent again later."""
    with running_collector(tmp_path / "collector") as collector:
        carrier = Carrier(tmp_path / "spool", collector.enrol())
        trace = record(carrier)
        pragma(collector, "busy_timeout=50")
        with closing(sqlite3.connect(tmp_path / "collector/collector.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            carrier.look()
            check_refused(carrier, trace)
            other.execute("ROLLBACK")
        look_again(carrier)
        check_complete(collector, trace.trace_id, 8)
        carrier.close()

    assert audit(tmp_path / "collector").findings == []


def test_29_a_collector_that_ends_while_its_database_is_locked(tmp_path: Path) -> None:
    """A last checkpoint that cannot be signed keeps no collector from ending, nor the next one from starting."""
    with closing(sqlite3.connect(tmp_path / "collector.db", isolation_level=None)) as other:
        with running_collector(tmp_path) as collector:
            carrier = Carrier(tmp_path / "spool", collector.enrol())
            trace = carrier.trace()
            pragma(collector, "busy_timeout=50")
            other.execute("BEGIN IMMEDIATE")
            carrier.close()
        other.execute("ROLLBACK")
    with running_collector(tmp_path) as again:
        assert [one["trace_id"] for one in again.read("/v1/traces").json()["traces"]] == [trace.trace_id]

    assert audit(tmp_path).findings == []


@pytest.mark.parametrize("pages_left", [0, 1, 2, 3, 5, 8])
def test_29_a_full_disk(tmp_path: Path, pages_left: int) -> None:
    """When the database may not grow, whichever statement needs the page, nothing is half stored and all goes on."""
    with running_collector(tmp_path / "collector") as collector:
        carrier = Carrier(tmp_path / "spool", collector.enrol())
        trace = carrier.trace()
        trace.append(bulky_command())
        trace.append(SessionEnd(reason="participant"))
        carrier.device.check_log()
        full = pragma(collector, "page_count") + pages_left
        assert pragma(collector, f"max_page_count={full}") == full
        carrier.look()
        check_refused(carrier, trace)
        assert audit(tmp_path / "collector").findings == []

        pragma(collector, f"max_page_count={full + 10_000}")
        look_again(carrier)
        check_complete(collector, trace.trace_id, 3)
        carrier.close()

    assert audit(tmp_path / "collector").findings == []
