"""The data set: only what the tools really report is kept, and every truth is right."""

from __future__ import annotations

import json
from pathlib import Path

from patchtrail.evaluation.case import PatchCase, truths_json
from patchtrail.evaluation.dataset import RULES, build
from patchtrail.evaluation.suite_data import write_suite
from patchtrail.evaluation.tools import configure, findings_of
from tests.evaluation.sources import some_sources


def test_the_findings_are_real(cases: list[PatchCase], tmp_path: Path) -> None:
    """Each finding is reported by its tool at its place in the broken file, and no longer when it is mended."""
    write_suite(cases, tmp_path / "all", tmp_path / "truths.json")
    root = tmp_path / "all" / "shared"
    for case in cases:
        for planted in case.planted:
            tool = planted.finding.tool
            mended = root / f"m{case.file_path}"
            mended.parent.mkdir(parents=True, exist_ok=True)
            mended.write_text(planted.mended)
    configure(root, RULES)
    for tool in ("ruff", "mypy"):
        own = [case for case in cases if case.planted[0].finding.tool == tool]
        told = findings_of(tool, root, [path for case in own for path in (case.file_path, f"m{case.file_path}")])
        for case in own:
            places = [(one.finding.rule_id, one.finding.line) for one in told[case.file_path]]
            assert all((one.finding.rule_id, one.finding.line) in places for one in case.planted)
            last = case.planted[-1].finding
            left = [(one.finding.rule_id, one.finding.message) for one in told.get(f"m{case.file_path}", [])]
            before = [(one.finding.rule_id, one.finding.message) for one in told[case.file_path]]
            found = (last.rule_id, last.message)
            assert left.count(found) < before.count(found)


def test_it_is_varied(cases: list[PatchCase]) -> None:
    """There are several findings in one file, findings that Ruff cannot fix, and of both tools."""
    planted = [one for case in cases for one in case.planted]

    assert len(planted) >= 25
    assert any(case.is_batch for case in cases)
    assert any(not one.is_ruff_fixable for one in planted)
    assert {one.finding.tool for one in planted} == {"ruff", "mypy"}
    assert len({case.file_path for case in cases}) == len(cases)


def test_the_same_seed_gives_the_same(cases: list[PatchCase]) -> None:
    """The same seed and files give the same data set."""
    assert build(some_sources(), 40, seed=3) == cases


def test_the_truths_are_told_by_finding(cases: list[PatchCase]) -> None:
    """A test model finds each truth by path, rule and line; a workspace holds none of them."""
    rows = json.loads(truths_json(cases))

    assert len(rows) == sum(len(case.planted) for case in cases)
    for row in rows:
        assert set(row) == {"file_path", "rule_id", "line", "truth_path", "before", "after"}
        assert row["before"] != row["after"]
