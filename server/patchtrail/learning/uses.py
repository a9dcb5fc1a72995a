"""What became of patches whose prompts showed a pattern: each use counts once, as helpful, as harmful, or as neither.

A use is one finding or batch that was asked about with the pattern, however many tries it took. Outcomes are kept by
working copy and counted from all of them, so that the same attempts may be read again, and learn a later outcome.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

from pydantic import Field, ValidationError

from patchtrail.contract.attempt import AttemptRecord
from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.learning import Pattern, Timestamp, UseCounts
from patchtrail.contract.wire import MAX_SAFE_INTEGER, WireModel
from patchtrail.learning.occurrences import instant_of

__all__ = ["CameOf", "PatternUse", "UseLog", "counted", "last_heard", "logged", "read_uses", "use_count", "uses_of"]

CameOf = Literal["nothing", "broken", "accepted", "rejected", "undone"]
HELPFUL: tuple[CameOf, ...] = ("accepted",)
HARMFUL: tuple[CameOf, ...] = ("broken", "rejected", "undone")
SPOKEN: tuple[CameOf, ...] = ("accepted", "rejected", "undone")
"""What a person said, the last word last: who undoes a patch accepted it before."""
UNANSWERED = {"cancelled", "model_unavailable", "timeout", "spending_cap"}
BREAKS = {"syntax_error", "new_findings", "tests_failed"}


class PatternUse(WireModel):
    """One use: which patterns the prompt showed, when that was, and what came of it.

    `accepted` is helpful: a person took the patch. Harmful is `rejected` or `undone`, by a person's word, and `broken`:
    no patch could be offered, and the last answer made something worse than it was. `nothing` is neither: a patch was
    offered and nobody has said what they think of it, or no answer did any good or harm. A finding that only remains
    is no harm: nobody knows whether it would have gone without the pattern.
    """

    group_id: str
    pattern_ids: list[str]
    used_at: Timestamp
    came_of: CameOf


class UseLog(WireModel):
    """The uses that one working copy knows of; `copy_id` is drawn once, and says nothing of whose it is."""

    version: Literal[1] = 1
    copy_id: str = Field(min_length=1)
    uses: list[PatternUse] = Field(default=[])


def uses_of(attempts: Iterable[AttemptRecord]) -> Iterator[PatternUse]:
    """Yield the uses that attempts tell of; a request that no model answered is none."""
    groups = defaultdict[str, list[AttemptRecord]](list)
    for one in attempts:
        if one.pattern_ids and one.failure_mode not in UNANSWERED:
            groups[one.group_id or one.attempt_id].append(one)
    for group_id, tries in groups.items():
        tries.sort(key=lambda one: one.retry_attempt)
        shown = dict.fromkeys(name for one in tries for name in one.pattern_ids)
        yield PatternUse(
            group_id=group_id, pattern_ids=list(shown), used_at=tries[0].timestamp, came_of=_came_of(tries)
        )


def read_uses(content: bytes) -> UseLog:
    """Return a log as it was written; raises `InvalidInput` naming the place."""
    try:
        return UseLog.model_validate_json(content)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, fault["loc"])) or "the top"
        raise InvalidInput(f"This is no log of uses: {fault['msg']} at {where}.", code="bad_uses") from error


def logged(log: UseLog, uses: Iterable[PatternUse]) -> UseLog:
    """Return the log with uses that are new to it, and with what is newly known of the others.

    A person's word stays where an older copy of the same attempts does not know of it yet.
    """
    known = {one.group_id: one for one in log.uses}
    for one in uses:
        before = known.get(one.group_id)
        if before is None or _rank(one.came_of) >= _rank(before.came_of):
            known[one.group_id] = one
    return log.model_copy(update={"uses": list(known.values())})


def counted(pattern: Pattern, log: UseLog) -> Pattern:
    """Return a pattern with one working copy's uses since it became active, in place of what that copy told before."""
    since = _active_since(pattern)
    used = [(one, at) for one in log.uses if pattern.pattern_id in one.pattern_ids and (at := instant_of(one.used_at))]
    mine = _counts(one for one, at in used if since is None or at >= since)
    if not used:
        return pattern
    held = {**pattern.uses, log.copy_id: mine}
    last = max(at for at in (instant_of(pattern.last_used), *(at for _, at in used)) if at is not None)
    return pattern.model_copy(update={**_totals(pattern, held), "uses": held, "last_used": _published(last)})


def use_count(pattern: Pattern) -> int:
    """Return how often a pattern was used; whoever counts by hand may leave `retrieved` out."""
    return max(pattern.retrieved, pattern.helpful + pattern.harmful)


def last_heard(pattern: Pattern) -> datetime | None:
    """Return when a pattern was used, approved or decided on, or occurred, last; None where nothing tells a time."""
    told = [pattern.last_used, pattern.last_occurrence, pattern.approved_at]
    told += [one.decided_at for one in pattern.decisions]
    return max((time for one in told if (time := instant_of(one)) is not None), default=None)


def _came_of(tries: Sequence[AttemptRecord]) -> CameOf:
    statuses = {one.status for one in tries}
    spoken = [word for word in SPOKEN if word in statuses]
    if spoken:
        return spoken[-1]
    modes = {error.partition(":")[0] for error in tries[-1].validation_errors}
    return "broken" if "offered" not in statuses and modes & BREAKS else "nothing"


def _rank(came_of: CameOf) -> int:
    return SPOKEN.index(came_of) + 1 if came_of in SPOKEN else 0


def _active_since(pattern: Pattern) -> datetime | None:
    """Return when a pattern was let in last; None where nothing tells, and every use counts."""
    entries = [instant_of(one.decided_at) for one in pattern.decisions if one.after == "active"]
    return entries[-1] if entries else None


def _counts(uses: Iterable[PatternUse]) -> UseCounts:
    words = [one.came_of for one in uses]
    return UseCounts(
        retrieved=len(words),
        helpful=sum(one in HELPFUL for one in words),
        harmful=sum(one in HARMFUL for one in words),
    )


def _totals(pattern: Pattern, held: Mapping[str, UseCounts]) -> dict[str, int]:
    """Return the sums of all copies; what was counted before anybody kept apart who did stays in them."""

    def total(name: str) -> int:
        before, after = (sum(getattr(one, name) for one in uses.values()) for uses in (pattern.uses, held))
        return min(MAX_SAFE_INTEGER, int(max(0, getattr(pattern, name) - before) + after))

    return {name: total(name) for name in UseCounts.model_fields}


def _published(instant: datetime) -> Timestamp:
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat()
