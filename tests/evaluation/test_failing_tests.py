"""Failing tests: kept where the real run fails on the broken module and passes on the correct one."""

from __future__ import annotations

import sys
from pathlib import Path

from patchtrail.evaluation.failing_tests import failing_test_cases, outcomes_of_tests
from patchtrail.evaluation.logic_mutations import pure_functions
from patchtrail.evaluation.source import Source
from patchtrail.qa import PytestRunner
from patchtrail.sandbox.bubblewrap import Bubblewrap

CODE = '''"""Numbers."""

import os
import math

LIMIT = 10


def clamp(number: int, low: int) -> int:
    """Return the number, or what it may be at least or at most."""
    if number < low:
        return low
    return min(number, LIMIT)


def is_even(number: int) -> bool:
    """Return whether a number is even."""
    return number % 2 == 0


def removed(path: str) -> int:
    """Touch the disk."""
    os.unlink(path)
    return 0


def shouted(text: str) -> str:
    """Print."""
    print(text)
    return text
'''


def test_a_test_fails_until_the_module_is_right() -> None:
    """The generated test fails on the broken module, with its assertion, and passes on the correct one."""
    runner = PytestRunner(Bubblewrap(), python=Path(sys.executable))

    (case, *more) = failing_test_cases([Source("numbers_/ranges.py", CODE)], 2, 5, runner)

    finding = case.planted[0].finding
    assert len(more) == 1
    assert finding.is_test
    assert "assert" in finding.message
    assert (case.planted[0].mended, case.after) == (CODE, CODE)
    assert outcomes_of_tests([case], {case.file_path: "1 +"}, runner)[case.case_id] is not None


def test_only_pure_functions_are_called() -> None:
    """A function that names anything outside of itself that could act is never called."""
    names = [one.node.name for one in pure_functions(Source("ranges.py", CODE))]

    assert names == ["clamp", "is_even"]
