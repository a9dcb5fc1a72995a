"""What metrics add up to: which patterns come often, are new, are grave, and whether they come less than before."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from patchtrail.contract.learning import LearningSeverity
from patchtrail.learning.metrics_collector import KINDS, utc_now
from patchtrail.learning.occurrences import SEVERITIES, Occurrence, occurrences_of
from patchtrail.learning.wilson import Proportion

__all__ = ["MetricsAnalyzer"]

MAX_DETAILS = 20
MOST_FREQUENT, MOST_GRAVE = 10, 5
ENOUGH = 2
"""So few occurrences say nothing about a trend."""


class MetricsAnalyzer:
    """Reads `MetricsCollector.export_dict()`, or a published metrics document.

    Every list that it returns has dictionaries of plain values in it, so that it can be printed or written as JSON.
    """

    def __init__(self, metrics: Mapping[str, Any], *, now: Callable[[], datetime] = utc_now) -> None:
        self._occurrences = occurrences_of(metrics)
        self._now = now

    def within(self, days: int) -> MetricsAnalyzer:
        """Return an analyzer of what happened in the last `days` alone."""
        start = self._now() - timedelta(days=days)
        narrowed = MetricsAnalyzer({}, now=self._now)
        narrowed._occurrences = tuple(found for one in self._occurrences if (found := one.since(start)) is not None)
        return narrowed

    def get_summary(self) -> dict[str, int]:
        """Return how many entries there are of each kind, and the `total`."""
        counts = Counter(one.kind for one in self._occurrences)
        return {**{kind: counts[kind] for kind in KINDS}, "total": sum(counts[kind] for kind in KINDS)}

    def get_high_frequency_patterns(self, threshold: int = 2) -> list[dict[str, Any]]:
        """Return the patterns that occurred at least `threshold` times, the most frequent first.

        Each has `pattern`, `count`, `severity`, `last_occurrence`, `times`, those that are known, in UTC, and `traces`.
        """
        found = [_told(name, seen) for name, seen in self._by_pattern().items()]
        return sorted(
            (one for one in found if one["count"] >= threshold), key=lambda one: (-one["count"], one["pattern"])
        )

    def detect_new_patterns(self, known: Collection[str]) -> list[dict[str, Any]]:
        """Return the patterns that are not `known` by name, the most frequent first, with `details` of each entry."""
        by_pattern = self._by_pattern()
        return [
            {**one, "details": [_detail(entry) for entry in by_pattern[one["pattern"]][:MAX_DETAILS]]}
            for one in self.get_high_frequency_patterns(threshold=1)
            if one["pattern"] not in known
        ]

    def calculate_effectiveness(self, time_window_days: int = 30) -> dict[str, dict[str, Any]]:
        """Return for each pattern whether it came less often in the second half of the window than in the first.

        `score` is 0.5 where nothing changed and 1 where it stopped. `trend` is improving or worsening only where
        the 95 % interval of the second half's share leaves out one half: four against two is chance.
        """
        start = self._now() - timedelta(days=time_window_days)
        middle = self._now() - timedelta(days=time_window_days / 2)
        times = {
            name: [time for one in seen for time in one.times if start <= time <= self._now()]
            for name, seen in self._by_pattern().items()
        }
        return {
            name: _trend(Proportion(sum(one >= middle for one in all_), len(all_)))
            for name, all_ in times.items()
            if all_
        }

    def rank_patterns_by_severity(self) -> list[dict[str, Any]]:
        """Return the patterns by the gravest that was said of each, then by frequency."""
        found = self.get_high_frequency_patterns(threshold=1)
        return sorted(found, key=lambda one: (-SEVERITIES.index(one["severity"]), -one["count"], one["pattern"]))

    def generate_report(self, time_window_days: int = 30) -> dict[str, Any]:
        """Return summary, frequent and ranked patterns, and effectiveness, as one value for JSON."""
        return {
            "generated_at": self._now().isoformat(),
            "summary": self.get_summary(),
            "high_frequency_patterns": self.get_high_frequency_patterns(),
            "ranked_patterns": self.rank_patterns_by_severity(),
            "effectiveness": self.calculate_effectiveness(time_window_days),
        }

    def get_context(self) -> dict[str, Any]:
        """Return what a generation wants to know: the most frequent and the gravest patterns, and all counts."""
        grave: Sequence[LearningSeverity] = ("high", "critical")
        frequent = self.get_high_frequency_patterns(threshold=1)
        ranked = [one["pattern"] for one in self.rank_patterns_by_severity() if one["severity"] in grave]
        return {
            "high_frequency_patterns": [one["pattern"] for one in frequent[:MOST_FREQUENT]],
            "critical_patterns": ranked[:MOST_GRAVE],
            "pattern_counts": {one["pattern"]: one["count"] for one in frequent},
        }

    def _by_pattern(self) -> Mapping[str, list[Occurrence]]:
        found = defaultdict[str, list[Occurrence]](list)
        for one in self._occurrences:
            if one.pattern:
                found[one.pattern].append(one)
        return found


def _told(name: str, seen: Sequence[Occurrence]) -> dict[str, Any]:
    times = sorted(time for one in seen for time in one.times)
    return {
        "pattern": name,
        "count": sum(one.count for one in seen),
        "severity": gravest(one.severity for one in seen),
        "last_occurrence": times[-1].isoformat() if times else None,
        "times": [one.isoformat() for one in times],
        "traces": list(dict.fromkeys(trace for one in seen for trace in one.traces)),
    }


def gravest(severities: Iterable[LearningSeverity]) -> LearningSeverity:
    """Return the gravest of several."""
    return max(severities, key=SEVERITIES.index)


def _detail(one: Occurrence) -> dict[str, Any]:
    return {
        "type": one.kind,
        "message": one.message,
        "rule_id": one.rule_id,
        "code": one.code,
        "fixed_code": one.fixed_code,
        "file_path": one.file_path,
        "severity": one.severity,
        "count": one.count,
    }


def _trend(later: Proportion) -> dict[str, Any]:
    first = later.of - later.hits
    low, high = later.interval
    trend = "improving" if high < 0.5 else "worsening" if low > 0.5 else "stable"
    is_enough = later.of >= ENOUGH
    return {
        "score": round(first / later.of, 4) if is_enough else 0.5,
        "trend": trend if is_enough else "insufficient_data",
        "total_occurrences": later.of,
        "first_half": first,
        "second_half": later.hits,
    }
