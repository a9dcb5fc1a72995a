"""P8, P9: a long outage is drained in order, within bounded memory, and without a stampede."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from patchtrail.contract.problem import Problem
from patchtrail.delivery.patience import Backoff, Pace
from patchtrail.delivery.refusal import meaning_of, sentence_of
from tests.delivery.fakes import running_collector
from tests.delivery.test_courier import NOTE, Carrier

ROOT = Path(__file__).parents[2]
MEGABYTES = os.environ.get("PATCHTRAIL_SOAK_MB", "16")
MOST_KIB = 100 * 1024


def run(*arguments: str) -> dict[str, int]:
    """Build or drain in a process of its own, whose memory is its own."""
    command = [sys.executable, "-m", "tests.soak.outage", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.timeout(3600)
def test_thirty_days_offline(tmp_path: Path) -> None:
    """P8, P9: thirty days of sessions are recovered and drained in order, with less than 100 MB of memory."""
    with running_collector(tmp_path / "collector") as collector:
        key = tmp_path / "key"
        key.write_text(collector.enrol().model_dump_json())
        built = run("build", str(tmp_path / "spool"), str(key), MEGABYTES)
        cost = run("drain", str(tmp_path / "spool"), str(key))
        listed = collector.read("/v1/traces").json()["traces"]

    assert built["bytes"] > int(MEGABYTES) * 900_000
    assert cost["left"] == 0
    assert [one["status"] for one in listed] == ["complete"] * 30
    assert cost["recovery_kib"] < MOST_KIB
    assert cost["drain_kib"] < MOST_KIB
    assert cost["busiest_tick"] <= 5


def test_many_clients_do_not_come_back_together() -> None:
    """After the same failures a hundred clients wait different times, between a second and a quarter of an hour."""
    ends = set[int]()
    for _ in range(100):
        backoff = Backoff()
        for _ in range(15):
            backoff.fail(0)
        ends.add(backoff._until_ms)

    assert len(ends) > 90
    assert 1_000 <= min(ends) < 300_000 < max(ends) <= 900_000


def test_what_the_collector_asks_for_is_kept_within_an_hour() -> None:
    """Retry-After holds, with a little on top; at least a second, at most an hour."""
    for asked_s, least_ms, most_ms in ((0.0, 1_000, 1_100), (60.0, 60_000, 66_000), (10.0**9, 3_600_000, 3_600_000)):
        backoff = Backoff()
        backoff.fail(0, asked_s)

        assert least_ms <= backoff._until_ms <= most_ms


def test_a_backlog_is_sent_at_a_walk() -> None:
    """A few requests go at once, then so many a second, whatever the clock does."""
    pace = Pace(burst=3, per_s=2.0)

    assert [pace.take(0) for _ in range(5)] == [True, True, True, False, False]
    assert [pace.take(500) for _ in range(2)] == [True, False]
    assert [pace.take(-10_000) for _ in range(2)] == [False, False]
    assert [pace.take(60_000) for _ in range(4)] == [True, True, True, False]


def test_a_collector_restored_from_yesterday(tmp_path: Path) -> None:
    """A collector that lost what it had receipted is not trusted, and that is said; receipts and unsent chunks stay."""
    data, backup = tmp_path / "collector", tmp_path / "backup"
    with running_collector(data) as collector:
        carrier = Carrier(tmp_path / "spool", collector.enrol())
        trace = carrier.trace()
        trace.append(NOTE)
        carrier.look()
    shutil.copytree(data, backup)
    with running_collector(data) as collector:
        carrier.device.transport._url = collector.url
        for _ in range(2):
            trace.append(NOTE)
            carrier.look()
        assert trace.folder.numbers(".rcpt") == [0, 1, 2]
    shutil.rmtree(data)
    backup.rename(data)
    with running_collector(data) as collector:
        carrier.device.transport._url = carrier.device.hasty_transport._url = collector.url
        trace.append(NOTE)
        carrier.look()
        carrier.close()

    assert carrier.courier.mistrust is not None
    assert trace.folder.numbers(".rcpt") == [0, 1, 2]
    assert trace.folder.numbers(".env") == [3]


def test_lost_chunks_are_named() -> None:
    """A collector without a log that asks for a chunk which it had receipted is told on, with the chunks' numbers."""
    problem = Problem(code="chunk.order", message="m", detail={"next_n": 1})

    assert "lost chunks 1 to 2 that it had receipted" in sentence_of("trace-1", 3, problem, is_receipted_here=True)
    assert meaning_of(409, problem) == "refused"
