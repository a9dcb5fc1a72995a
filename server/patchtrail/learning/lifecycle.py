"""The states of a pattern and the arrows between them; each arrow that is taken is kept with the pattern.

```
draft --> shadow --> canary --> active <--> probation --> archived
            |          |                                     ^
            +----------+------------ no effect or harm ------+
any state but archived --> quarantined     a test of its own, or of the regression suite, fails
```
"""

from __future__ import annotations

from pydantic import JsonValue

from patchtrail.contract.errors import StateConflict
from patchtrail.contract.learning import GateDecisionRecord, Pattern, PatternState

__all__ = ["ARROWS", "arrow", "moved"]

ARROWS: dict[PatternState, tuple[PatternState, ...]] = {
    "draft": ("shadow", "quarantined"),
    "shadow": ("canary", "archived", "quarantined"),
    "canary": ("active", "archived", "quarantined"),
    "active": ("probation", "quarantined"),
    "probation": ("active", "archived", "quarantined"),
    "archived": (),
    "quarantined": (),
}
BY_A_PERSON: tuple[PatternState, ...] = ("draft", "archived")
"""Where a person may put a pattern from anywhere: back to the start, or away. Only the gate lets one in."""


def arrow(
    pattern: Pattern, after: PatternState, reason: str, decided_at: str, figures: dict[str, JsonValue] | None = None
) -> GateDecisionRecord:
    """Return the gate's decision to move a pattern."""
    return GateDecisionRecord(
        decided_at=decided_at, before=pattern.state, after=after, reason=reason, figures=figures or {}
    )


def moved(pattern: Pattern, decision: GateDecisionRecord) -> Pattern:
    """Return the pattern in its new state, with the decision added to those before it.

    Raises `StateConflict` where the decision was made for another state, or there is no such arrow.
    """
    if decision.before != pattern.state:
        raise StateConflict(
            f"The pattern {pattern.pattern_id} is {pattern.state}, and this was decided while it was {decision.before}."
        )
    if decision.after not in _open_to(pattern.state, decision.decided_by):
        raise StateConflict(
            f"The pattern {pattern.pattern_id} cannot go from {pattern.state} to {decision.after} "
            f"by decision of the {decision.decided_by}."
        )
    changed: dict[str, object] = {"state": decision.after, "decisions": [*pattern.decisions, decision]}
    if decision.after == "active":
        # It is judged by what it does from now on; what it did before stands in the decision that it left by.
        changed |= {"helpful": 0, "harmful": 0, "retrieved": 0, "uses": {}}
    return pattern.model_copy(update=changed)


def _open_to(state: PatternState, decided_by: str) -> tuple[PatternState, ...]:
    if decided_by == "gate":
        return ARROWS[state]
    return tuple(one for one in BY_A_PERSON if one != state)
