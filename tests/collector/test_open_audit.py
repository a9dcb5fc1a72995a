"""Catalogue item 15 for traces that nobody signed: the audit names every row of theirs that was changed by hand."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from patchtrail.cli.app import app
from patchtrail.collector.audit import audit
from tests.collector.open_clients import OpenTrace, dev_collector, event
from tests.collector.sessions import opened
from tests.contract.open_samples import COMMAND, EDIT, NOTE, ONE_SHOT, UUID


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Leave the folder of a collector with a whole trace in chunks, a begun one, one in one shot, and a signed one."""
    folder = tmp_path_factory.mktemp("audited")
    with dev_collector(folder) as running:
        whole, half = OpenTrace(running), OpenTrace(running)
        whole.send(0, event(0), event(1))
        whole.send(1, {**NOTE, "seq": 2}, event(3))
        whole.send(1, {**NOTE, "seq": 2}, event(3))
        whole.complete()
        whole.complete()
        half.send(0)
        one = httpx.post(f"{running.url}/api/traces", json=ONE_SHOT, timeout=60).json()
        bearer = {"Authorization": f"Bearer {one['upload_token']}"}
        httpx.post(f"{running.url}/api/traces/{UUID}/events", json=[COMMAND, EDIT], headers=bearer, timeout=60)
        httpx.post(f"{running.url}/api/traces/{UUID}/finalize", headers=bearer, timeout=60)
        opened(running).put(0)
    return folder


@pytest.fixture
def folder(stopped: Path, tmp_path: Path) -> Path:
    """Copy the folder, so that it can be changed."""
    copy = tmp_path / "collector"
    shutil.copytree(stopped, copy)
    return copy


def edit(folder: Path, *statements: str) -> list[str]:
    """Change the database by hand; `{first}`, `{second}` and `{third}` are its open traces, which are returned."""
    with sqlite3.connect(folder / "collector.db") as connection:
        names = [row[0] for row in connection.execute("SELECT trace_id FROM open_traces ORDER BY rowid")]
        for statement in statements:
            connection.execute(statement.format(first=names[0], second=names[1], third=names[2]))
    connection.close()
    return names


def check(folder: Path, exit_code: int, *said: str) -> None:
    """Run the command; compare its exit code and what it says."""
    result = CliRunner().invoke(app, ["collect", "audit", "--data-dir", str(folder)])

    assert result.exit_code == exit_code, result.output
    assert [text for text in said if text not in result.output] == [], result.output


def test_15_honest_open_traces(folder: Path) -> None:
    """Nothing is found where nothing was changed, and what is covered is said; repeated requests make no leaf."""
    check(folder, 0, "1 traces, 1 chunks, 13 leaves", "3 open traces, 10 events of theirs")


FIRST, SECOND, THIRD = (f"trace_id = '{{{name}}}'" for name in ("first", "second", "third"))
EDITS: dict[str, tuple[str, ...]] = {
    "a text": (f"UPDATE open_events SET fields = x'7b7d' WHERE {FIRST} AND event_n = 1",),
    "a time": (f"UPDATE open_events SET ts_us = ts_us + 1 WHERE {FIRST} AND event_n = 0",),
    "a receive time": (f"UPDATE open_events SET received_ms = 7 WHERE {THIRD} AND event_n = 0",),
    "a type": (f"UPDATE open_events SET type = 'commit' WHERE {FIRST} AND event_n = 0",),
    "a kind": (f"UPDATE open_events SET kind = 'plan' WHERE {FIRST} AND kind = 'decision'",),
    "a told time": (f"UPDATE open_events SET told_at = '2024' WHERE {THIRD} AND event_n = 0",),
    "an event": (f"DELETE FROM open_events WHERE {FIRST} AND event_n = 3",),
    "a note of several": (f"DELETE FROM open_events WHERE {FIRST} AND event_n = 2 AND part = 4",),
    "an added event": (
        "INSERT INTO open_events SELECT trace_id, 4, part, event_id, seq, ts_us, told_at, received_ms, type, kind, "
        f"fields FROM open_events WHERE {FIRST} AND event_n = 3",
        f"UPDATE open_traces SET next_seq = 5 WHERE {FIRST}",
        f"UPDATE open_chunks SET events = 3 WHERE {FIRST} AND n = 1",
    ),
    "two events swapped": (
        f"UPDATE open_events SET event_n = 9 WHERE {FIRST} AND event_n = 0",
        f"UPDATE open_events SET event_n = 0 WHERE {FIRST} AND event_n = 1",
        f"UPDATE open_events SET event_n = 1 WHERE {FIRST} AND event_n = 9",
    ),
    "two chunks swapped": (
        f"UPDATE open_chunks SET n = 9 WHERE {FIRST} AND n = 0",
        f"UPDATE open_chunks SET n = 0 WHERE {FIRST} AND n = 1",
        f"UPDATE open_chunks SET n = 1 WHERE {FIRST} AND n = 9",
    ),
    "the last chunk": (
        f"DELETE FROM open_events WHERE {FIRST} AND event_n >= 2",
        f"DELETE FROM open_chunks WHERE {FIRST} AND n = 1",
        f"UPDATE open_traces SET next_n = 1, next_seq = 2 WHERE {FIRST}",
    ),
    "an added chunk": (
        "INSERT INTO open_chunks SELECT trace_id, 1, 'k', body_sha256, 0, received_ms, size_bytes "
        f"FROM open_chunks WHERE {SECOND}",
        f"UPDATE open_traces SET next_n = 2, size_bytes = 2 * size_bytes WHERE {SECOND}",
    ),
    "a completion": (f"UPDATE open_traces SET status = 'open' WHERE {FIRST}",),
    "a claimed completion": (f"UPDATE open_traces SET status = 'complete' WHERE {SECOND}",),
    "a completion's time": (f"UPDATE open_traces SET updated_ms = 7 WHERE {FIRST}",),
    "an unknown status": (f"UPDATE open_traces SET status = 'x' WHERE {SECOND}",),
    "a participant": (f"UPDATE open_traces SET participant_id = 'x' WHERE {THIRD}",),
    "a description": (f"UPDATE open_traces SET task_description = 'x' WHERE {THIRD}",),
    "a start commit": (f"UPDATE open_traces SET start_commit = 'x' WHERE {FIRST}",),
    "a count": (f"UPDATE open_traces SET next_seq = 9 WHERE {SECOND}",),
    "a size": (f"UPDATE open_chunks SET size_bytes = 9 WHERE {SECOND}",),
    "a key": (f"UPDATE open_chunks SET key_sha256 = 'x' WHERE {FIRST} AND n = 1",),
    "a salt": (f"UPDATE open_traces SET log_salt = '{'0' * 64}' WHERE {FIRST}",),
    "no salt": (f"UPDATE open_traces SET log_salt = NULL WHERE {FIRST}",),
    "a text for bytes": (f"UPDATE open_events SET fields = 'text' WHERE {FIRST} AND event_n = 0",),
    "a time that is none": (f"UPDATE open_traces SET created_ms = 'yesterday' WHERE {FIRST}",),
}


@pytest.mark.parametrize("changed", EDITS)
def test_15_an_open_row_changed_by_hand(folder: Path, changed: str) -> None:
    """A row that was edited, deleted, reordered or added is found, and its trace is named."""
    names = edit(folder, *EDITS[changed])
    named = next(name for name, mark in zip(names, (FIRST, SECOND, THIRD), strict=True) if mark in EDITS[changed][0])
    check(folder, 1, "FAULT", named)


@pytest.mark.parametrize(
    "tables", [("open_leaves",), ("open_leaves", "open_events", "open_chunks", "open_upload_tokens", "open_traces")]
)
def test_15_what_the_log_has_is_missed(folder: Path, tables: tuple[str, ...]) -> None:
    """Whoever also takes away what points into the log leaves leaves behind that are about nothing."""
    edit(folder, *(f"DELETE FROM {table} WHERE {FIRST}" for table in tables))
    check(folder, 1, "log_leaves row", "log.unexplained")


def test_15_a_stray_row(folder: Path) -> None:
    """Rows of a trace that is not there are named."""
    edit(folder, f"UPDATE open_events SET trace_id = 'trace-0' WHERE {SECOND}")
    check(folder, 1, "open_events row trace-0")


def test_what_is_older_than_its_leaves(folder: Path) -> None:
    """What is older than its trace's first leaf is counted and said; what came later is held to its leaves."""
    with sqlite3.connect(folder / "collector.db") as connection:
        for table in ("open_leaves", "log_leaves", "log_checkpoints", "log_salts", "chunks", "upload_tokens", "traces"):
            connection.execute(f"DELETE FROM {table}")
        connection.execute("UPDATE open_traces SET log_salt = NULL")
        connection.execute("UPDATE open_chunks SET size_bytes = NULL")
    connection.close()
    (folder / "log_checkpoint").unlink()
    check(folder, 0, "3 open traces", "10 openings, chunks and completions")

    with dev_collector(folder) as running:
        names = edit(folder)
        bearer = {"Authorization": "Bearer dev", "Idempotency-Key": "later"}
        body = {"chunk_id": "later", "chunk_seq": 1, "events": [event(7)]}
        url = f"{running.url}/v1/traces/{names[1]}/events:ingest"
        assert httpx.post(url, json=body, headers=bearer, timeout=60).status_code == 200
    report = audit(folder)
    assert (report.findings, report.unlogged, report.leaves) == ([], 10, 1)
    edit(folder, f"UPDATE open_events SET seq = 8 WHERE {SECOND} AND seq = 7")
    check(folder, 1, f"open_chunks row {names[1]} 1")
