"""`trace verify` at a collector proves receipts by the log and remembers it; `collect rotate-keys` changes the keys."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from patchtrail.cli.app import app
from patchtrail.cli.enrolment import shown
from tests.collector.sessions import Session, opened
from tests.delivery.fakes import RunningCollector, running_collector

KEYS = ("receipt_key.json", "log_key.json", "root_key.json", "keys.json", "server_token")


@pytest.fixture
def collector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningCollector]:
    """Run a collector, and keep what readers remember in a folder of the test's own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("patchtrail.collector.log.MIN_INTERVAL_S", 0.0)
    with running_collector(tmp_path / "collector") as running:
        yield running


def sent(collector: RunningCollector) -> Session:
    """Send a whole session."""
    session = opened(collector)
    for n in range(3):
        assert session.put(n).status_code == 201
    return session


def check(exit_code: int, *said: str, arguments: tuple[object, ...]) -> str:
    """Run a command; compare its exit code and what it says."""
    result = CliRunner().invoke(app, [str(one) for one in arguments])

    assert result.exit_code == exit_code, result.output
    assert [text for text in said if text not in result.output] == [], result.output
    return result.output


def reading(collector: RunningCollector) -> tuple[str, ...]:
    """Return the options of a reader who trusts the collector's root key."""
    return ("--token", collector.service.server_token, "--server-key", collector.service.key.fingerprint)


def test_verify_an_address(collector: RunningCollector, tmp_path: Path) -> None:
    """A trace's address at a collector is verified with every receipt proven by the log, which is remembered."""
    session = sent(collector)
    for trace in (session.path, f"{session.path}/bundle"):
        check(0, "Log of 5 leaves: 4 of", "3 receipts", arguments=("trace", "verify", trace, *reading(collector)))
    by_id = ("trace", "verify", session.created.trace_id, "--collector", collector.url, *reading(collector))
    check(0, "Log of 5 leaves: 4 of", arguments=by_id)

    assert list((tmp_path / "home").rglob("log-*.json"))


def test_14_verify_sees_a_rollback(collector: RunningCollector, tmp_path: Path) -> None:
    """A reader who has seen a larger log finds the fault, though trace and receipts verify."""
    session = sent(collector)
    sent(collector)
    check(0, arguments=("trace", "verify", session.path, *reading(collector)))
    truncated = tmp_path / "truncated"
    truncated.mkdir()
    for name in KEYS:
        (truncated / name).write_bytes((tmp_path / "collector" / name).read_bytes())
    with running_collector(truncated) as other:
        again = sent(other)
        path = again.path
        check(1, "log.mistrusted", "shrunk from 10 leaves to 5", arguments=("trace", "verify", path, *reading(other)))


def test_14_verify_sees_a_leaf_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that was made anew without a receipted chunk does not prove its receipt to anybody."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    with running_collector(tmp_path / "collector") as running:
        session = sent(running)
    with sqlite3.connect(tmp_path / "collector" / "collector.db") as connection:
        connection.execute("UPDATE log_leaves SET hashes = zeroblob(length(hashes)) WHERE leaf_index = 3")
        connection.execute("DELETE FROM log_checkpoints")
    connection.close()
    (tmp_path / "collector" / "log_checkpoint").unlink()
    with running_collector(tmp_path / "collector") as running:
        path = f"{running.url}/v1/traces/{session.created.trace_id}"
        check(1, "log.unproven", "receipt 1", arguments=("trace", "verify", path, *reading(running)))


def test_verify_by_a_receipt_keys_fingerprint(collector: RunningCollector) -> None:
    """A reader who was given a receipt key's fingerprint verifies as before, and no other key's will do."""
    session = sent(collector)
    token = ("--token", collector.service.server_token)
    pinned = ("--server-key", collector.service.key.key.jkt)
    check(0, "Log of", arguments=("trace", "verify", session.path, *token, *pinned))
    check(1, "keys.pinned", arguments=("trace", "verify", session.path, *token, "--server-key", "A" * 43))


def test_16_rotate_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a rotation the fingerprint to compare is the same, and old traces verify; not while the collector runs."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    folder = tmp_path / "collector"
    rotate = ("collect", "rotate-keys", "--data-dir", folder)
    with running_collector(folder) as running:
        session = sent(running)
        before, token = shown(running.url).server_jkt, running.service.server_token
        check(2, "Another collector is running", arguments=rotate)
    check(0, "Keys of version 2: 2 receipt keys, 2 log keys.", before, arguments=rotate)
    check(0, "Keys of version 3: 2 receipt keys", arguments=(*rotate, "--renew-only"))
    check(2, "root key", arguments=(*rotate, "--root-key", tmp_path / "nowhere.json"))
    with running_collector(folder) as running:
        path = f"{running.url}/v1/traces/{session.created.trace_id}"
        assert shown(running.url).server_jkt == before
        check(0, "Log of 5 leaves", arguments=("trace", "verify", path, "--token", token, "--server-key", before))
    check(0, "every leaf, chunk, head and receipt agrees", arguments=("collect", "audit", "--data-dir", folder))
