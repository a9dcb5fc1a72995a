"""`patchtrail attempts` lists, shows, counts and rebuilds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from patchtrail.cli.app import app
from patchtrail.contract.attempt import AttemptRecord
from patchtrail.patching.attempts import AttemptStore
from tests.contract.patch_samples import FAILED, RECORD


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Keep three tries of two groups."""
    store = AttemptStore(tmp_path, redact=str)
    for attempt_id, more in {
        "abc1": {**FAILED, "group_id": "g", "cost_usd": 0.05, "validation_errors": ["line \x1b[31m 4"]},
        "abd2": {"group_id": "g", "retry_attempt": 2, "retry_told": "Line 4 is not there.", "status": "accepted"},
        "xyz3": {"group_id": "h", "strategy": "batch", "rule_id": "D100", "latency_ms": 12_000},
    }.items():
        store.add(AttemptRecord.model_validate_json(json.dumps({**RECORD, "attempt_id": attempt_id, **more})))
    return tmp_path


def check(root: Path, *arguments: str, exit_code: int = 0, said: tuple[str, ...] = ()) -> str:
    """Run a verb; compare its exit code and what it says."""
    result = CliRunner().invoke(app, ["attempts", *arguments, "--root", str(root)])

    assert result.exit_code == exit_code, result.output
    assert [text for text in said if text not in result.output] == [], result.output
    return result.output


def of_json(root: Path, *arguments: str) -> Any:
    """Run a verb and read its JSON."""
    return json.loads(check(root, *arguments, "--json"))


def test_list(root: Path) -> None:
    """The newest come first, filters narrow, and JSON holds whole records."""
    assert [one["attempt_id"] for one in of_json(root, "list", "--rule", "F401")] == ["abd2", "abc1"]
    assert [one["attempt_id"] for one in of_json(root, "list", "--search", "line", "--limit", "1")] == ["abd2"]
    assert of_json(root, "list", "--file-type", ".ts") == []
    check(root, "list", "--status", "failed", said=("abc1", "shop/cart.py:3", "no_change_in_answer", "0.0500 USD"))


def test_show(root: Path) -> None:
    """One attempt is shown whole, with its other tries, and control characters cannot play tricks."""
    told = check(
        root, "show", "abd", said=("F401 shop/cart.py:3", "Line 4 is not there.", "-import os", "abc1: failed")
    )
    raw = check(root, "show", "abc1", said=("no_change_in_answer", "1 retries: accepted", "\\x1b[31m"))

    assert "\x1b" not in told + raw
    assert of_json(root, "show", "abc1")["group_id"] == "g"


def test_stats(root: Path) -> None:
    """Means stand beside their limits, and `--check` holds them to those."""
    check(root, "stats", said=("3 attempts for 2 patches, 1 accepted", "limit 0.1 USD: kept", "D100", "batch"))
    check(root, "stats", "--check")
    check(root, "stats", "--check", "--rule", "D100", exit_code=1, said=("limit 10 s: exceeded",))

    assert of_json(root, "stats")["is_within_limits"] is True


def test_rebuild(root: Path) -> None:
    """The database is made anew; a file that holds no attempt is named."""
    (root / ".patchtrail/traces/traces.db").unlink()
    (root / ".patchtrail/traces/bad.json").write_text("{")
    check(root, "rebuild", said=("3 attempts from 4 files.", "left out: bad.json"))

    assert len(of_json(root, "list")) == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("list", "--status", "nice"), "--status: 'nice' is none of offered"),
        (("show", "ab"), "give more of the id"),
        (("show", "nothing"), "There is no attempt 'nothing'"),
    ],
)
def test_what_is_wrong_is_said(root: Path, arguments: tuple[str, ...], said: str) -> None:
    """Bad input ends with a sentence and exit code 2."""
    check(root, *arguments, exit_code=2, said=(said,))


def test_nothing_here(tmp_path: Path) -> None:
    """Where nothing was kept nothing is listed, and nothing is made; a folder that is not there is named."""
    check(tmp_path, "list", said=("No attempts.",))
    check(tmp_path, "stats", "--check", said=("0 attempts",))
    check(tmp_path / "nowhere", "list", exit_code=2, said=("is no folder",))

    assert list(tmp_path.iterdir()) == []
