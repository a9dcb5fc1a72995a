"""The scripts of the README, taken from the page as they stand, against a real development collector."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from collector import Collector
from tests.e2e.conftest import PATCHTRAIL, ROOT

SCRIPTS = re.findall(r"^```python\n(.+?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
TOLD = [
    r"trace-[0-9a-f]{32} L0 \['test_run', 'rationale_note', 'file_edit', 'test_run'\]\n",
    r"[0-9a-f-]{36} complete \['command', 'reasoning', 'edit'\]\n",
]


@pytest.mark.parametrize("n", range(2), ids=["chunks", "one_shot"])
def test_a_script_of_the_readme_sends_a_session_and_reads_it_back(tmp_path: Path, n: int) -> None:
    """Twenty lines of plain httpx send a session to `patchtrail collect --dev-token` and read it back."""
    script = tmp_path / "send.py"
    script.write_text(SCRIPTS[n])
    collector = Collector(PATCHTRAIL, tmp_path / "collector", "--dev-token", "dev")
    try:
        command = [sys.executable, str(script), collector.url, "dev"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        listed = collector.get("/v1/traces")["traces"]
    finally:
        collector.stop()

    assert re.fullmatch(TOLD[n], done.stdout), done.stdout + done.stderr
    assert [(trace["status"], trace["assurance"]["level"]) for trace in listed] == [("complete", "L0")]
    assert len(SCRIPTS) == 2
    assert len([line for line in SCRIPTS[n].splitlines() if line.strip()]) <= 20


def test_a_development_collector_listens_on_loopback_alone(tmp_path: Path) -> None:
    """`--dev-token` with an address that others reach is refused, and says why."""
    command = [*PATCHTRAIL, "collect", "--data-dir", str(tmp_path), "--host", "0.0.0.0", "--dev-token", "dev"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)

    assert done.returncode == 2
    assert "loopback" in done.stdout + done.stderr
