"""`examples/submit_*.py`: clients in plain httpx, run as a newcomer runs them."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector import Collector
from tests.e2e.conftest import PATCHTRAIL, ROOT

EXAMPLES = ROOT / "examples"
SCRIPTS = sorted(EXAMPLES.glob("submit_*.py"))
ENDS = {
    "submit_example.py": ("verified_fix", ["fail_to_pass: 3 tests", "pass_to_pass: 5 tests"]),
    "submit_complex_example.py": ("verified_fix", ["fail_to_pass: 3 tests", "pass_to_pass: 13 tests"]),
    "submit_failed_example.py": ("not_fixed", ["fail_to_pass: 0 tests", "fail_to_fail: 2 tests"]),
}


@pytest.fixture(scope="module")
def development(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    """Run a development collector, as the scripts advise."""
    running = Collector(PATCHTRAIL, tmp_path_factory.mktemp("collector"), "--dev-token", "dev")
    yield running
    running.stop()


def submit(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script from some other folder, with nothing of the package on its path."""
    command = [sys.executable, "-W", "error", str(EXAMPLES / script), *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, timeout=200)


@pytest.mark.parametrize("script", ENDS)
def test_a_submitted_session_is_replayed_tested_and_judged(development: Collector, script: str) -> None:
    """The script prints what the collector found out: replay, verdict, tests, and a score per dimension."""
    verdict, lists = ENDS[script]
    done = submit(script, "--url", development.url)

    assert done.returncode == 0, done.stdout + done.stderr
    for line in (f"verdict   {verdict}: ", ", all agree", *lists, "of 5 overall", "problem understanding: "):
        assert line in done.stdout


def test_where_nobody_answers_it_says_what_to_do() -> None:
    """Without a collector the script ends with a sentence, not with a traceback."""
    done = submit("submit_example.py", "--url", "http://127.0.0.1:1")

    assert done.returncode == 1
    assert "http://127.0.0.1:1 cannot be reached" in done.stderr
    assert "patchtrail collect --dev-token dev" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_refusal_is_told_in_the_collectors_words(development: Collector) -> None:
    """What was asked, the status, and the collector's own reason."""
    done = submit("submit_example.py", "--url", development.url, "--token", "wrong")

    assert done.returncode == 1
    assert "POST /v1/traces was answered with 40" in done.stderr
    assert '"message"' in done.stderr


@pytest.mark.parametrize("path", [EXAMPLES / "open_client.py", *SCRIPTS], ids=lambda path: path.name)
def test_a_client_needs_nothing_but_httpx(path: Path) -> None:
    """Every import is Python's own, httpx, or the one client that the scripts share."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    foreign = {name.partition(".")[0] for name in names} - sys.stdlib_module_names

    assert foreign <= {"httpx", "open_client"}
    assert len(SCRIPTS) == len(ENDS)
