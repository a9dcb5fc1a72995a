"""Validations: how many traces a minute are replayed and tested in the sandbox, on all cores of this machine."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from patchtrail.llm import Cancellation
from patchtrail.qa.case import Case
from patchtrail.qa.suites import RepositorySuites
from patchtrail.qa.validation import Validator
from tests.bench.table import Goal, Row, Section
from tests.qa.session_files import Recorded
from tests.sandbox.walls import usable

__all__ = ["measure"]

PUBLISHED = Goal(must="~10 published")
ROUNDS = 3
SOURCE = "def add(a, b):\n    return a - b\n"
TESTS = (
    "from calc import add\n\n\ndef test_zero():\n    assert add(1, 0) == 1\n\n\n"
    "def test_one():\n    assert add(1, 1) == 2\n\n\ndef test_none():\n    assert add(0, 0) == 0\n"
)
RED = {"tests/test_calc.py::test_zero": "passed", "tests/test_calc.py::test_one": "failed"}
GREEN = dict.fromkeys(RED, "passed")


def measure(folder: Path) -> Iterator[Section]:
    """Yield the time of one validation, and how many are done a minute when every core has one."""
    validator, workers = Validator(RepositorySuites(usable(), folder / "cache")), os.cpu_count() or 1
    case = _case()
    _validate(validator, case)
    alone, together = list[float](), list[float]()
    for _ in range(ROUNDS):
        alone.append(_validate(validator, case))
        together.append(_per_minute(validator, case, workers))
    rows = [
        Row("one validation by itself", "s", alone),
        Row(f"{workers} at once", "per minute", together, goal=PUBLISHED, is_rate=True),
    ]
    note = (
        "A trace with one edit and two recorded runs on a project of 3 tests, whose environment is there already: "
        "3 runs at the start, 3 at the end, 2 re-runs, 1 for coverage."
    )
    yield Section("Validation of a trace in the sandbox", rows, [note])


def _case() -> Case:
    session = Recorded({"calc.py": SOURCE, "tests/test_calc.py": TESTS})
    session.run(RED)
    session.save("calc.py", SOURCE.replace("a - b", "a + b"))
    session.run(GREEN)
    return session.case()


def _validate(validator: Validator, case: Case) -> float:
    begun = time.perf_counter()
    result = validator.validate(case, Cancellation())
    spent = time.perf_counter() - begun
    assert result.verdict == "verified_fix", "only a validation that comes to its verdict counts"
    return spent


def _per_minute(validator: Validator, case: Case, workers: int) -> float:
    count = 2 * workers
    begun = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(lambda _: _validate(validator, case), range(count)))
    return 60 * count / (time.perf_counter() - begun)
