"""The table of verdicts: a test per row, and what holds whatever the facts are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchtrail.qa.verdict import TABLE, Facts, verdict_of

SOUND = Facts(fixed=["t::fixed"])
ROWS: tuple[tuple[Facts, str, str], ...] = (
    (replace(SOUND, no_ground="There is no snapshot."), "not_run", "There is no snapshot."),
    (replace(SOUND, divergence="Event 4 differs."), "not_reproducible", "Event 4 differs."),
    (replace(SOUND, cannot_run="no sandbox: bwrap not found"), "not_run", "no sandbox: bwrap not found"),
    (replace(SOUND, not_as_recorded="a.py is redacted."), "not_reproducible", "a.py is redacted."),
    (replace(SOUND, bent=["It exited early."]), "not_fixed", "A run that was bent proves nothing: It exited early."),
    (replace(SOUND, has_tests=False), "no_tests", "The repository has no tests that could be run."),
    (replace(SOUND, newly_failing=["t::a"]), "regression", "What passed at the start fails at the end: t::a."),
    (replace(SOUND, still_failing=["t::a"]), "not_fixed", "It still fails at the end: t::a."),
    (replace(SOUND, undecided=["t::a"]), "flaky", "Different outcomes on the same files: t::a."),
    (Facts(failed_at_start=["t::a"]), "not_fixed", "No test that failed at the start passes at the end: t::a."),
    (SOUND, "verified_fix", "It failed at the start and passes at the end: t::fixed."),
)
"""Facts in which one row and no row above it holds, in the table's order."""

words = st.sampled_from(["", "It is so."])
tests = st.lists(st.sampled_from(["t::a", "t::b", "t::c", "t::d", "t::e"]), unique=True)
facts = st.builds(
    Facts,
    no_ground=words,
    divergence=words,
    cannot_run=words,
    not_as_recorded=words,
    bent=tests,
    has_tests=st.booleans(),
    newly_failing=tests,
    still_failing=tests,
    undecided=tests,
    fixed=tests,
    failed_at_start=tests,
)
AGAINST = ("no_ground", "divergence", "cannot_run", "not_as_recorded", "bent", "newly_failing", "still_failing")


@pytest.mark.parametrize(("told", "verdict", "reason"), ROWS, ids=[f"{n} {row[1]}" for n, row in enumerate(ROWS)])
def test_rows(told, verdict, reason):
    """Each row of the table decides where no row above it has anything to say."""
    assert verdict_of(told) == (verdict, reason)


def test_every_row_is_tested():
    """The rows above are the table's, in its order."""
    assert [row.verdict for row in TABLE] == [verdict for _, verdict, _ in ROWS]


def test_nothing_failed_and_nothing_was_shown():
    """Where nothing ever failed and no test of the session's own shows the bug there is no fix to verify."""
    assert verdict_of(Facts())[1] == "No test failed at the start, and no test of the session's own shows the bug."


@given(facts)
def test_a_verified_fix_has_nothing_against_it(told):
    """A fix is verified exactly where something is fixed and nothing speaks against it."""
    speaks_against = any(getattr(told, name) for name in (*AGAINST, "undecided")) or not told.has_tests

    assert (verdict_of(told)[0] == "verified_fix") == (bool(told.fixed) and not speaks_against)


@given(facts, st.sampled_from(AGAINST))
def test_worse_facts_never_verify(told, name):
    """Whatever else is known, one fact against a fix keeps it from being verified, and there is always a reason."""
    worse = replace(told, **{name: ["t::z"] if isinstance(getattr(told, name), list) else "It is so."})
    verdict, reason = verdict_of(worse)

    assert verdict != "verified_fix"
    assert reason


@given(facts)
def test_flaky_hides_no_certainty(told):
    """What is certain is said: a flaky test changes no verdict but that of a fix, or of nothing fixed."""
    certain = verdict_of(replace(told, undecided=[]))[0]
    with_flaky = verdict_of(replace(told, undecided=["t::z"]))[0]

    assert with_flaky == certain or (with_flaky == "flaky" and certain in ("verified_fix", "not_fixed"))
