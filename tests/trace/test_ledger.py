"""The coverage ledger: laws over any gaps, and what each event does to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchtrail.contract.coverage import Coverage
from patchtrail.contract.events import Gap, Heartbeat, Pause, Recovered, Resume, SessionEnd
from patchtrail.trace import Mark, check_coverage, coverage_of, coverage_of_events, told_coverage
from tests.integrity.honest import check, honest

END_MS = 100_000
REASONS = st.sampled_from(
    ["restart", "reboot", "suspended", "capture_error", "no_shell_integration", "forgotten", "disk_full", "debugger"]
)


@st.composite
def gaps(draw: st.DrawFn) -> Mark:
    """Draw a gap somewhere around a session."""
    from_ms = draw(st.integers(-1_000, END_MS + 1_000))
    to_ms = from_ms + draw(st.integers(0, 50_000))
    return Mark(max(0, to_ms), Gap(from_ms=from_ms, to_ms=to_ms, reason=draw(REASONS)))


@st.composite
def pauses(draw: st.DrawFn) -> Mark:
    """Draw a pause, a resume, or a restart."""
    reason = draw(st.sampled_from(["participant", "gate", "off_record"]))
    told = draw(
        st.sampled_from(
            [Pause(reason=reason, gate_reasons=[]), Resume(reason=reason), Recovered(torn_bytes=0, lost_events=0)]
        )
    )
    return Mark(draw(st.integers(0, END_MS)), told)


MARKS = st.lists(gaps() | pauses(), max_size=20).map(lambda marks: sorted(marks, key=lambda mark: mark.mono_ms))


def unobserved(coverage: Coverage) -> set[int]:
    """Return the tenths of seconds in which something of everything was missed, counted one by one."""
    return {
        at for gap in coverage.gaps if gap.channel == "all" for at in range(gap.from_ms // 100, -(-gap.to_ms // 100))
    }


@given(MARKS)
def test_time_is_counted_once(marks: list[Mark]) -> None:
    """Observed time and the union of the gaps make up the session, however they lie over each other."""
    rounded = [Mark(mark.mono_ms // 100 * 100, in_tenths(mark.data)) for mark in marks]
    coverage = coverage_of(rounded, END_MS)

    assert coverage.observed_ms + 100 * len(unobserved(coverage)) == END_MS
    assert coverage.observed_milli == coverage.observed_ms * 1000 // END_MS


@given(MARKS)
def test_gaps_lie_inside_the_session_in_order(marks: list[Mark]) -> None:
    """Every gap lies inside the session, they stand in order, and none that says the same touches another."""
    coverage = coverage_of(marks, END_MS)
    said = [(gap.channel, gap.reason, gap.detail, gap.from_ms, gap.to_ms) for gap in coverage.gaps]

    assert all(0 <= gap.from_ms <= gap.to_ms <= END_MS for gap in coverage.gaps)
    assert [gap.from_ms for gap in coverage.gaps] == sorted(gap.from_ms for gap in coverage.gaps)
    assert [one for one in said for other in said if one[:3] == other[:3] and one[4] < other[3] <= one[4]] == []
    assert len(set(said)) == len(said)


@given(MARKS, gaps())
def test_another_gap_never_adds_observed_time(marks: list[Mark], more: Mark) -> None:
    """The more is declared, the less was observed; the order of gaps decides nothing."""
    coverage = coverage_of([*marks, more], END_MS)

    assert coverage.observed_ms <= coverage_of(marks, END_MS).observed_ms
    assert coverage == coverage_of([more, *marks], END_MS)


def in_tenths(data: object) -> object:
    """Return a gap whose ends are whole tenths of seconds."""
    if not isinstance(data, Gap):
        return data
    return data.model_copy(update={"from_ms": data.from_ms // 100 * 100, "to_ms": data.to_ms // 100 * 100})


def paused(reason: str, from_ms: int, to_ms: int) -> list[Mark]:
    """Return a pause from one instant to another."""
    return [Mark(from_ms, Pause(reason=reason, gate_reasons=[])), Mark(to_ms, Resume(reason=reason))]


CASES: dict[str, tuple[list[Mark], list[tuple[str, str, int, int]]]] = {
    "a pause": (paused("participant", 10, 20), [("all", "pause", 10, 20)]),
    "off the record": (paused("off_record", 10, 20), [("all", "off_record", 10, 20)]),
    "the gate": (paused("gate", 10, 20), [("all", "gate", 10, 20)]),
    "a pause to the end": (paused("participant", 10, 20)[:1], [("all", "pause", 10, 100)]),
    "a pause that a restart ends": (
        [*paused("gate", 10, 0)[:1], Mark(40, Recovered(torn_bytes=0, lost_events=0))],
        [("all", "gate", 10, 40)],
    ),
    "a restart": ([Mark(40, Gap(from_ms=10, to_ms=40, reason="restart"))], [("all", "restart", 10, 40)]),
    "a terminal that is not seen from now on": (
        [Mark(40, Gap(from_ms=40, to_ms=40, reason="no_shell_integration"))],
        [("commands", "no_shell_integration", 40, 100)],
    ),
    "too many changes at once": (
        [Mark(40, Gap(from_ms=30, to_ms=40, reason="too_many_changes"))],
        [("edits", "too_many_changes", 30, 40)],
    ),
    "what touches and says the same is one": (
        [
            Mark(20, Gap(from_ms=10, to_ms=20, reason="suspended")),
            Mark(30, Gap(from_ms=20, to_ms=30, reason="suspended")),
        ],
        [("all", "suspended", 10, 30)],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_events_do_to_the_ledger(name: str) -> None:
    """Each declared gap stands in the ledger with its channel, its reason and its time."""
    marks, expected = CASES[name]
    coverage = coverage_of(marks, 100)

    assert [(gap.channel, gap.reason, gap.from_ms, gap.to_ms) for gap in coverage.gaps] == expected


def test_a_ledger_that_its_events_do_not_tell_is_remarked() -> None:
    """The recorder's own ledger is compared with the events: the same is silent, another one is a remark."""
    events = [held.event for held in check(honest(seed=5).evidence).events]
    told = coverage_of_events(events)
    right = events[-1].model_copy(update={"data": SessionEnd(reason="participant", coverage=told)})
    lied = told.model_copy(update={"gaps": [], "observed_ms": 1})
    wrong = events[-1].model_copy(update={"data": SessionEnd(reason="participant", coverage=lied)})

    assert list(check_coverage(events)) == []
    assert list(check_coverage([])) == []
    assert list(check_coverage([*events[:-1], right])) == []
    assert [finding.code for finding in check_coverage([*events[:-1], wrong])] == ["trace.coverage"]


def test_a_ledger_is_told_in_lines() -> None:
    """A person reads the share, and each gap with its channel and reason."""
    marks = [Mark(40_000, Gap(from_ms=0, to_ms=25_000, reason="forgotten", detail="7 events"))]
    summary, lines = told_coverage(coverage_of(marks, END_MS))

    assert summary == "observed 75.0 % of 100 s"
    assert lines == ["0.0 to 25.0 s, all: forgotten (7 events)"]


def test_a_session_without_time_is_whole() -> None:
    """Nothing divides by zero."""
    assert coverage_of([Mark(0, Heartbeat())], 0).observed_milli == 1000
