"""Which patterns a prompt calls for: how sure that is, why, and which of them matter most.

Confidence says whether a pattern belongs to the prompt, and alone decides whether it is applied. Priority says in which
order: frequency, severity, effectiveness and recency weigh it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from patchtrail.contract.learning import LearningSeverity, Pattern
from patchtrail.learning.occurrences import instant_of
from patchtrail.learning.prompt_context import LANGUAGES, PromptContext, stem
from patchtrail.learning.words import atoms_of

__all__ = ["PromptMatch", "is_usable", "matches_of"]

NAMED = 0.98
BY_NAME, BY_TEXT, BY_HISTORY = 0.92, 0.5, 0.2
"""How sure the words of a name, those of a text, and what happened here before can make by themselves."""
IMPLIED = 0.9
"""What a word of the topic counts beside one that was said."""
VAGUE = frozenset(map(stem, ("handling", "processing", "checking", "pattern", "safe", "proper", "use")))
"""Words of names that fit every second prompt; they count half."""
MIN_CONFIDENCE = 0.1
MAX_TEXT = 20_000
WEIGHTS: dict[LearningSeverity, float] = {"low": 0.4, "medium": 0.6, "high": 0.8, "critical": 1.0}
OFTEN = 100
HALF_LIFE_DAYS = 90


@dataclass(frozen=True)
class PromptMatch:
    """One pattern that belongs to a prompt; `confidence` and `priority` lie between 0 and 1."""

    pattern: Pattern
    confidence: float
    priority: float
    reasons: tuple[str, ...]


def is_usable(pattern: Pattern) -> bool:
    """Return whether a generation may apply a pattern.

    It is active, or a person approved it and the gate has not spoken yet.
    """
    is_being_tried = pattern.state in ("draft", "shadow", "canary")
    return pattern.state == "active" or (pattern.approved_at is not None and is_being_tried)


def matches_of(
    context: PromptContext, patterns: Iterable[Pattern], metrics: Mapping[str, Any], now: datetime
) -> list[PromptMatch]:
    """Return the patterns that a prompt calls for, the most important first.

    `metrics` is `MetricsAnalyzer.get_context()`, or empty.
    """
    found = [_match(context, pattern, metrics, now) for pattern in patterns if _is_in_scope(pattern, context)]
    likely = [one for one in found if one.confidence >= MIN_CONFIDENCE]
    return sorted(likely, key=lambda one: (-one.priority, one.pattern.name))


def _match(context: PromptContext, pattern: Pattern, metrics: Mapping[str, Any], now: datetime) -> PromptMatch:
    signs = list(_signs(context, pattern))
    if signs and pattern.name in (metrics.get("critical_patterns") or ()):
        signs.append((BY_HISTORY, "it was grave here before"))
    elif signs and pattern.name in (metrics.get("high_frequency_patterns") or ()):
        signs.append((BY_HISTORY, "it happened here before"))
    confidence = 1 - math.prod(1 - weight for weight, _ in signs)
    seen = max(pattern.occurrence_frequency, int((metrics.get("pattern_counts") or {}).get(pattern.name, 0)))
    priority = confidence * _importance(pattern, seen, now)
    return PromptMatch(pattern, round(confidence, 4), round(priority, 4), tuple(reason for _, reason in signs))


def _signs(context: PromptContext, pattern: Pattern) -> Iterator[tuple[float, str]]:
    """Yield what speaks for a pattern, and how much."""
    told = next((one for one in (pattern.name, *pattern.rule_ids) if one.lower() in context.names), None)
    if told is not None:
        yield NAMED, f"the prompt names {told}"
    atoms = list(dict.fromkeys(map(stem, atoms_of(pattern.name))))
    weights = {atom: 0.5 if atom in VAGUE else 1.0 for atom in atoms}
    shared = {atom: _said(atom, context) for atom in atoms if _said(atom, context)}
    if any(atom not in VAGUE for atom in shared):
        covered = sum(weights[atom] * said for atom, said in shared.items()) / sum(weights.values())
        yield BY_NAME * covered, f"{100 * covered:.0f} % of its name"
    text = " ".join([pattern.description, pattern.bad_example, pattern.test_coverage])[:MAX_TEXT]
    common = context.words & set(map(stem, atoms_of(text)))
    if common and context.words:
        yield BY_TEXT * len(common) / len(context.words), f"{len(common)} of the prompt's words in its text"


def _said(atom: str, context: PromptContext) -> float:
    return 1.0 if atom in context.words else IMPLIED if atom in context.implied else 0.0


def _importance(pattern: Pattern, seen: int, now: datetime) -> float:
    frequency = min(1.0, math.log1p(seen) / math.log1p(OFTEN))
    last = instant_of(pattern.last_occurrence)
    recency = 0.5 ** (max(0.0, (now - last).total_seconds()) / 86_400 / HALF_LIFE_DAYS) if last else 0.0
    return WEIGHTS[pattern.severity] * math.prod(
        0.5 + 0.5 * one for one in (frequency, pattern.effectiveness_score, recency)
    )


def _is_in_scope(pattern: Pattern, context: PromptContext) -> bool:
    """Return whether a pattern's scope allows the prompt's language; a repository or path allows every one."""
    scope = pattern.scope.lower()
    return scope not in LANGUAGES or scope == context.language
