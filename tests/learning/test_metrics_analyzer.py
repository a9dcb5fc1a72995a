"""The analyzer finds what comes often, what is new, what is grave, and what comes less."""

from __future__ import annotations

import json
from typing import Any

import pytest

from patchtrail.learning import MetricsAnalyzer, MetricsCollector
from patchtrail.learning.metrics_report import report_text
from tests.learning.clocks import Clock


def told(found: list[dict[str, Any]]) -> list[tuple[str, int]]:
    """Return names and counts."""
    return [(one["pattern"], one["count"]) for one in found]


@pytest.fixture
def analyzer() -> MetricsAnalyzer:
    """Analyze five patterns of four kinds: some often, some grave, and a figure that belongs to none."""
    collector = MetricsCollector(now=Clock())
    for _ in range(3):
        collector.log_bug("often", "TypeError: x", "x()", "a.py", 1, trace_id="trace-1")
    collector.log_test_failure("test_a", "it failed", "often", trace_id="trace-2")
    collector.log_test_failure("test_b", "of no pattern")
    for severity in ("low", "critical"):
        collector.log_code_review_issue("style", "grave", severity, "b.py", 2, "use it")
    collector.log_deployment_issue("limit", "deployed")
    collector.log_bug("once", "E", "y()", "c.py", 3)
    collector.log_performance_metric("memory", {"bytes": 1})
    collector.log_code_generation("p", ["often"], 1.0, success=True)
    return MetricsAnalyzer(collector.export_dict(), now=Clock())


def test_frequent_patterns(analyzer: MetricsAnalyzer) -> None:
    """Repeats and kinds add up, the most frequent come first, and the threshold cuts."""
    often, grave = analyzer.get_high_frequency_patterns()

    assert (often["pattern"], often["count"], often["traces"]) == ("often", 4, ["trace-1", "trace-2"])
    assert (grave["pattern"], grave["count"], grave["severity"]) == ("grave", 2, "critical")
    assert told(analyzer.get_high_frequency_patterns(threshold=1))[2:] == [("deployed", 1), ("once", 1)]
    assert analyzer.get_high_frequency_patterns(threshold=5) == []


def test_new_patterns(analyzer: MetricsAnalyzer) -> None:
    """What is not known by name is new, with the messages and the code that it was seen with."""
    (often, *_) = found = analyzer.detect_new_patterns(["grave", "once"])

    assert told(found) == [("often", 4), ("deployed", 1)]
    assert [(one["type"], one["message"], one["code"]) for one in often["details"]] == [
        ("bugs", "TypeError: x", "x()"),
        ("test_failures", "it failed", ""),
    ]


def test_ranking_and_context(analyzer: MetricsAnalyzer) -> None:
    """The gravest that was said of a pattern ranks it before its frequency does."""
    assert told(analyzer.rank_patterns_by_severity())[:2] == [("grave", 2), ("often", 4)]
    assert analyzer.get_context() == {
        "high_frequency_patterns": ["often", "grave", "deployed", "once"],
        "critical_patterns": ["grave"],
        "pattern_counts": {"often": 4, "grave": 2, "deployed": 1, "once": 1},
    }


@pytest.mark.parametrize(
    ("days_ago", "trend", "score"),
    [
        ((29, 28, 27, 26, 25, 24), "improving", 1.0),
        ((6, 5, 4, 3, 2, 1), "worsening", 0.0),
        ((29, 28, 27, 3, 2, 1), "stable", 0.5),
        ((29, 28, 27, 26, 2, 1), "stable", 0.6667),
        ((29, 28, 27, 26, 25, 24, *(40 + n for n in range(9))), "improving", 1.0),
        ((3,), "insufficient_data", 0.5),
    ],
)
def test_effectiveness(days_ago: tuple[int, ...], trend: str, score: float) -> None:
    """A trend is named only where the halves differ by more than chance; what lies before the window does not count."""
    clock = Clock()
    collector = MetricsCollector(now=clock)
    for days in sorted(days_ago, reverse=True):
        clock.goes(days=-days)
        collector.log_bug("p", "E", "x", "a.py", 1)
        clock.goes(days=days)
    found = MetricsAnalyzer(collector.export_dict(), now=clock).calculate_effectiveness(time_window_days=30)

    assert (found["p"]["trend"], found["p"]["score"]) == (trend, score)


def test_a_period_counts_what_happened_in_it() -> None:
    """A narrower look sees of a repeated entry only the times that lie in it."""
    clock = Clock()
    collector = MetricsCollector(now=clock)
    for days in (20, 10, 1):
        clock.goes(days=-days)
        collector.log_bug("p", "E", "x", "a.py", 1)
        clock.goes(days=days)
    analyzer = MetricsAnalyzer(collector.export_dict(), now=clock)

    assert [told(one.get_high_frequency_patterns(1)) for one in (analyzer.within(30), analyzer.within(14))] == [
        [("p", 3)],
        [("p", 2)],
    ]
    assert analyzer.within(7).get_summary()["bugs"] == 1
    assert analyzer.within(0).get_summary()["total"] == 0


def test_a_published_document_is_understood_as_far_as_it_goes() -> None:
    """Entries that lack a time, a count or a severity, or hold something odd, count for what they say."""
    analyzer = MetricsAnalyzer(
        {
            "bugs": [{"pattern": "a", "count": 5}, {"pattern": "a", "timestamp": "yesterday"}, {"pattern": 7}, "odd"],
            "code_reviews": [
                {"pattern": "b", "severity": "worst"},
                {"pattern": "b", "severity": "high", "traces": None},
            ],
            "last_updated": "2024-01-04",
        }
    )

    assert told(analyzer.get_high_frequency_patterns()) == [("a", 6), ("b", 2)]
    assert analyzer.rank_patterns_by_severity()[0]["pattern"] == "b"
    assert analyzer.calculate_effectiveness() == {}


def test_the_report_is_plain_and_readable(analyzer: MetricsAnalyzer) -> None:
    """A report is JSON, and as Markdown a table whose cells nobody's text can break."""
    collector = MetricsCollector(now=Clock())
    collector.log_code_review_issue("i", "evil | `name`\n## heading", "high", "a.py")
    text = report_text(MetricsAnalyzer(collector.export_dict(), now=Clock()).generate_report(), "everything")

    assert json.loads(json.dumps(analyzer.generate_report()))["summary"]["bugs"] == 2
    assert "| evil \\| 'name' ## heading | high | 1 |" in text
    assert "- code reviews: 1" in text
