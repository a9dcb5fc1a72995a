"""The gate: what lets a pattern in, and what puts it out again."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchtrail.contract.errors import StateConflict
from patchtrail.contract.learning import Example, GateDecisionRecord, Pattern, PatternState
from patchtrail.contract.wire import MAX_SAFE_INTEGER
from patchtrail.learning import (
    ARROWS,
    Evidence,
    FixtureRun,
    Gate,
    Paired,
    Proportion,
    TrialPlan,
    is_harmful,
    is_held_out,
    moved,
    run_fixtures,
)
from patchtrail.learning.sequential import evidence_above, lower_bound
from tests.learning.patterns import pattern_of

NOW = "2024-01-04T12:00:00"
PASSED = FixtureRun(1, 1)
COUNTS = st.integers(0, 60)


def paired_runs(seed: int, pairs: int, *, mends: float, spoils: float) -> list[tuple[bool, bool]]:
    """Draw outcomes with and without a pattern that mends and spoils such shares of all cases."""
    drawn = random.Random(seed)
    outcomes = list[tuple[bool, bool]]()
    for _ in range(pairs):
        chance = drawn.random()
        is_same = drawn.random() < 0.5
        outcomes.append(
            (True, False) if chance < mends else (False, True) if chance < mends + spoils else (is_same, is_same)
        )
    return outcomes


def lived(pattern: Pattern, outcomes: list[tuple[bool, bool]], gate: Gate) -> Pattern:
    """Let a pattern live through paired cases, the gate asked after each, as its states demand."""
    trial = Paired()
    for is_on_well, is_off_well in outcomes:
        if pattern.state == "active":
            pattern = pattern.model_copy(
                update={
                    "retrieved": pattern.retrieved + 1,
                    "helpful": pattern.helpful + (is_on_well and not is_off_well),
                    "harmful": pattern.harmful + (is_off_well and not is_on_well),
                }
            )
        trial = trial.plus(is_on_well=is_on_well, is_off_well=is_off_well)
        decision = gate.decide(pattern, Evidence(fixtures=PASSED, regressions=(), trial=trial), NOW)
        if decision is not None:
            pattern, trial = moved(pattern, decision), Paired()
    return pattern


def states(pattern: Pattern) -> list[PatternState]:
    """Return the states that a pattern went through, in order."""
    return [one.after for one in pattern.decisions]


def test_the_way_in_is_taken_step_by_step() -> None:
    """A pattern goes from draft through shadow and canary to active, and each arrow is kept with its figures."""
    gate, pattern = Gate(), pattern_of("p")
    evidence = [
        Evidence(sessions=3, fixtures=PASSED),
        Evidence(shadow=Proportion(9, 10)),
        Evidence(fixtures=PASSED, regressions=(), trial=Paired(both=5, only_on=20)),
    ]
    for one in evidence:
        decision = gate.decide(pattern, one, NOW)
        assert decision is not None
        pattern = moved(pattern, decision)

    assert states(pattern) == ["shadow", "canary", "active"]
    assert [one.before for one in pattern.decisions] == ["draft", "shadow", "canary"]
    assert pattern.decisions[2].figures["pairs_only_on"] == 20
    assert pattern.decisions[2].figures["alpha"] == TrialPlan().alpha


@pytest.mark.parametrize(
    "evidence",
    [
        Evidence(sessions=2, fixtures=PASSED),
        Evidence(sessions=9, fixtures=None),
        Evidence(sessions=9, fixtures=FixtureRun(0, 1)),
        Evidence(sessions=9, fixtures=FixtureRun(1, 0)),
        Evidence(sessions=9, fixtures=PASSED, is_approved=False),
    ],
)
def test_a_draft_waits(evidence: Evidence) -> None:
    """A draft stays one without three sessions, both kinds of fixtures, and approval where that is wanted."""
    assert Gate().decide(pattern_of("p"), evidence, NOW) is None


@pytest.mark.parametrize("state", ["draft", "shadow", "canary", "active", "probation"])
def test_failed_tests_quarantine(state: PatternState) -> None:
    """Whatever its state, a pattern whose fixture or regression test fails is quarantined, and the test is named."""
    pattern = pattern_of("p", state=state)
    by_fixture = Gate().decide(pattern, Evidence(fixtures=FixtureRun(1, 1, ("negative: right",))), NOW)
    by_suite = Gate().decide(pattern, Evidence(regressions=("test_totals",)), NOW)

    assert by_fixture is not None
    assert (by_fixture.after, by_fixture.figures) == ("quarantined", {"failed": ["negative: right"]})
    assert by_suite is not None
    assert (by_suite.after, by_suite.figures) == ("quarantined", {"failed": ["test_totals"]})


def test_fixtures_are_run_both_ways() -> None:
    """A fixture run names the positive example that is not helped and the negative one that is touched."""
    pattern = pattern_of(
        "p", positive=[Example(code="a"), Example(code="b")], negative=[Example(code="c"), Example(code="d")]
    )
    run = run_fixtures(pattern, helps=lambda one: one.code == "a", touches=lambda one: one.code == "d")

    assert run == FixtureRun(2, 2, ("positive: b", "negative: d"))


def test_a_shadow_beside_the_mark_is_archived() -> None:
    """A pattern that would mostly be retrieved where it does not belong is archived before it is ever used."""
    pattern = pattern_of("p", state="shadow")
    decided = Gate().decide(pattern, Evidence(shadow=Proportion(2, 20)), NOW)

    assert decided is not None
    assert decided.after == "archived"
    assert Gate().decide(pattern, Evidence(shadow=Proportion(4, 5)), NOW) is None


@pytest.mark.parametrize("fixtures", [None, PASSED])
def test_a_lift_alone_lets_nothing_in(fixtures: FixtureRun | None) -> None:
    """Without a run of its fixtures and of the regression suite, no lift makes a canary active."""
    regressions = () if fixtures is None else None
    evidence = Evidence(fixtures=fixtures, regressions=regressions, trial=Paired(only_on=100))

    assert Gate().decide(pattern_of("p", state="canary"), evidence, NOW) is None


def test_the_budget_is_kept() -> None:
    """A pattern that takes more room than a prompt has is not let in, however much it helps."""
    evidence = Evidence(fixtures=PASSED, regressions=(), trial=Paired(only_on=100), prompt_tokens=601)
    decided = Gate().decide(pattern_of("p", state="canary"), evidence, NOW)

    assert decided is not None
    assert decided.after == "archived"


@pytest.mark.parametrize("test", ["sequential", "mcnemar"])
def test_no_effect_never_becomes_active(test: str) -> None:
    """Of 300 patterns that mend as often as they spoil, or do nothing at all, none becomes active in 400 cases."""
    gate = Gate(TrialPlan(test=test, pairs=400))  # type: ignore[arg-type]  # a parameter is a str
    ended = [
        lived(pattern_of("p", state="canary"), paired_runs(seed, 400, mends=share, spoils=share), gate)
        for seed in range(100)
        for share in (0.0, 0.04, 0.2)
    ]

    assert [one for one in ended if "active" in states(one)] == []
    assert {one.state for one in ended} == {"archived"}


def test_what_helps_becomes_active_and_stays() -> None:
    """A pattern that mends 20 % and spoils 1 % becomes active within 200 pairs, and 2,000 uses do not demote it."""
    ended = [
        lived(pattern_of("p", state="canary"), paired_runs(seed, 2200, mends=0.2, spoils=0.01), Gate())
        for seed in range(20)
    ]

    assert [states(one) for one in ended] == [["active"]] * 20


@pytest.mark.parametrize("mends", [0.0, 0.3])
def test_what_hurts_is_demoted_by_itself(mends: float) -> None:
    """An active pattern that hurts 15 % of a planted set leaves by itself, even if it mends twice as much."""
    ended = [
        lived(pattern_of("p", state="active"), paired_runs(seed, 3000, mends=mends, spoils=0.15), Gate())
        for seed in range(10)
    ]

    assert [states(one)[0] for one in ended] == ["probation"] * 10


def test_what_only_hurts_is_archived() -> None:
    """An active pattern that mends nothing and hurts 15 % is put on probation, fails its re-test, and is archived."""
    for seed in range(20):
        ended = lived(pattern_of("p", state="active"), paired_runs(seed, 600, mends=0.0, spoils=0.15), Gate())

        assert states(ended) == ["probation", "archived"]


def test_unused_for_sixty_days_is_tested_again() -> None:
    """On day 61 without use an active pattern goes on probation; on day 60 it does not."""
    pattern = pattern_of("p", state="active")
    decided = Gate().decide(pattern, Evidence(idle_days=61), NOW)

    assert decided is not None
    assert (decided.after, decided.reason) == ("probation", "unused for 61 days")
    assert Gate().decide(pattern, Evidence(idle_days=60), NOW) is None


def test_a_second_chance_starts_anew() -> None:
    """A pattern that comes back from probation is judged by what it does from then on."""
    pattern = pattern_of("p", state="probation", harmful=90, helpful=3, retrieved=200)
    decided = Gate().decide(pattern, Evidence(fixtures=PASSED, regressions=(), trial=Paired(only_on=30)), NOW)

    assert decided is not None
    again = moved(pattern, decided)
    assert (again.state, again.harmful, again.helpful, again.retrieved) == ("active", 0, 0, 0)
    assert Gate().decide(again, Evidence(), NOW) is None


def test_no_arrow_but_those_drawn() -> None:
    """A decision is refused where there is no such arrow, or where it was made for another state."""
    for before in ARROWS:
        for after in ARROWS:
            decision = GateDecisionRecord(decided_at=NOW, before=before, after=after, reason="because")
            if after not in ARROWS[before]:
                with pytest.raises(StateConflict, match=f"cannot go from {before} to {after}"):
                    moved(pattern_of("p", state=before), decision)
    stale = GateDecisionRecord(decided_at=NOW, before="shadow", after="canary", reason="because")
    with pytest.raises(StateConflict, match="decided while it was shadow"):
        moved(pattern_of("p", state="draft"), stale)


def test_a_person_lets_nothing_in() -> None:
    """A person may put a pattern back to draft or away, but never into use."""
    for after in ARROWS:
        decision = GateDecisionRecord(
            decided_at=NOW, before="quarantined", after=after, reason="because", decided_by="person"
        )
        if after in ("draft", "archived"):
            assert moved(pattern_of("p", state="quarantined"), decision).state == after
        else:
            with pytest.raises(StateConflict, match="by decision of the person"):
                moved(pattern_of("p", state="quarantined"), decision)


def test_looking_often_proves_nothing_false() -> None:
    """Of 400 patterns that spoil just the allowed 10 %, looked at after each of 300 uses, 5 % at most are refused."""
    refused = 0
    for seed in range(400):
        drawn, harmful = random.Random(seed), 0
        for uses in range(1, 301):
            harmful += drawn.random() < 0.10
            if is_harmful(harmful, uses):
                refused += 1
                break

    assert refused <= 20


def test_one_mishap_is_no_proof() -> None:
    """A pattern that spoils its first use is not put out for it."""
    assert not is_harmful(1, 1)
    assert not is_harmful(0, 0)


def test_any_count_is_judged() -> None:
    """Counts of any size are judged, by a part of them where they are very many."""
    assert is_harmful(MAX_SAFE_INTEGER // 2, MAX_SAFE_INTEGER)
    assert not is_harmful(MAX_SAFE_INTEGER // 20, MAX_SAFE_INTEGER)
    assert 0.45 < lower_bound(MAX_SAFE_INTEGER // 2, MAX_SAFE_INTEGER, 0.05) < 0.5


@given(COUNTS, COUNTS)
def test_the_bound_lies_below_the_share(hits: int, misses: int) -> None:
    """The sequential lower bound lies between 0 and the observed share, and rises as alpha does."""
    of = hits + misses
    strict, mild = lower_bound(hits, of, 0.01), lower_bound(hits, of, 0.2)

    assert 0 <= strict <= mild <= (hits / of if of else 0)
    assert evidence_above(0, 0, 0.3) == pytest.approx(1)


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_the_sides_are_alike(both: int, only_on: int, only_off: int, neither: int) -> None:
    """Exchanging with and without turns lift and interval round and leaves the p-value; the interval holds the lift."""
    one, other = Paired(both, only_on, only_off, neither), Paired(both, only_off, only_on, neither)
    low, high = one.lift_interval

    assert one.p_value == pytest.approx(other.p_value)
    assert one.lift == -other.lift
    assert other.lift_interval == pytest.approx((-high, -low))
    assert low <= one.lift + 1e-9
    assert one.lift <= high + 1e-9


@pytest.mark.parametrize(
    ("paired", "p_value"),
    [
        # b = 121, c = 59: (b - c)²/(b + c) = 21.36 without continuity correction.
        (Paired(101, 121, 59, 33), 3.82e-06),
        # Few: twice the chance of at most 2 heads in 10.
        (Paired(0, 8, 2, 0), 0.109375),
        (Paired(5, 0, 0, 5), 1.0),
    ],
)
def test_mcnemar(paired: Paired, p_value: float) -> None:
    """McNemar's p is that of the textbook: chi-squared where many pairs differ, exact where few do."""
    assert paired.p_value == pytest.approx(p_value, rel=2e-3)


def test_the_interval_covers() -> None:
    """Newcombe's interval holds the true lift in about 95 % of 1,000 samples of 60 pairs."""
    covered = 0
    for seed in range(1000):
        paired = Paired()
        for is_on_well, is_off_well in paired_runs(seed, 60, mends=0.25, spoils=0.1):
            paired = paired.plus(is_on_well=is_on_well, is_off_well=is_off_well)
        low, high = paired.lift_interval
        covered += low <= 0.15 <= high

    assert 930 <= covered <= 985


def test_the_hold_out_is_permanent() -> None:
    """About 5 % of names are held out, always the same ones."""
    held = [name for name in (f"case-{number}" for number in range(10_000)) if is_held_out(name)]

    assert 430 <= len(held) <= 570
    assert held[:3] == ["case-47", "case-49", "case-117"]
