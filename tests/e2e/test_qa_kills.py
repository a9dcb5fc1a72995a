"""SIGKILL the collector while it assesses a trace: nothing of it goes on, and after a restart the trace is assessed."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import httpx
import psutil
import pytest

from collector import Collector
from patchtrail.contract.qa import QaStanding
from tests.collector.test_bases import BROKEN, DIFF, packed
from tests.contract.open_samples import PUBLISHED_EDIT
from tests.e2e.conftest import PATCHTRAIL
from tests.sandbox.walls import usable

SLOW_TESTS = """\
import time

from calc import total


def test_total():
    time.sleep(1)
    assert total(2, 3) == 5


def test_zero():
    assert total(0, 0) == 0
"""


def start(folder: Path) -> Collector:
    """Run a development collector."""
    return Collector(PATCHTRAIL, folder, "--dev-token", "dev")


def send(collector: Collector) -> str:
    """Send a trace with its snapshot, complete it, and return its id."""
    created = httpx.post(
        f"{collector.url}/v1/traces", json={"participant_id": "p-1", "task_id": "BUG-1"}, timeout=60
    ).json()
    url, bearer = (
        f"{collector.url}/v1/traces/{created['trace_id']}",
        {"Authorization": f"Bearer {created['upload_token']}"},
    )
    base = packed({"calc.py": BROKEN, "test_calc.py": SLOW_TESTS})
    edit = {**PUBLISHED_EDIT, "file_path": "calc.py", "diff_unified": DIFF, "buffer_hash_after": None}
    chunk = {"chunk_id": "c", "chunk_seq": 0, "events": [edit]}
    for answer in (
        httpx.put(f"{url}/base", content=base, headers={**bearer, "Content-Type": "application/gzip"}, timeout=30),
        httpx.post(f"{url}/events:ingest", json=chunk, headers={**bearer, "Idempotency-Key": "c"}, timeout=60),
        httpx.post(f"{url}/complete", headers=bearer, timeout=60),
    ):
        assert answer.is_success, answer.text
    return str(created["trace_id"])


def wait_for(collector: Collector, trace_id: str, *states: str) -> QaStanding:
    """Wait until a trace's assessment is in one of these states."""
    ends_s = time.monotonic() + 120
    while time.monotonic() < ends_s:
        told = QaStanding.model_validate(collector.get(f"/v1/traces/{trace_id}/qa"))
        if told.state in states:
            return told
        time.sleep(0.02)
    raise AssertionError(told)


def descendants(collector: Collector) -> list[psutil.Process]:
    """Return the processes that a collector started, once there is one."""
    while not (found := psutil.Process(collector._process.pid).children(recursive=True)):
        time.sleep(0.02)
    return found


def gone(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Return which of these processes are still there after half a minute."""
    _, alive = psutil.wait_procs(processes, timeout=30)
    return [one for one in alive if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.timeout(600)
def test_a_killed_collector_assesses_after_its_restart(tmp_path: Path) -> None:
    """SIGKILL in the middle of an assessment, twice: its processes end, and after the restart the trace is assessed."""
    collector = start(tmp_path)
    trace_id = send(collector)
    for tries in (1, 2):
        assert wait_for(collector, trace_id, "running").tries == tries
        started = descendants(collector)
        collector._process.kill()
        collector._process.wait(timeout=30)
        assert gone(started) == []
        collector = start(tmp_path)
    told = wait_for(collector, trace_id, "done", "failed")
    document = collector.get(f"/v1/traces/{trace_id}")
    collector.stop()

    assert (told.state, told.tries) == ("done", 3), told.problem
    assert told.results.validation is not None
    assert told.results.validation.verdict == "verified_fix", told.results.validation.reason
    assert document["qa"] == told.results.model_dump()


@pytest.mark.timeout(600)
def test_a_collector_that_is_stopped_puts_its_work_back(tmp_path: Path) -> None:
    """SIGTERM in the middle of an assessment ends it soon; it is made after the restart, and no try was lost."""
    collector = start(tmp_path)
    trace_id = send(collector)
    wait_for(collector, trace_id, "running")
    started = descendants(collector)
    collector.stop()
    assert collector._process.returncode in (0, -signal.SIGTERM)
    assert gone(started) == []
    collector = start(tmp_path)
    told = wait_for(collector, trace_id, "done", "failed")
    collector.stop()

    assert (told.state, told.tries) == ("done", 1), told.problem


KEY = "sk-" + "never-to-be-logged"


@pytest.mark.parametrize(
    ("environment", "options", "said"),
    [
        ({}, (), "LLM Judge is off: heuristic only"),
        ({"OPENAI_API_KEY": KEY}, (), "Initializing LLM Judge with model: gpt-4o-mini"),
        ({"OPENAI_API_KEY": KEY, "PATCHTRAIL_COLLECTOR_QA_MODELS": "a, b"}, (), "LLM Judge with model: a, b"),
        ({"OPENAI_API_KEY": KEY}, ("--no-qa",), "not assessed"),
    ],
    ids=["heuristic", "model", "models", "off"],
)
def test_a_start_says_who_judges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], options: tuple[str, ...], said: str
) -> None:
    """The start says which model judges, or that none does; never its key."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    collector = Collector(PATCHTRAIL, tmp_path, *options)
    collector.stop()
    log = (tmp_path / "collector.log").read_text()

    assert said in log
    assert KEY not in log


@pytest.mark.parametrize("path", [None, "/nonexistent"], ids=["a sandbox", "none"])
def test_a_start_says_where_tests_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str | None) -> None:
    """The start names the sandbox, or says that no tests are run and what to install."""
    said = f"Tests run behind {usable().name}"
    if path is not None:
        monkeypatch.setenv("PATH", path)
        said = "No tests are run: no sandbox: bubblewrap: "
    collector = Collector(PATCHTRAIL, tmp_path)
    collector.stop()
    log = (tmp_path / "collector.log").read_text()

    assert said in log
    assert ("install the packages bubblewrap" in log) is (path is not None)


def test_a_key_that_cannot_be_read_stops_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever configured a model does not silently get none: the start is refused, and says which file."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY_FILE", str(tmp_path / "missing"))
    command = [*PATCHTRAIL, "collect", "--data-dir", str(tmp_path / "collector"), "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)

    assert done.returncode == 2
    assert "OPENAI_API_KEY_FILE" in done.stderr


def test_a_worker_of_its_own_is_refused() -> None:
    """`patchtrail collect worker` says that it needs PostgreSQL, and what to do instead."""
    done = subprocess.run([*PATCHTRAIL, "collect", "worker"], capture_output=True, text=True, timeout=60)

    assert done.returncode != 0
    assert "PostgreSQL" in done.stderr
    assert "PATCHTRAIL_COLLECTOR_QA_WORKERS" in done.stderr
