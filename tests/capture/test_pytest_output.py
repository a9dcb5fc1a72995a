"""What a run's output tells, on texts that pytest printed."""

from __future__ import annotations

import pytest

from patchtrail.capture.pytest_output import read_output

LONG = """\
============================= test session starts ==============================
collected 9 items

test_a.py FF.ExXsuuF.                                                   [100%]

==================================== ERRORS ====================================
___________________________ ERROR at setup of test_e ___________________________
E   ValueError: no database
=================================== FAILURES ===================================
________________________________ test_p[x] - y] ________________________________
E       AssertionError: one - [2]

test_a.py:6: AssertionError
----------------------------- Captured stdout call -----------------------------
=== 7 passed in 0.10s ===
FAILED tests/other.py::test_made_up - no
=========================== short test summary info ============================
FAILED test_a.py::test_p[a - b] - AssertionError: one - [2]
FAILED test_a.py::test_p[x] - y] - AssertionError: one - [2]
SUBFAILED[m] (i=0) test_a.py::TestA::test_sub - assert 0 == 1
SUBFAILED[m] (i=2) test_a.py::TestA::test_sub - assert 2 == 1
FAILED test_a.py::TestA::test_sub - contains 2 failed subtests
SUBFAILED(i=1) test_a.py::TestU::test_u - assert 0
ERROR test_a.py::test_e - ValueError: no database
==== 6 failed, 2 passed, 1 skipped, 1 xfailed, 1 xpassed, 1 error in 0.02s =====
"""
QUIET_IN_CI = """\
FF.                                                                      [100%]
=========================== short test summary info ============================
FAILED my - tests/test_a.py::test_p[[1] - [2]] - AssertionError: one - [2]
assert 'a - b' == 'ok'

  - ok
  + a - b
FAILED my - tests/test_a.py::test_q - assert [1] - [2]
ERROR my - tests/test_broken.py - foo::bar
2 failed, 1 passed, 6 deselected, 3 warnings, 1 error in 63.01s (0:01:03)
$ echo done
done
"""
BROKEN_LINES = """\
=========================== short test summary info ============================
FAILED tests/test_a_long_name.py::test_p[a very lo
ng parameter] - assert 0
======== 1 failed, 2 passed,
1 skipped in 0.02s ========
"""
NO_SUMMARY = """\
=================================== FAILURES ===================================
----------------------------- Captured stdout call -----------------------------
=== 7 passed in 0.10s ===
=========================== short test summary info ============================
FAILED test_a.py::test_p - assert 0
"""


def test_a_whole_run() -> None:
    """Totals are those of a JUnit report, and failed ids are exact, whatever tests print or are called."""
    results = read_output(LONG)

    assert results is not None
    assert results.totals.model_dump() == {"tests": 9, "passed": 2, "failed": 4, "errors": 1, "skipped": 2}
    assert [(case.test_id, case.outcome, case.message) for case in results.cases] == [
        ("test_a.py::test_p[a - b]", "failed", "AssertionError: one - [2]"),
        ("test_a.py::test_p[x] - y]", "failed", "AssertionError: one - [2]"),
        ("test_a.py::TestA::test_sub", "failed", "contains 2 failed subtests"),
        ("test_a.py::test_e", "error", "ValueError: no database"),
        ("test_a.py::TestU::test_u", "failed", "assert 0"),
    ]


def test_a_quiet_run() -> None:
    """A quiet run has a bare summary; messages of several lines, and what follows the run, change nothing."""
    results = read_output(QUIET_IN_CI)

    assert results is not None
    assert results.totals.model_dump() == {"tests": 4, "passed": 1, "failed": 2, "errors": 1, "skipped": 0}
    assert [(case.test_id, case.message) for case in results.cases] == [
        ("my - tests/test_a.py::test_p[[1] - [2]]", "AssertionError: one - [2]"),
        ("my - tests/test_a.py::test_q", "assert [1] - [2]"),
        ("my - tests/test_broken.py", "foo::bar"),
    ]


def test_lines_that_a_terminal_broke() -> None:
    """A summary and an id that were broken over two lines are read whole."""
    results = read_output(BROKEN_LINES)

    assert results is not None
    assert (results.totals.failed, results.totals.passed, results.totals.skipped) == (1, 2, 1)
    assert [case.test_id for case in results.cases] == ["tests/test_a_long_name.py::test_p[a very long parameter]"]


@pytest.mark.parametrize(
    ("summary", "counts"),
    [
        ("============================ no tests ran in 0.01s =============================", (0, 0, 0, 0)),
        ("no tests ran in 0.00s", (0, 0, 0, 0)),
        ("22 deselected in 0.01s", (0, 0, 0, 0)),
        ("=== 1 passed, 1 warning in 0.12 seconds ===", (1, 0, 0, 0)),
        ("= 8 failed, 27 passed, 2 errors, 9 rerun in 946671547.80s (10956 days, 20:19:07) =", (27, 8, 2, 0)),
        ("3 passed, 4 subtests passed in 0.12s", (3, 0, 0, 0)),
        ("2 xfailed, 3 xpassed, 1 skipped in 0.12s", (3, 0, 0, 3)),
    ],
)
def test_summaries(summary: str, counts: tuple[int, ...]) -> None:
    """Each form of a summary is read; an expected failure is skipped, an unexpected pass is passed."""
    results = read_output(f"..\n{summary}\n")

    assert results is not None
    assert (results.totals.passed, results.totals.failed, results.totals.errors, results.totals.skipped) == counts


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pytest: command not found",
        "9 tests collected in 0.01s",
        "we have 5 passed in 0.1s today",
        NO_SUMMARY,
        f"{LONG}\n============================= test session starts ==============================\nINTERNALERROR>",
    ],
)
def test_no_summary(text: str) -> None:
    """Without a summary at its end, a run's output tells nothing: what a test printed is not believed."""
    assert read_output(text) is None
