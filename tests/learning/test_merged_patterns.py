"""Two libraries become one: what one side changed arrives at the other, and nothing that a person decided is undone."""

from __future__ import annotations

import pytest

from patchtrail.contract.learning import GateDecisionRecord, Pattern, Provenance, UseCounts
from patchtrail.contract.wire import MAX_SAFE_INTEGER
from patchtrail.learning.merged_patterns import Conflict, merge_patterns
from tests.learning.patterns import pattern_of

AT = "2026-01-02T03:04:05"
BASE = pattern_of("p", description="first", occurrence_frequency=3, last_occurrence=AT)


def decided(pattern: Pattern, *states: str, by: str = "gate") -> Pattern:
    """Take a pattern through states, each by a decision."""
    decisions, before = list(pattern.decisions), pattern.state
    for after in states:
        told = {"decided_at": AT, "before": before, "after": after, "reason": by, "decided_by": by}
        decisions.append(GateDecisionRecord.model_validate(told))
        before = after
    return pattern.model_copy(update={"decisions": decisions, "state": before})


def changed(pattern: Pattern, **fields: object) -> Pattern:
    """Return a pattern with some fields changed."""
    return pattern.model_copy(update=fields)


def merged(mine: Pattern, theirs: Pattern, base: Pattern | None = BASE, **options: object) -> Pattern | Conflict:
    """Merge two libraries of one pattern; return it, or why it is left as it is."""
    found = merge_patterns([mine], [theirs], [] if base is None else [base], **options)
    if found.conflicts:
        assert found.patterns == (mine,)
        assert found.base == (() if base is None else (base,)), "what was not taken in is not known in common"
        return found.conflicts[0]
    assert found.base == (theirs,)
    assert found.changed == (() if found.patterns == (mine,) else (mine.name,))
    return found.patterns[0]


def test_only_what_changed_is_taken() -> None:
    """New patterns are added as they are, the others stay, and an id that is taken is drawn anew."""
    mine = [pattern_of("a"), pattern_of("b")]
    theirs = [decided(pattern_of("c"), "shadow"), changed(pattern_of("d"), pattern_id="a")]
    found = merge_patterns(mine, theirs)

    assert found.changed == ("c", "d")
    assert [(one.name, one.pattern_id, one.state) for one in found.patterns] == [
        ("a", "a", "draft"),
        ("b", "b", "draft"),
        ("c", "c", "shadow"),
        ("d", "a-2", "draft"),
    ]
    assert merge_patterns(found.patterns, found.base, found.base).changed == ()


def test_counts_are_added_since_both_were_alike() -> None:
    """What either side counted since then counts once; with nothing in common the higher count stands."""
    mine = changed(BASE, occurrence_frequency=5, helpful=1, provenance=Provenance(traces=["t1"], source="ci"))
    theirs = changed(BASE, occurrence_frequency=7, last_occurrence="2026-02-01T00:00:00", effectiveness_score=0.7)
    both, unknown = merged(mine, theirs), merged(mine, theirs, None)

    assert isinstance(both, Pattern)
    assert isinstance(unknown, Pattern)
    assert (both.occurrence_frequency, both.helpful, both.last_occurrence) == (9, 1, "2026-02-01T00:00:00")
    assert (both.effectiveness_score, both.provenance.traces, both.provenance.source) == (0.7, ["t1"], "ci")
    assert (unknown.occurrence_frequency, unknown.helpful) == (7, 1)


def test_uses_are_those_of_each_working_copy() -> None:
    """What a copy told last stands, once, beside the other copies' uses; becoming active begins all counts anew."""
    one, more, other = (UseCounts(retrieved=n, helpful=n - 1) for n in (2, 5, 3))
    base = decided(BASE, "shadow", "canary", "active")
    mine = changed(base, uses={"a": more, "b": other}, retrieved=9, helpful=6, last_used=AT)
    theirs = changed(base, uses={"a": one}, retrieved=4, helpful=1)
    for before in (base, None):
        both = merged(mine, theirs, before)
        assert isinstance(both, Pattern)
        assert (both.uses, both.last_used) == ({"a": more, "b": other}, AT)
        assert (both.retrieved, both.helpful) == ((11, 6) if before else (10, 6))

    again = decided(mine, "probation", "active").model_copy(update={"uses": {}, "retrieved": 0, "helpful": 0})
    after = merged(mine, again, base)
    assert isinstance(after, Pattern)
    assert (after.uses, after.retrieved, after.helpful) == ({}, 0, 0)


def test_an_undone_patch_is_not_forgotten() -> None:
    """Of two counts of the same uses by the same copy the one that knows of an undoing stands, on either side."""
    base = decided(BASE, "shadow", "canary", "active")
    accepted, undone = UseCounts(retrieved=2, helpful=2), UseCounts(retrieved=2, helpful=1, harmful=1)
    before, after = (
        changed(base, uses={"a": one}, retrieved=2, helpful=one.helpful, harmful=one.harmful)
        for one in (accepted, undone)
    )
    for both in (merged(before, after, base), merged(after, before, base)):
        assert isinstance(both, Pattern)
        assert (both.uses, both.helpful, both.harmful) == ({"a": undone}, 1, 1)


def test_counts_stay_counts() -> None:
    """However much two sides counted, the merged library can be read."""
    most = UseCounts(retrieved=MAX_SAFE_INTEGER, helpful=MAX_SAFE_INTEGER)
    counts = {**most.model_dump(), "occurrence_frequency": MAX_SAFE_INTEGER}
    both = merged(changed(BASE, uses={"a": most}, **counts), changed(BASE, uses={"b": most}, **counts))

    assert isinstance(both, Pattern)
    assert Pattern.model_validate_json(both.model_dump_json()) == both
    assert (both.helpful, both.occurrence_frequency) == (MAX_SAFE_INTEGER, MAX_SAFE_INTEGER)


def test_there_and_back_counts_once() -> None:
    """After what one side counted went there and what the other counted came back, both hold the same."""
    mine, theirs = changed(BASE, occurrence_frequency=5), changed(BASE, occurrence_frequency=7)
    there = merge_patterns([theirs], [mine], [BASE])
    back = merge_patterns([mine], there.patterns, there.base)

    assert back.patterns == there.patterns
    assert merge_patterns(back.patterns, there.patterns, back.base).changed == ()


def test_a_text_comes_with_its_decisions() -> None:
    """Who changed the text since both were alike is followed; where both did, or nobody knows, a person has to say."""
    mine, theirs = changed(BASE, good_example="mine"), decided(changed(BASE, good_example="theirs"), "shadow")

    assert merged(BASE, theirs) == theirs
    assert merged(mine, BASE) == mine
    for base in (BASE, None):
        assert merged(mine, theirs, base) == Conflict("p", "its text differs on both sides")
        assert merged(mine, theirs, base, take=["p"]) == theirs
        assert merged(mine, theirs, base, take=["other"]) == Conflict("p", "its text differs on both sides")


@pytest.mark.parametrize("base", [BASE, None], ids=["known", "unknown"])
def test_the_longer_history_stands(base: Pattern | None) -> None:
    """Of two histories that begin alike the longer one holds, on whichever side it is."""
    shadow, active = decided(BASE, "shadow"), decided(BASE, "shadow", "canary", "active")

    assert merged(shadow, active, base) == active
    assert merged(active, shadow, base) == active


def test_what_is_put_away_stays_away() -> None:
    """Archived or quarantined where it is received, a pattern stays so whatever the other side decided or wrote."""
    active = decided(BASE, "shadow", "canary", "active")
    for state in ("archived", "quarantined"):
        away = decided(BASE, state, by="person")
        assert merged(away, active) == Conflict("p", f"it is {state}, and stays so")
        assert merged(away, decided(away, "draft", "shadow"), away) == Conflict("p", f"it is {state}, and stays so")
        assert merged(away, changed(active, good_example="new")) == Conflict("p", f"it is {state}, and stays so")
        assert merged(active, away) == away, "and it arrives where it is not"


def test_other_decisions_are_for_a_person() -> None:
    """Two histories that went different ways are not joined."""
    mine, theirs = decided(BASE, "shadow"), decided(BASE, "shadow", by="person")

    assert merged(mine, theirs) == Conflict("p", "it is shadow by other decisions than those that made it shadow")


def test_an_approval_is_not_undone() -> None:
    """What a person approved stays so where the other side has not, and its text gives way to none that waits."""
    approved = changed(BASE, approved_at=AT)
    waiting = changed(BASE, good_example="new")

    assert merged(approved, BASE) == approved
    assert merged(BASE, approved) == approved
    assert merged(approved, waiting) == Conflict("p", "it was approved, and the changed text was not")
