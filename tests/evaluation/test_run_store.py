"""Runs are kept under the published names, listed with repeats folded, and compared with what broke first."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from patchtrail.contract.errors import InvalidInput, NotFound
from patchtrail.evaluation.compare import compared, comparison_report, folded
from patchtrail.evaluation.golden import broken_in, frozen, read_golden
from patchtrail.evaluation.history import history_lines, series_of
from patchtrail.evaluation.run_store import RunHead, RunStore, TestResult

HEAD = RunHead("2026-01-02T03:04:05+00:00", "c0ffee", "synthetic", "d1", "our engine", "test-model", "fix/1", 7)


def results(passes: str) -> list[TestResult]:
    """Return a result for each letter: `+` passed, `-` failed."""
    return [
        TestResult(
            f"t{number:03}", "I001" if number % 2 else "F401", one == "+", True, None if one == "+" else "why", 10
        )
        for number, one in enumerate(passes)
    ]


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    """Return an empty one."""
    return RunStore(tmp_path / ".patchtrail" / "evaluation.db")


def test_the_published_columns_hold_the_run(store: RunStore) -> None:
    """`test_runs` and `test_results` have the published columns, with totals that follow from the results."""
    run_id = store.add(HEAD, results("+++-"))

    with sqlite3.connect(store.path) as connection:
        run = connection.execute(
            "SELECT id, timestamp, git_commit, total_tests, passed, failed, pass_rate, avg_tokens, avg_cost_usd"
            " FROM test_runs"
        ).fetchall()
        failed = connection.execute(
            "SELECT run_id, test_name, passed, error_message, tokens_used, latency_ms FROM test_results"
            " WHERE NOT passed"
        ).fetchall()
    connection.close()

    assert run == [(run_id, HEAD.timestamp, "c0ffee", 4, 3, 1, 0.75, 10.0, 0.0)]
    assert failed == [(run_id, "t003", 0, "why", 10, 0)]
    assert store.results(run_id) == results("+++-")
    assert store.run(run_id).head == HEAD
    assert (store.path.parent / ".gitignore").read_text() == "*\n"


def test_what_is_no_run_is_refused(store: RunStore, tmp_path: Path) -> None:
    """A run without results or with a name twice is refused, an unknown number and a foreign file are named."""
    (tmp_path / "other.db").write_text("no database at all, but long enough to be looked at")

    for bad in ([], results("+") * 2):
        with pytest.raises(InvalidInput, match="a name of its own"):
            store.add(HEAD, bad)
    with pytest.raises(NotFound, match="no run 9"):
        store.results(9)
    with pytest.raises(InvalidInput, match=r"other\.db"):
        RunStore(tmp_path / "other.db").add(HEAD, results("+"))


def test_repeats_are_one_row(store: RunStore) -> None:
    """Runs of the same arm, data and commit are one row with their spread; another commit is another row."""
    for passes in ("++--", "+++-"):
        store.add(HEAD, results(passes))
    store.add(replace(HEAD, git_commit="beef"), results("++++"))

    other, repeats = history_lines(series_of(store.runs()))

    assert other.split()[:2] == ["3", "2026-01-02T03:04:05"]
    assert "100.0 [51-100]" in other
    assert "1,2" in repeats
    assert " 62.5 (50.0 to 75.0 in 2 repeats)" in repeats


def test_regressions_come_first() -> None:
    """What broke stands before what was fixed, each by name and with its reason."""
    told = comparison_report(compared([results("++-++")], [results("-++++")])).splitlines()

    assert told[:4] == ["1 regressions", "  - t000: why", "1 fixes", "  + t002"]


def test_a_missing_test_is_a_regression() -> None:
    """A passing test that the new run lacks counts as broken; one that the base lacks is not compared."""
    found = compared([results("+++")], [results("++")])
    other_way = compared([results("++")], [results("+++")])

    assert [one.test_name for one in found.regressions] == ["t002"]
    assert "The new run lacks it." in comparison_report(found)
    assert other_way.paired.pairs == 2
    assert "1 tests that the base lacks are not compared" in comparison_report(other_way)


def test_repeats_vote() -> None:
    """A test passes where it passed in more than half of the repeats; that they disagree is told."""
    repeats = [results("+-+"), results("++-"), results("+--")]
    found = compared([results("+++")], repeats)

    assert {name: one.is_passed for name, one in folded(repeats).items()} == {
        "t000": True,
        "t001": False,
        "t002": False,
    }
    assert [one.test_name for one in found.regressions] == ["t001", "t002"]
    assert "2 tests on which repeats of the new run disagree" in comparison_report(found)
    assert "(1 of 3 repeats)" in comparison_report(found)
    assert "new: 3 repeats, from 33.3 to 66.7 per cent" in comparison_report(found)


def test_the_gate_looks_at_the_lower_bound() -> None:
    """Few pairs say little: a loss that could be chance does not pass, the same share of many equal pairs does."""
    few, many = results("+" * 9 + "-"), results("+" * 900 + "-" * 100)

    assert compared([few], [few]).is_worse_than(0.02)
    assert not compared([many], [many]).is_worse_than(0.02)
    assert compared([many], [results("+" * 860 + "-" * 140)]).is_worse_than(0.02)
    assert compared([many], [results("+" * 860 + "-" * 140)]).paired.p_value < 0.001


def test_nothing_in_common_is_told() -> None:
    """Runs on other data are not compared."""
    other = [replace(one, test_name=f"other {one.test_name}") for one in results("++")]

    with pytest.raises(InvalidInput, match="no test in common"):
        compared([results("++")], [other])


def test_a_golden_set_holds_on_to_what_passed(store: RunStore, tmp_path: Path) -> None:
    """What passed in every repeat is frozen; a later run that fails or lacks one of them breaks it."""
    numbers = [store.add(HEAD, results(passes)) for passes in ("+++-", "+-+-")]
    golden = frozen([store.run(one) for one in numbers], [store.results(one) for one in numbers])
    (tmp_path / "golden.json").write_text(golden.text())

    read = read_golden(tmp_path / "golden.json")

    assert read.tests == ["t000", "t002"]
    assert broken_in(read, folded([results("+++-")])) == []
    assert broken_in(read, folded([results("-+")])) == [("t000", "why"), ("t002", "The run lacks it.")]
    with pytest.raises(InvalidInput, match="nothing to hold on to"):
        frozen([store.run(1)], [results("--")])
