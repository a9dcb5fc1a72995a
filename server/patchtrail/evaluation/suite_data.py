"""The data of the suite of patches, whole: findings of tools and failing tests, written out as workspaces."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from patchtrail.contract.errors import InvalidInput
from patchtrail.evaluation.case import PatchCase, truths_json, written
from patchtrail.evaluation.dataset import build, rules_of
from patchtrail.evaluation.failing_tests import failing_test_cases
from patchtrail.evaluation.packages import installed_sources, standalone_sources
from patchtrail.evaluation.tools import configure
from patchtrail.patching.ports import TestRunner

__all__ = ["TEST_SHARE", "suite_cases", "write_suite"]

NEEDED = ("mypy", "pytest", "ruff")
TEST_SHARE = 0.05
"""The share of failing tests among all findings."""
SURPLUS = 1.15
"""More than was asked for, because some classes run out of fitting files."""


def suite_cases(findings: int, seed: int, runner: TestRunner) -> list[PatchCase]:
    """Return cases with about `findings` findings, rather more, in the packages installed here.

    Raises `InvalidInput` where a tool is missing or tests cannot be run.
    """
    absent = [one for one in NEEDED if find_spec(one) is None]
    if absent:
        raise InvalidInput(f"The evaluation needs {', '.join(absent)} beside this Python: install it there.")
    tests = failing_test_cases(standalone_sources(seed), max(1, round(findings * TEST_SHARE)), seed, runner)
    return [*build(installed_sources(seed), round(findings * SURPLUS * (1 - TEST_SHARE)), seed), *tests]


def write_suite(cases: Sequence[PatchCase], root: Path, truths: Path) -> None:
    """Write the workspaces below `root`, and into `truths`, elsewhere, what a prepared model answers from."""
    written(cases, root)
    for workspace in {case.workspace for case in cases}:
        configure(root / workspace, rules_of(cases))
    truths.write_text(truths_json(cases), encoding="utf-8")
