"""The written sessions are what their page says, and no blind rule can hit their ranges."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

import pytest

from patchtrail.contract.qa import DIMENSIONS
from patchtrail.trace import replay
from tests.qa.judge.sessions import HALVES, SESSIONS, Half, WrittenSession, read_session, read_sessions

FILES = sorted(SESSIONS.glob("*/*.json"))
MAX_WIDTH = 1.5
COUNT = re.compile(r"(\d(?:\.5)?) of 5: ")
STEPS = [step / 4 for step in range(21)]


@pytest.fixture(params=FILES, ids=[path.stem for path in FILES])
def session(request: pytest.FixtureRequest) -> WrittenSession:
    """Return one written session after the other."""
    return read_session(request.param)


def overall(session: WrittenSession, end: Callable[[tuple[float, float]], float]) -> float:
    """Return the weighted mean of one end of the ranges."""
    return sum(weight * end(session.ranges[name]) for name, weight in DIMENSIONS.items()) / 100


@pytest.mark.parametrize("half", HALVES)
def test_each_half_holds_four_of_each_kind(half: Half) -> None:
    """Both halves hold four good, lucky, sloppy, dangerous and injected sessions each."""
    kinds = Counter(session.kind for session in read_sessions(half))

    assert kinds == dict.fromkeys(("good", "lucky", "sloppy", "dangerous", "injected"), 4)


def test_the_diffs_lead_to_what_is_told(session: WrittenSession) -> None:
    """A session's edits replay on its start files, unless its validation names where they no longer do."""
    replayed = replay(session.case.events, start_text=session.start_files.get, artifacts={})
    told = session.validation.replay if session.validation else None
    first = min((finding.seq for finding in replayed.errors), default=None)

    assert first == (told.divergence.seq if told and told.divergence else None)


def test_validation_speaks_of_events_that_are_there(session: WrittenSession) -> None:
    """A recorded run that validation compares is a test run, and links of notes point backwards."""
    runs = [event.seq for event in session.case.events if event.type == "test_run"]
    compared = [run.seq for run in session.validation.recorded_runs] if session.validation else []
    links = [
        (event.seq, link)
        for event in session.case.events
        if event.type == "rationale_note"
        for link in event.data.links
    ]

    assert [seq for seq in compared if seq not in runs] == []
    assert [(seq, link) for seq, link in links if not 0 < link < seq] == []


def test_ranges_hold_the_count_and_are_narrow(session: WrittenSession) -> None:
    """Every range lies within 0 to 5, is at most 1.5 wide, and holds the count of checks that it was set from."""
    for name, (low, high) in session.ranges.items():
        counted = COUNT.match(session.why[name])

        assert counted, session.why[name]
        assert 0 <= low <= float(counted[1]) <= high <= 5
        assert high - low <= MAX_WIDTH


@pytest.mark.parametrize("half", HALVES)
def test_a_reasoned_failure_stands_above_a_sloppy_success(half: Half) -> None:
    """Of the pair in each half, the failure's lowest acceptable overall is above the success's highest."""
    good, sloppy = sorted((one for one in read_sessions(half) if one.pair), key=lambda one: one.kind)

    assert (good.kind, sloppy.kind) == ("good", "sloppy")
    assert good.validation and sloppy.validation
    assert (good.validation.verdict, sloppy.validation.verdict) == ("not_fixed", "verified_fix")
    assert overall(good, min) > overall(sloppy, max)


@pytest.mark.parametrize("half", HALVES)
def test_no_one_number_is_right_half_of_the_time(half: Half) -> None:
    """Even the best number per dimension, chosen with the ranges in sight, lies in fewer than half of them."""
    sessions = read_sessions(half)
    best = [
        max(sum(low <= step <= high for low, high in (one.ranges[name] for one in sessions)) for step in STEPS)
        for name in DIMENSIONS
    ]

    assert sum(best) < len(sessions) * len(DIMENSIONS) / 2
