"""`make demo`: a whole session through real processes, told as it happened."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import EXAMPLE, ROOT


def play(tmp_path: Path, *arguments: str) -> str:
    """Run the demo as `make demo` does, without a terminal; return what it prints."""
    command = [sys.executable, str(EXAMPLE / "play.py"), "--output", str(tmp_path / "out"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, stdin=subprocess.DEVNULL)

    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_demo_tells_the_session(tmp_path: Path) -> None:
    """Red, hypothesis, edit, green, commit: replayed, tested, judged, verified at level four, and where to read it."""
    told = play(tmp_path)

    for line in (
        "pytest -q: 2 failed, 1 passed",
        "test_a_discount_is_a_percentage: assert -9000 == 900",
        "hypothesis (medium confidence)",
        "prices.py +1 -1",
        "+    return gross - gross * discount_percent // 100",
        "pytest -q: 3 passed",
        "Fix: discounts are far too large",
        "ended: participant",
        "verified_fix",
        "(heuristic, rubric 1)",
        "Assurance level L4",
        "Read it again:",
    ):
        assert line in told


def test_another_assertion_is_another_timeline(tmp_path: Path) -> None:
    """The results are the repository's own: changing an assertion changes what is told."""
    sample = tmp_path / "sample"
    shutil.copytree(EXAMPLE / "repository", sample)
    tests = sample / "tests" / "test_prices.py"
    tests.write_text(tests.read_text().replace("line_total(250, 4) == 1000", "line_total(250, 4) == 999"))
    told = play(tmp_path, "--sample", str(sample))

    assert "pytest -q: 3 failed" in told
    assert "assert 1000 == 999" in told
    assert "pytest -q: 1 failed, 2 passed" in told
    assert "Some tests are still red" in told
    assert "not_fixed" in told
    assert "verified_fix" not in told


@pytest.mark.parametrize("path", sorted(EXAMPLE.glob("*.py")), ids=lambda path: path.name)
def test_the_driver_is_a_client_like_any_other(path: Path) -> None:
    """Nothing of the demo imports anything of the package."""
    imports = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = [alias.name for node in imports for alias in node.names] + [getattr(node, "module", "") for node in imports]

    assert not [name for name in names if name and name.startswith("patchtrail")]


@pytest.mark.timeout(900)
def test_three_sessions_are_compared(tmp_path: Path) -> None:
    """Each is sent both ways, replayed, tested in the sandbox and judged; the table says how they differ."""
    command = [sys.executable, str(ROOT / "examples" / "play_sessions.py"), "--output", str(tmp_path), "--no-keep"]
    environment = {**os.environ, "COLUMNS": "120"}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=840, stdin=subprocess.DEVNULL
    )
    rows = [[cell.strip() for cell in line.split("│")] for line in done.stdout.splitlines()]
    table = {label: cells for label, *cells in rows if len(cells) == 6}
    overall = [float(score) for score in table["overall score"]]

    assert done.returncode == 0, done.stdout + done.stderr
    assert table["sent"] == ["open", "signed"] * 3
    assert table["assurance level"] == ["L0", "L4"] * 3
    assert table["replay"] == ["agrees"] * 6
    assert table["verdict"] == ["verified fix"] * 4 + ["not fixed"] * 2
    assert table["fixed"] == ["yes"] * 4 + ["no"] * 2
    assert table["files edited"] == ["1", "1", "3", "3", "2", "2"]
    assert table["test runs"] == ["2", "2", "4", "4", "3", "3"]
    assert table["commit"] == ["yes"] * 4 + ["no"] * 2
    assert "by the heuristic judge, not aligned with people: no human labels" in done.stdout
    assert all(0 < score <= 5 for score in overall)
