"""A pattern as metrics show it: what failed, in which code, and how that code was fixed where that is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from patchtrail.contract.learning import Example, Pattern, Provenance
from patchtrail.learning.occurrences import SEVERITIES, instant_of
from patchtrail.learning.signature import exception_of

__all__ = ["UNKNOWN_SCORE", "detected_pattern", "last_occurrence_of", "taught_by"]

UNKNOWN_SCORE = 0.5
"""What a pattern's effectiveness is taken for before anything is known of it."""
MAX_TOLD = 3
MAX_EXAMPLES = 5
SOURCES = {"test_failures": "ci", "code_reviews": "review"}


def detected_pattern(name: str, item: Mapping[str, Any], now: str) -> Pattern:
    """Return an item of `MetricsAnalyzer.detect_new_patterns` as a draft that waits.

    Its fixtures are the failures' own code, which it is about, and the fixed code, which it must leave alone.
    """
    details = [one for one in item.get("details", ()) if isinstance(one, Mapping)]
    messages = list(dict.fromkeys(str(one["message"]) for one in details if one.get("message")))
    fixed = [one for one in details if one.get("code") and one.get("fixed_code")]
    shown = fixed or [one for one in details if one.get("code")]
    severity = item.get("severity")
    return Pattern(
        pattern_id=name,
        name=name,
        description="\n".join(messages[:MAX_TOLD]),
        bad_example=str(shown[0]["code"]) if shown else "",
        good_example=str(fixed[0]["fixed_code"]) if fixed else "",
        test_coverage="",
        occurrence_frequency=int(item.get("count", 1)),
        last_occurrence=last_occurrence_of(item) or now,
        severity=severity if severity in SEVERITIES else "medium",
        effectiveness_score=UNKNOWN_SCORE,
        rule_ids=_rules(details, messages),
        provenance=taught_by(Provenance(source=_source(details, item)), item),
        positive=[_example(one, "code") for one in details if one.get("code") or one.get("message")][:MAX_EXAMPLES],
        negative=[_example(one, "fixed_code") for one in fixed][:MAX_EXAMPLES],
    )


def taught_by(before: Provenance, item: Mapping[str, Any]) -> Provenance:
    """Return a provenance with the sessions that an item tells of."""
    traces = dict.fromkeys([*before.traces, *(str(one) for one in item.get("traces") or ())])
    return before.model_copy(update={"traces": list(traces)})


def last_occurrence_of(item: Mapping[str, Any]) -> str | None:
    """Return when an item's pattern occurred last, as published files have it; None where it does not say."""
    last = instant_of(item.get("last_occurrence"))
    return last.replace(tzinfo=None).isoformat() if last else None


def _rules(details: Sequence[Mapping[str, Any]], messages: Sequence[str]) -> list[str]:
    """Return the rules of tools that reported it, and the exceptions that its failures name."""
    rules = [str(one["rule_id"]) for one in details if one.get("rule_id")]
    return list(dict.fromkeys([*rules, *filter(None, map(exception_of, messages))]))


def _source(details: Sequence[Mapping[str, Any]], item: Mapping[str, Any]) -> str:
    kinds = [str(one.get("type")) for one in details]
    return "traces" if item.get("traces") else next((SOURCES[kind] for kind in kinds if kind in SOURCES), "by_hand")


def _example(detail: Mapping[str, Any], code: str) -> Example:
    message = "" if code == "fixed_code" else str(detail.get("message", ""))
    return Example(code=str(detail.get(code, "")), message=message, file_path=str(detail.get("file_path", "")))
