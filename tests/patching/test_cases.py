"""Answers as models give them, one file each: the right text, or a refusal for the right reason."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from patchtrail.patching import Focus, Patch, Refusal, patch_from_answer
from tests.patching.case_files import CASES, Case


def outcome(case: Case) -> Patch | Refusal:
    """Ask for the patch of a case."""
    focus, words = None, case.options.split()
    for word in words:
        if word.startswith("focus="):
            path, line = word.removeprefix("focus=").split(":")
            focus = Focus(path, int(line), int(line))
    is_cut_off = "cut_off" in words
    return patch_from_answer(
        case.answer, case.before.get, known_paths=list(case.before), focus=focus, is_cut_off=is_cut_off
    )


def check(case: Case) -> None:
    """Compare what came with what should."""
    found = outcome(case)

    if case.refused is not None:
        assert isinstance(found, Refusal), found.diff_unified
        assert found.mode == case.refused, found.message
        assert found.message.endswith((".", "'", '"')), found.message
        return
    assert isinstance(found, Patch), found
    assert {one.file_path: one.after for one in found.files} == case.after
    if case.located is not None:
        assert [hunk.located_by for hunk in found.hunks] == [case.located]


def test_there_are_enough() -> None:
    """At least sixty cases were found."""
    assert len(CASES) >= 60


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case) -> None:
    """An answer gives the right text, or is refused for the right reason."""
    check(case)


def test_git_takes_every_patch(tmp_path: Path) -> None:
    """`git apply` takes the canonical diff of each patch and makes the same files."""
    for case in CASES:
        found = outcome(case)
        if isinstance(found, Refusal):
            continue
        folder = tmp_path / case.name
        for path, text in case.before.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(text.encode())
        done = subprocess.run(
            ["git", "apply", "-"], cwd=folder, input=found.diff_unified.encode(), capture_output=True, check=False
        )

        assert done.returncode == 0, (case.name, done.stderr, found.diff_unified)
        assert {path: (folder / path).read_bytes().decode() for path in case.after} == case.after
