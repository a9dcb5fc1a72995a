"""The gate: from what is known of a pattern to the next arrow of its life, or none.

Pure: it reads no clock and runs nothing. What was run is told to it as values, and what it decided is a record with the
figures that decided. One call takes one step, so each arrow stands by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pydantic import JsonValue

from patchtrail.contract.learning import Example, GateDecisionRecord, Pattern, PatternState
from patchtrail.learning.lifecycle import arrow
from patchtrail.learning.paired import Paired
from patchtrail.learning.sequential import is_shown_above
from patchtrail.learning.trials import HARM_ALPHA, TrialPlan, harm_low, is_harmful
from patchtrail.learning.uses import use_count
from patchtrail.learning.wilson import Proportion

__all__ = ["Evidence", "FixtureRun", "Gate", "run_fixtures"]


@dataclass(frozen=True)
class FixtureRun:
    """A pattern's own tests: how many there were, and each that failed, in words."""

    positive: int
    negative: int
    failed: tuple[str, ...] = ()


def run_fixtures(
    pattern: Pattern, *, helps: Callable[[Example], bool], touches: Callable[[Example], bool]
) -> FixtureRun:
    """Try a pattern on its own examples: it must help with each positive one, and leave each negative one alone."""
    failed = [f"positive: {_told(one)}" for one in pattern.positive if not helps(one)]
    failed += [f"negative: {_told(one)}" for one in pattern.negative if touches(one)]
    return FixtureRun(len(pattern.positive), len(pattern.negative), tuple(failed))


@dataclass(frozen=True)
class Evidence:
    """What is known of one pattern at the moment of a decision; what was not tried yet is None.

    `shadow` counts, of the cases in which it would have been retrieved, those that it is about. `trial` holds the
    paired runs since it entered its state. `regressions` names tests that passed without it and fail with it.
    """

    sessions: int = 0
    is_approved: bool = True
    fixtures: FixtureRun | None = None
    regressions: tuple[str, ...] | None = None
    shadow: Proportion = field(default_factory=lambda: Proportion(0, 0))
    trial: Paired = field(default_factory=Paired)
    prompt_tokens: int = 0
    idle_days: int = 0


@dataclass(frozen=True)
class Gate:
    """The rules, each with the reason that a decision gives."""

    plan: TrialPlan = field(default_factory=TrialPlan)
    min_sessions: int = 3
    min_shadow: int = 8
    max_shadow: int = 200
    on_target: float = 0.5
    max_prompt_tokens: int = 600
    max_idle_days: int = 60

    def decide(self, pattern: Pattern, evidence: Evidence, decided_at: str) -> GateDecisionRecord | None:
        """Return the next arrow, or None where the evidence does not suffice for any."""
        if pattern.state in ("archived", "quarantined"):
            return None
        failed = [*(evidence.fixtures.failed if evidence.fixtures else ()), *(evidence.regressions or ())]
        if failed:
            figures: dict[str, JsonValue] = {"failed": list[JsonValue](failed)}
            return arrow(pattern, "quarantined", "its tests fail", decided_at, figures)
        steps: dict[PatternState, Callable[[Pattern, Evidence, str], GateDecisionRecord | None]] = {
            "draft": self._from_draft,
            "shadow": self._from_shadow,
            "canary": self._from_trial,
            "active": self._from_active,
            "probation": self._from_trial,
        }
        return steps[pattern.state](pattern, evidence, decided_at)

    def _from_draft(self, pattern: Pattern, evidence: Evidence, decided_at: str) -> GateDecisionRecord | None:
        fixtures = evidence.fixtures
        is_ready = evidence.is_approved and evidence.sessions >= self.min_sessions
        if not is_ready or fixtures is None or not fixtures.positive or not fixtures.negative:
            return None
        figures: dict[str, JsonValue] = {
            "sessions": evidence.sessions, "positive": fixtures.positive, "negative": fixtures.negative
        }  # fmt: skip
        return arrow(pattern, "shadow", "its positive and negative fixtures pass", decided_at, figures)

    def _from_shadow(self, pattern: Pattern, evidence: Evidence, decided_at: str) -> GateDecisionRecord | None:
        shadow = evidence.shadow
        if shadow.of < self.min_shadow:
            return None
        low, high = shadow.interval
        figures: dict[str, JsonValue] = {"hits": shadow.hits, "of": shadow.of, "low": round(low, 4)}
        if low > self.on_target:
            return arrow(pattern, "canary", "it would have been retrieved where it belongs", decided_at, figures)
        if high < self.on_target or shadow.of >= self.max_shadow:
            return arrow(pattern, "archived", "it would have been retrieved beside the mark", decided_at, figures)
        return None

    def _from_trial(self, pattern: Pattern, evidence: Evidence, decided_at: str) -> GateDecisionRecord | None:
        """Leave canary or probation: both are trials, and only a shown lift lets a pattern in, or in again."""
        verdict = self.plan.verdict(evidence.trial)
        is_untested = evidence.regressions is None or evidence.fixtures is None
        if verdict == "open" or (verdict == "lift" and is_untested):
            return None  # Where its tests were not run since, a lift alone lets nothing in.
        figures = self.plan.figures(evidence.trial)
        if verdict != "lift":
            return arrow(pattern, "archived", f"paired runs: {verdict}", decided_at, figures)
        if evidence.prompt_tokens > self.max_prompt_tokens:
            figures["prompt_tokens"] = evidence.prompt_tokens
            return arrow(pattern, "archived", "it takes more room than a prompt has", decided_at, figures)
        return arrow(pattern, "active", "the lift's lower bound lies above 0", decided_at, figures)

    def _from_active(self, pattern: Pattern, evidence: Evidence, decided_at: str) -> GateDecisionRecord | None:
        reason = self._against(pattern, evidence)
        if reason is None:
            return None
        figures: dict[str, JsonValue] = {
            "harmful": pattern.harmful,
            "helpful": pattern.helpful,
            "uses": use_count(pattern),
            "harm_low": round(harm_low(pattern.harmful, use_count(pattern)), 4),
            "idle_days": evidence.idle_days,
        }
        return arrow(pattern, "probation", reason, decided_at, figures)

    def _against(self, pattern: Pattern, evidence: Evidence) -> str | None:
        """Return what speaks against an active pattern."""
        if is_harmful(pattern.harmful, use_count(pattern)):
            return "the harmful share's lower bound lies above 10 %"
        if is_shown_above(0.5, pattern.harmful, pattern.harmful + pattern.helpful, HARM_ALPHA):
            return "it spoils more than it mends"
        return f"unused for {evidence.idle_days} days" if evidence.idle_days > self.max_idle_days else None


def _told(example: Example) -> str:
    return " ".join((example.code or example.message).split())[:120]
