"""The examples of docs/learning.md are true."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pages import run_examples

PAGE = Path(__file__).parents[2] / "docs/learning.md"


def test_every_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each chapter's block of Python runs after those before it, in an empty folder, and its assertions hold."""
    monkeypatch.chdir(tmp_path)
    blocks, chapters = run_examples(PAGE)

    assert blocks == chapters > 0
