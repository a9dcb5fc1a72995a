"""Every unit eval: a patch comes, applies, fixes, and adds nothing that the truth lacks."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from unidiff import PatchSet

from patchtrail.llm import Cancellation
from patchtrail.patching import Patch
from patchtrail.patching.checkers import ToolCheckers, ToolFinder, default_recipes
from patchtrail.patching.disk_workspace import DiskWorkspace
from tests.evals.conftest import Bench
from tests.evals.eval_case import UnitCase, read_cases

CASES = read_cases()
KINDS = {
    *("I001", "F401", "F841", "E401", "E711", "D100", "D101", "D102", "D103", "D104", "D105", "D106", "D107"),
    *("multi_line_strings", "syntax_errors", "type_errors"),
}
HEADER = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", re.MULTILINE)


def test_there_are_enough_cases_of_every_kind() -> None:
    """There are at least a hundred cases, and eight with code of their own of every kind."""
    counted = Counter(one.kind for one in CASES)

    assert len(CASES) >= 100
    assert set(counted) == KINDS
    assert min(counted.values()) >= 8
    assert len({one.before for one in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda one: f"{one.kind}-{one.name}")
def test_eval(case: UnitCase, bench: Bench, tmp_path: Path) -> None:
    """The finding's patch applies, re-checks clean, has right headers, and holds the text that is expected."""
    result = bench.fix(case)

    assert result.patch is not None, result.message
    assert result.is_rechecked
    text = applied(result.patch, case, tmp_path)
    assert text == result.patch.files[0].after
    assert not remaining(case, text, bench)
    assert case.expect in text
    assert empty_lines(text) <= empty_lines(case.after)
    assert headers(result.patch.diff_unified) == recomputed_headers(result.patch.diff_unified)


def applied(patch: Patch, case: UnitCase, folder: Path) -> str:
    """Return what `git apply` makes of the case's file; it must be the only one that the patch touches."""
    target = folder / case.file_path
    target.parent.mkdir(parents=True)
    target.write_text(case.before)
    done = subprocess.run(
        ["git", "apply", "-"], cwd=folder, input=patch.diff_unified.encode(), capture_output=True, check=False
    )

    assert done.returncode == 0, done.stderr.decode()
    assert [one.file_path for one in patch.files] == [case.file_path]
    return target.read_text()


def remaining(case: UnitCase, text: str, bench: Bench) -> list[str]:
    """Return what the case's own tool still says of its rule."""
    checkers = ToolCheckers(bench.root, default_recipes(), ToolFinder(may_run_project_tools=True))
    checked = checkers.check(DiskWorkspace(bench.root), {case.file_path: text}, [case.tool], Cancellation())

    assert checked.not_run == ()
    return [one.message for one in checked.findings if one.rule_id == case.rule_id]


def empty_lines(text: str) -> int:
    """Count the lines that hold nothing."""
    return sum(not line.strip() for line in text.split("\n"))


def headers(diff_unified: str) -> list[tuple[int, int, int, int]]:
    """Return the numbers that stand in the hunks' headers."""
    return [
        (int(old), int(old_size or 1), int(new), int(new_size or 1))
        for old, old_size, new, new_size in HEADER.findall(diff_unified)
    ]


def recomputed_headers(diff_unified: str) -> list[tuple[int, int, int, int]]:
    """Return the numbers as they follow from the hunks' lines alone."""
    told, shift = list[tuple[int, int, int, int]](), 0
    for hunk in PatchSet.from_string(diff_unified)[0]:
        old = sum(line.line_type in " -" for line in hunk)
        new = sum(line.line_type in " +" for line in hunk)
        told.append((hunk.source_start, old, hunk.source_start + shift + _moved(old, new), new))
        shift += new - old
    return told


def _moved(old: int, new: int) -> int:
    """An empty side names the line before it."""
    return (not old) - (not new)
