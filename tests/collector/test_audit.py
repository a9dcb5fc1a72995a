"""Catalogue item 15: the audit finds and names every row that was changed by hand, and nothing in honest databases."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from patchtrail.cli.app import app
from patchtrail.collector.audit import audit
from patchtrail.contract.errors import InvalidInput
from patchtrail.integrity import digest, entry, merkle
from tests.collector.sessions import opened
from tests.delivery.fakes import running_collector


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Leave the folder of a collector that took in two whole traces, a fork and an artifact."""
    folder = tmp_path_factory.mktemp("audited")
    with running_collector(folder) as running:
        for _ in range(2):
            session, content = opened(running), b"output"
            headers = {
                "Authorization": f"Bearer {session.created.upload_token}",
                "Content-Type": "application/octet-stream",
            }
            httpx.put(
                f"{session.path}/artifacts/{digest.sha256(content)}", content=content, headers=headers, timeout=60
            )
            for n in range(3):
                session.put(n)
            session.complete()
        forked = opened(running)
        forked.put(0)
        forked.put(1)
        forked.put(1, forked.chunk(1))
    return folder


@pytest.fixture
def folder(stopped: Path, tmp_path: Path) -> Path:
    """Copy the folder, so that it can be changed."""
    copy = tmp_path / "collector"
    shutil.copytree(stopped, copy)
    return copy


def edit(folder: Path, *statements: str) -> list[str]:
    """Change the database by hand; `{first}` and `{second}` are its first two traces, which are returned."""
    with sqlite3.connect(folder / "collector.db") as connection:
        names = [row[0] for row in connection.execute("SELECT trace_id FROM traces ORDER BY created_ms, trace_id")]
        for statement in statements:
            connection.execute(statement.format(first=names[0], second=names[1]))
    connection.close()
    return names


def check(folder: Path, named: str) -> None:
    """Run the command; it must exit with 1 and name the row."""
    result = CliRunner().invoke(app, ["collect", "audit", "--data-dir", str(folder)])

    assert result.exit_code == 1, result.output
    assert any(line.startswith("FAULT") and named in line for line in result.output.splitlines()), result.output


def test_15_an_honest_database(folder: Path) -> None:
    """Nothing is found where nothing was changed, and the checkpoint to keep elsewhere is printed."""
    result = CliRunner().invoke(app, ["collect", "audit", "--data-dir", str(folder)])

    assert result.exit_code == 0, result.output
    assert "3 traces, 8 chunks, 14 leaves: every leaf, chunk, head and receipt agrees." in result.output
    assert (folder / "log_checkpoint").read_text() in result.output
    assert "localhost/patchtrail/log/1\n14\n" in result.output


EDITS: dict[str, tuple[str, ...]] = {
    "log_leaves row 4": ("UPDATE log_leaves SET leaf = replace(leaf, '\"r\":1', '\"r\":2') WHERE leaf_index = 4",),
    "log_leaves row 5": ("UPDATE log_leaves SET hashes = zeroblob(64) WHERE leaf_index = 5",),
    "log_leaves row 6": ("DELETE FROM log_leaves WHERE leaf_index = 6",),
    "log_leaves row 13": ("DELETE FROM log_leaves WHERE leaf_index = 13",),
    "log_leaves row 14": ("INSERT INTO log_leaves SELECT 14, leaf, substr(hashes, 1, 32) FROM log_leaves LIMIT 1",),
    "log_leaves row 2": (
        "UPDATE log_leaves SET leaf_index = -1 WHERE leaf_index = 2",
        "UPDATE log_leaves SET leaf_index = 2 WHERE leaf_index = 3",
        "UPDATE log_leaves SET leaf_index = 3 WHERE leaf_index = -1",
    ),
    "log_leaves row 7": ("UPDATE log_leaves SET leaf_index = 1000000000 WHERE leaf_index = 7",),
    "log_salts row trace-": ("UPDATE log_salts SET salt = '{}' WHERE trace_id = '{{first}}'".format("0" * 64),),
    "log_salts row": ("DELETE FROM log_salts WHERE trace_id = '{second}'",),
    "the file log_checkpoint": ("DELETE FROM log_checkpoints WHERE size = (SELECT max(size) FROM log_checkpoints)",),
    "log_checkpoints row": ("UPDATE log_checkpoints SET size = size - 1",),
    "log_checkpoints row 14": ("UPDATE log_checkpoints SET note = replace(note, '14', '12')",),
    "chunks row {first} 1": ("UPDATE chunks SET payload = zeroblob(80) WHERE trace_id = '{first}' AND n = 1",),
    "chunks row {first} 0": ("UPDATE chunks SET envelope = x'7b7d' WHERE trace_id = '{first}' AND n = 0",),
    "chunks row {first} 2": ("UPDATE chunks SET received_ms = 7 WHERE trace_id = '{first}' AND n = 2",),
    "chunks row {second} 2": ("UPDATE chunks SET chunk_id = 'x' WHERE trace_id = '{second}' AND n = 2",),
    "chunks row {second} 1": ("DELETE FROM chunks WHERE trace_id = '{second}' AND n = 1",),
    "traces row {second}": ("DELETE FROM chunks WHERE trace_id = '{second}' AND n = 2",),
    "chunks row {second} 0": (
        "UPDATE chunks SET n = 9 WHERE trace_id = '{second}' AND n = 0",
        "UPDATE chunks SET n = 0 WHERE trace_id = '{second}' AND n = 1",
        "UPDATE chunks SET n = 1 WHERE trace_id = '{second}' AND n = 9",
    ),
    "chunks row trace-": (
        "INSERT INTO chunks SELECT trace_id, 3, chunk_id, envelope, payload, receipt, received_ms "
        "FROM chunks WHERE trace_id = '{first}' AND n = 2",
    ),
    "chunks row trace-0": (
        "INSERT INTO chunks SELECT 'trace-0', n, chunk_id, envelope, payload, receipt, received_ms "
        "FROM chunks WHERE trace_id = '{first}' AND n = 2",
    ),
    "chunks row {first} 0 ": (
        "UPDATE chunks SET receipt = (SELECT receipt FROM chunks WHERE trace_id = '{second}' AND n = 0) "
        "WHERE trace_id = '{first}' AND n = 0",
    ),
    "artifacts row {first}": ("UPDATE artifacts SET size_bytes = 7 WHERE trace_id = '{first}'",),
    "artifacts row": ("UPDATE artifacts SET sha256 = 'x'",),
    "forks row": ("UPDATE forks SET chunk_id = 'x'",),
    "devices row": (
        "UPDATE devices SET jkt = 'x' WHERE device_id = (SELECT device_id FROM traces WHERE trace_id = '{first}')",
    ),
    "chunks row {first} 1 ": ("UPDATE chunks SET payload = 'text' WHERE trace_id = '{first}' AND n = 1",),
    "traces row {first}": ("UPDATE traces SET created_ms = 'yesterday' WHERE trace_id = '{first}'",),
    "log_leaves row 8": ("UPDATE log_leaves SET leaf = 'text' WHERE leaf_index = 8",),
    "traces row trace-": ("DELETE FROM forks",),
    "traces row {first}, opening": (
        "UPDATE devices SET public_x = (SELECT public_x FROM devices ORDER BY device_id "
        "DESC LIMIT 1) WHERE device_id = (SELECT device_id FROM traces WHERE trace_id = "
        "'{first}')",
        "UPDATE traces SET device_id = (SELECT device_id FROM traces WHERE trace_id = "
        "'{second}') WHERE trace_id = '{first}'",
    ),
}


@pytest.mark.parametrize("named", EDITS)
def test_15_a_row_changed_by_hand(folder: Path, named: str) -> None:
    """A row that was edited, deleted, reordered or added is found and named."""
    first, second = edit(folder, *EDITS[named])[:2]
    check(folder, named.format(first=first, second=second).rstrip())


COLUMNS = {
    "participant_id": "'p-9'",
    "study_id": "'x'",
    "task_id": "'x'",
    "task_title": "'x'",
    "created_ms": "7",
    "next_n": "2",
    "next_seq": "9",
    "mono_ms": "9",
    "head": "'x'",
    "prev_chunk": "'x'",
    "late_chunks": "late_chunks + 1",
    "is_forked": "1",
    "is_ended": "0",
    "status": "'open'",
    "assurance": """'{{"level":"L4","reasons":[]}}'""",
    "opening_sha256": "'x'",
    "grant_envelope": "x'7b7d'",
    "opening": "x'7b7d'",
}


@pytest.mark.parametrize("column", COLUMNS)
def test_15_a_column_of_a_trace(folder: Path, column: str) -> None:
    """Every column of a trace that its signed bytes speak of is held to them."""
    edit(folder, f"UPDATE traces SET {column} = {COLUMNS[column]} WHERE trace_id = '{{first}}'")
    check(folder, "traces row trace-")


def test_15_a_whole_trace_deleted(folder: Path) -> None:
    """A trace that was deleted with everything that belongs to it leaves leaves behind that are about nothing."""
    tables = ("log_salts", "chunks", "artifacts", "upload_tokens", "traces")
    edit(folder, *(f"DELETE FROM {table} WHERE trace_id = '{{first}}'" for table in tables))
    check(folder, "[log.unexplained]")


def test_15_a_log_rewritten_throughout(folder: Path) -> None:
    """A log that was made anew without a trace, and fits itself, is not the one that was signed."""
    with sqlite3.connect(folder / "collector.db") as connection:
        leaves = [row[0] for row in connection.execute("SELECT leaf FROM log_leaves ORDER BY leaf_index")]
        leaves[3] = entry.leaf_bytes("chunk", "0" * 64, 1)
        edge: list[bytes] = []
        for size, leaf in enumerate(leaves):
            edge, completed = merkle.appended(size, edge, merkle.leaf_hash(leaf))
            row = (leaf, b"".join(completed), size)
            connection.execute("UPDATE log_leaves SET leaf = ?, hashes = ? WHERE leaf_index = ?", row)
    connection.close()
    check(folder, "[log.root]")
    check(folder, "log_leaves row 3")


def test_15_a_checkpoint_kept_elsewhere(folder: Path, tmp_path: Path) -> None:
    """A log that was cut back together with its checkpoints is found by one that was kept outside."""
    kept = tmp_path / "kept.txt"
    kept.write_bytes((folder / "log_checkpoint").read_bytes())
    edit(
        folder,
        "DELETE FROM log_leaves WHERE leaf_index >= 5",
        "DELETE FROM log_checkpoints",
        *(
            f"DELETE FROM {table} WHERE trace_id != '{{first}}'"
            for table in ("log_salts", "chunks", "forks", "artifacts", "upload_tokens", "traces")
        ),
    )
    (folder / "log_checkpoint").unlink()
    assert audit(folder).findings == []

    found = audit(folder, kept.read_bytes()).findings
    assert [(one.code, one.where) for one in found] == [("log.truncated", "the checkpoint that was handed in")]


def test_15_beside_a_running_collector(tmp_path: Path) -> None:
    """The audit reads while the collector runs, and changes nothing."""
    with running_collector(tmp_path) as running:
        session = opened(running)
        for n in range(3):
            session.put(n)
        before = (tmp_path / "keys.json").read_bytes()
        report = audit(tmp_path)
        assert session.put(2).status_code == 200
    assert (report.findings, report.leaves, report.chunks) == ([], 5, 3)
    assert (tmp_path / "keys.json").read_bytes() == before


@pytest.mark.parametrize("missing", ["collector.db", "keys.json"])
def test_what_cannot_be_audited(folder: Path, missing: str) -> None:
    """A folder without a database, or without keys, is said."""
    (folder / missing).unlink()
    with pytest.raises(InvalidInput):
        audit(folder)
    result = CliRunner().invoke(app, ["collect", "audit", "--data-dir", str(folder)])

    assert result.exit_code == 2
