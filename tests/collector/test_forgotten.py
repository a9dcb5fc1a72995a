"""What a device had forgotten: the audit asks for the proof of it, and its bytes are not counted any more."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import httpx
import pytest

from patchtrail.collector.audit import audit
from patchtrail.contract.forgetting import ChunkRef
from patchtrail.integrity import digest, dsse
from patchtrail.integrity.forgetting import seal_forget
from tests.collector.sessions import Session, opened
from tests.delivery.fakes import running_collector
from tests.integrity.honest import manifest_of


def forget(session: Session, *numbers: int, manifests: tuple[int, ...] = ()) -> httpx.Response:
    """Ask for the deletion of chunks; send the manifests of those that never came along."""
    signed = [manifest_of(session.bodies[n], session.key) for n in numbers]
    refs = [
        ChunkRef(n=n, chunk_id=digest.chunk_id(dsse.payload_of(manifest)))
        for n, manifest in zip(numbers, signed, strict=True)
    ]
    request = dsse.parse_envelope(seal_forget(session.created.trace_id, refs, made_ms=0, key=session.key))
    lines = [session.bodies[n].partition(b"\n")[0] for n in manifests]
    body = {"request": request.model_dump(), "manifests": [dsse.parse_envelope(line).model_dump() for line in lines]}
    headers = {"Authorization": f"Bearer {session.created.upload_token}"}
    return httpx.post(f"{session.path}/forget", json=body, headers=headers, timeout=30)


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Leave the folder of a collector that forgot a chunk in the middle, one that never came, and a whole trace."""
    folder = tmp_path_factory.mktemp("forgotten")
    with running_collector(folder) as running:
        middle = opened(running)
        assert [middle.put(n).status_code for n in range(3)] == [201, 201, 201]
        assert forget(middle, 1).status_code == 200
        assert middle.complete().status_code == 200
        on_its_way = opened(running)
        assert on_its_way.put(0).status_code == 201
        assert forget(on_its_way, 1, manifests=(1,)).status_code == 200
        completed = opened(running)
        assert [completed.put(n).status_code for n in range(3)] == [201, 201, 201]
        assert completed.complete().status_code == 200
        assert forget(completed, 0, 1, 2).status_code == 200
    return folder


@pytest.fixture
def folder(stopped: Path, tmp_path: Path) -> Path:
    """Copy the folder, so that it can be changed."""
    shutil.copytree(stopped, tmp_path / "collector")
    return tmp_path / "collector"


def test_15_what_was_rightly_forgotten(folder: Path) -> None:
    """Chunks without bytes, for which the device's request and the collector's answer are there, are no fault."""
    report = audit(folder)

    assert (report.findings, report.traces, report.chunks) == ([], 3, 8)


FIRST = "(SELECT trace_id FROM traces ORDER BY created_ms, trace_id LIMIT 1)"
EDITS = {
    "a payload that nobody had forgotten": (
        f"UPDATE chunks SET payload = x'' WHERE n = 2 AND trace_id = {FIRST}",
        "chunk.dropped",
        "chunks row",
    ),
    "a deletion that is gone": ("DELETE FROM deletions", "chunk.dropped", "chunks row"),
    "bytes that came back": (
        f"UPDATE chunks SET payload = zeroblob(9) WHERE n = 1 AND trace_id = {FIRST}",
        "forgotten.kept",
        "chunks row",
    ),
    "another request": ("UPDATE deletions SET request = x'7b7d'", "deletions.row", "deletions row"),
    "another answer": ("UPDATE deletions SET answer = request", "deletions.row", "deletions row"),
    "another time": ("UPDATE deletions SET forgotten_ms = 7", "deletions.columns", "deletions row"),
    "another name": ("UPDATE deletions SET request_sha256 = 'x'", "deletions.columns", "deletions row"),
    "a number of another type": ("UPDATE deletions SET forgotten_ms = 'now'", "rows.type", "deletions row"),
    "a chunk that may come again": ("DELETE FROM forgotten_chunks", "forgotten_chunks.row", "forgotten_chunks row"),
    "a chunk that may come no more": (
        f"INSERT INTO forgotten_chunks VALUES ({FIRST}, 2)",
        "forgotten_chunks.row",
        "forgotten_chunks row",
    ),
    "a trace that is not there": (
        "INSERT INTO forgotten_chunks VALUES ('trace-0', 0)",
        "rows.stray",
        "forgotten_chunks row trace-0",
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_15_what_was_not_rightly_forgotten(folder: Path, name: str) -> None:
    """A chunk that lost its bytes without both signatures is named, and so is every row about it changed by hand."""
    statement, code, where = EDITS[name]
    with sqlite3.connect(folder / "collector.db") as connection:
        connection.execute(statement)
    connection.close()

    assert [one for one in audit(folder).findings if one.code == code and one.where.startswith(where)]


def test_what_is_forgotten_is_given_back(tmp_path: Path) -> None:
    """The bytes of a dropped chunk and of its artifacts are room again; asking twice gives them back once."""
    with running_collector(tmp_path, session_max_bytes=12_000) as running:
        session = opened(running)

        def put(content: bytes) -> int:
            headers = {
                "Authorization": f"Bearer {session.created.upload_token}",
                "Content-Type": "application/octet-stream",
            }
            address = f"{session.path}/artifacts/{digest.sha256(content)}"
            return httpx.put(address, content=content, headers=headers, timeout=60).status_code

        assert [session.put(0).status_code, put(b"a" * 6_000), put(b"b" * 6_000)] == [201, 201, 413]
        assert [forget(session, 0).status_code for _ in range(2)] == [200, 200]
        assert [put(b"b" * 6_000), put(b"c" * 6_000)] == [201, 413]
