"""Intervals, the table, and the defects of answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchtrail.evaluation.answer_diff import diff_in
from patchtrail.evaluation.arms import ANSWER_ARMS, strictly_applied
from patchtrail.evaluation.damage import damage_of
from patchtrail.evaluation.table import table
from patchtrail.learning.wilson import Proportion

FILE = "".join(f"line {number}\n" for number in range(1, 21))
GOOD = "--- a/a.py\n+++ b/a.py\n@@ -4,3 +4,3 @@\n line 4\n-line 5\n+line five\n line 6\n"
RIGHT = FILE.replace("line 5\n", "line five\n")


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605)],
)
def test_wilson(hits: int, of: int, low: float, high: float) -> None:
    """The interval is Wilson's, without continuity correction."""
    assert Proportion(hits, of).interval == pytest.approx((low, high), abs=5e-5)


@given(st.integers(0, 500), st.integers(0, 500))
def test_an_interval_holds_its_share(hits: int, misses: int) -> None:
    """The share lies in its interval, and the interval between nothing and everything."""
    one = Proportion(hits, hits + misses)
    low, high = one.interval

    assert 0 <= low <= one.share + 1e-12
    assert one.share - 1e-12 <= high <= 1


def test_the_table_is_aligned() -> None:
    """Columns are aligned, and what nobody measured shows a dash."""
    printed = table("Title", ["a", "b"], {"imports": {"a": Proportion(1, 2)}, "all": {"b": Proportion(3, 3)}})

    assert printed.splitlines() == [
        "Title",
        "           n             a               b",
        "  imports  2   50.0 [9-91]               -",
        "  all      3             -  100.0 [44-100]",
    ]


@pytest.mark.parametrize(
    ("answer", "defects"),
    [
        (GOOD, set()),
        (GOOD.replace("-4,3 +4,3", "-4,7 +4,3"), {"wrong counts in @@"}),
        (GOOD.replace("-4,3 +4,3", "-2,3 +4,3"), {"wrong start line"}),
        (GOOD.replace("@@ -4,3 +4,3 @@", "@@ at the end @@"), {"header without numbers"}),
        (GOOD.replace("line 6", "line 7"), {"lines exist but are not contiguous"}),
        (GOOD.replace(" line 6", " line six"), {"context line that is not in the file"}),
        (GOOD.replace("-line 5", "-line V"), {"removed line that is not in the file"}),
        (GOOD.replace("+line five", "+line 5"), {"no-op hunk"}),
        (GOOD.replace("--- a/a.py", "--- a.py"), {"mangled or missing file lines"}),
        (f"```diff\n{GOOD}", {"cut off before the end"}),
    ],
)
def test_damage_is_counted(answer: str, defects: set[str]) -> None:
    """Each defect of real answers is told from the answer and the file alone."""
    assert damage_of(answer, {"a.py": FILE}.get, "a.py").defects == defects


def test_an_answer_without_a_diff_has_no_defects_of_one() -> None:
    """An answer in another form is not counted among the diffs."""
    assert not damage_of("a.py\n```python\nx = 1\n```\n", {"a.py": FILE}.get, "a.py").is_diff
    assert diff_in("nothing") is None


@pytest.mark.parametrize("arm", ANSWER_ARMS)
def test_every_arm_takes_a_good_answer(arm: str) -> None:
    """A well-formed diff, in prose and a fence, is applied by every arm."""
    answer = f"Here it is:\n\n```diff\n{GOOD}```\nDone.\n"

    assert ANSWER_ARMS[arm](answer, {"a.py": FILE}.get, "a.py") == {"a.py": RIGHT}


@pytest.mark.parametrize("arm", ANSWER_ARMS)
def test_every_arm_refuses_what_does_not_fit(arm: str) -> None:
    """A diff of lines that are not there is refused by every arm, and so is an answer without one."""
    wrong = GOOD.replace("line 5", "no such line").replace(" line 6", " nor this")

    assert ANSWER_ARMS[arm](wrong, {"a.py": FILE}.get, "a.py") is None
    assert ANSWER_ARMS[arm]("I cannot help.", {"a.py": FILE}.get, "a.py") is None


def test_the_baseline_takes_blocks_that_occur_once() -> None:
    """Search blocks are applied where they occur exactly once, and nothing is guessed."""
    block = "a.py\n<<<<<<< SEARCH\n{}\n=======\nline five\n>>>>>>> REPLACE\n"

    assert strictly_applied(block.format("line 5"), {"a.py": FILE}.get, "a.py") == {"a.py": RIGHT}
    assert strictly_applied(block.format("line 55"), {"a.py": FILE}.get, "a.py") is None
    assert strictly_applied(block.format("line 1"), {"a.py": FILE + "line 1\n"}.get, "a.py") is None
