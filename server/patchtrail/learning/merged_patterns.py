"""Two libraries become one, pattern by pattern: what one side changed since both were alike is changed in the other.

A pattern has three parts. Its lesson (texts, rules, fixtures) and its standing (state, approval, decisions) belong
together, because decisions are about a text; they come from one side. Its experience (counts, uses, provenance) is
added up.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from patchtrail.contract.learning import Pattern, Provenance, UseCounts
from patchtrail.contract.wire import MAX_SAFE_INTEGER
from patchtrail.learning.occurrences import instant_of

__all__ = ["Conflict", "MergedPatterns", "merge_patterns"]

LESSON = (
    *("description", "bad_example", "good_example", "test_coverage", "severity"),
    *("scope", "rule_ids", "exceptions", "positive", "negative"),
)
STANDING = ("state", "approved_at", "decisions")
PUT_AWAY = ("archived", "quarantined")


@dataclass(frozen=True)
class Conflict:
    """A pattern that is left as it is, and why; only a person can say which side is right."""

    name: str
    reason: str


@dataclass(frozen=True)
class MergedPatterns:
    """The receiving library afterwards, and what both sides have in common from now on."""

    patterns: tuple[Pattern, ...]
    base: tuple[Pattern, ...]
    changed: tuple[str, ...]
    conflicts: tuple[Conflict, ...]


def merge_patterns(
    into: Sequence[Pattern], given: Sequence[Pattern], base: Iterable[Pattern] = (), take: Collection[str] = ()
) -> MergedPatterns:
    """Take one library's changes since `base` into another; of the names in `take`, lesson and standing as given.

    What is put away where it is received stays so, an approved text gives way to an approved one alone, and no pattern
    is ever removed.
    """
    merged = {one.name: one for one in into}
    common = {one.name: one for one in base}
    conflicts = list[Conflict]()
    changed = list[str]()
    for theirs in given:
        mine = merged.get(theirs.name)
        found = (
            _fresh(theirs, merged.values())
            if mine is None
            else _merged(mine, theirs, common.get(theirs.name), is_taken=theirs.name in take)
        )
        if isinstance(found, Conflict):
            conflicts.append(found)
            continue
        common[theirs.name] = theirs
        if found != mine:
            merged[theirs.name] = found
            changed.append(theirs.name)
    return MergedPatterns(tuple(merged.values()), tuple(common.values()), tuple(changed), tuple(conflicts))


def _fresh(pattern: Pattern, others: Iterable[Pattern]) -> Pattern:
    """Return a new pattern, under another id where its own is taken."""
    ids = {one.pattern_id for one in others}
    tries = itertools.chain([pattern.pattern_id], (f"{pattern.pattern_id}-{n}" for n in itertools.count(2)))
    return pattern.model_copy(update={"pattern_id": next(one for one in tries if one not in ids)})


def _merged(mine: Pattern, theirs: Pattern, base: Pattern | None, *, is_taken: bool) -> Pattern | Conflict:
    if is_taken:
        decided: Pattern | Conflict = _with(mine, theirs, (*LESSON, *STANDING))
    elif _part(mine, LESSON) == _part(theirs, LESSON):
        decided = _standing_merged(mine, theirs)
    else:
        decided = _lesson_merged(mine, theirs, base)
    if isinstance(decided, Conflict):
        return decided
    return decided.model_copy(update={**_occurred(mine, theirs, base), **_used(decided, mine, theirs, base)})


def _lesson_merged(mine: Pattern, theirs: Pattern, base: Pattern | None) -> Pattern | Conflict:
    """Return the pattern with the text of whoever changed it."""
    if base is not None and _part(theirs, LESSON) == _part(base, LESSON):
        return mine
    if base is None or _part(mine, LESSON) != _part(base, LESSON):
        return Conflict(mine.name, "its text differs on both sides")
    if _stays_away(mine, theirs):
        return Conflict(mine.name, f"it is {mine.state}, and stays so")
    if mine.approved_at and not theirs.approved_at:
        return Conflict(mine.name, "it was approved, and the changed text was not")
    return _with(mine, theirs, (*LESSON, *STANDING))


def _standing_merged(mine: Pattern, theirs: Pattern) -> Pattern | Conflict:
    """Return the pattern with the longer of two histories, one of which begins like the other."""
    shared = min(len(mine.decisions), len(theirs.decisions))
    is_one_history = mine.decisions[:shared] == theirs.decisions[:shared]
    approved = {"approved_at": mine.approved_at or theirs.approved_at}
    if is_one_history and len(theirs.decisions) == shared:
        return mine.model_copy(update=approved)
    if _stays_away(mine, theirs):
        return Conflict(mine.name, f"it is {mine.state}, and stays so")
    if is_one_history or theirs.state in PUT_AWAY:
        return _with(mine, theirs, STANDING).model_copy(update=approved)
    return Conflict(mine.name, f"it is {mine.state} by other decisions than those that made it {theirs.state}")


def _stays_away(mine: Pattern, theirs: Pattern) -> bool:
    return mine.state in PUT_AWAY and theirs.state not in PUT_AWAY


def _occurred(mine: Pattern, theirs: Pattern, base: Pattern | None) -> Mapping[str, object]:
    """Return how often and when it happened, how well it went, and what taught it."""
    counts = [mine.occurrence_frequency, theirs.occurrence_frequency]
    is_mine_older = base is not None and mine.effectiveness_score == base.effectiveness_score
    newer = theirs if is_mine_older else mine
    return {
        "occurrence_frequency": _added_up(counts, None if base is None else base.occurrence_frequency),
        "last_occurrence": max(mine.last_occurrence, theirs.last_occurrence, key=_moment),
        "effectiveness_score": newer.effectiveness_score,
        "provenance": Provenance(
            traces=_union(mine.provenance.traces, theirs.provenance.traces),
            attempts=_union(mine.provenance.attempts, theirs.provenance.attempts),
            source=mine.provenance.source or theirs.provenance.source,
        ),
    }


def _used(decided: Pattern, mine: Pattern, theirs: Pattern, base: Pattern | None) -> Mapping[str, object]:
    """Return the uses since the pattern became active: of each working copy what it told last, and those of nobody."""
    sides = [one for one in (mine, theirs) if _entries(one) == _entries(decided)]
    uses = dict[str, UseCounts]()
    for copy_id, told in (item for one in sides for item in one.uses.items()):
        if copy_id not in uses or _known(told) > _known(uses[copy_id]):
            uses[copy_id] = told
    is_known = base is not None and _entries(base) == _entries(decided)
    totals = {
        name: min(
            MAX_SAFE_INTEGER,
            _added_up([_of_nobody(one, name) for one in sides], _of_nobody(base, name) if base and is_known else None)
            + sum(getattr(one, name) for one in uses.values()),
        )
        for name in UseCounts.model_fields
    }
    return {**totals, "uses": uses, "last_used": max(mine.last_used, theirs.last_used, key=_moment)}


def _known(told: UseCounts) -> tuple[int, int, int]:
    """Order what one copy told at two times: uses grow in number, get outcomes, and what was accepted may be undone."""
    return told.retrieved, told.helpful + told.harmful, told.harmful


def _entries(pattern: Pattern) -> int:
    """Return how often a pattern became active: its uses are counted anew each time."""
    return sum(one.after == "active" for one in pattern.decisions)


def _of_nobody(pattern: Pattern, name: str) -> int:
    """Return what was counted without saying in which working copy."""
    return max(0, int(getattr(pattern, name)) - sum(int(getattr(one, name)) for one in pattern.uses.values()))


def _added_up(counts: Sequence[int], base: int | None) -> int:
    """Return a count with what each side added since both had `base`; the highest where nobody knows that."""
    return max(counts) if base is None else min(MAX_SAFE_INTEGER, max(0, base + sum(count - base for count in counts)))


def _moment(time: str | None) -> float:
    instant = instant_of(time)
    return float("-inf") if instant is None else instant.timestamp()


def _union(one: Iterable[str], other: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([*one, *other]))


def _part(pattern: Pattern, fields: Sequence[str]) -> list[object]:
    return [getattr(pattern, name) for name in fields]


def _with(mine: Pattern, theirs: Pattern, fields: Sequence[str]) -> Pattern:
    return mine.model_copy(update={name: getattr(theirs, name) for name in fields})
