"""A metrics report as Markdown, for a person or a merge request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

__all__ = ["report_text"]

MAX_ROWS = 20
SIGNS = str.maketrans({"|": "\\|", "`": "'"})


def report_text(report: Mapping[str, Any], period: str) -> str:
    """Return `MetricsAnalyzer.generate_report()` as Markdown, with `period` in words."""
    counts = [f"- {kind.replace('_', ' ')}: {count}" for kind, count in report["summary"].items()]
    ranked = [
        (one["pattern"], one["severity"], str(one["count"]), one["last_occurrence"] or "unknown")
        for one in report["ranked_patterns"]
    ]
    trends = [
        (name, one["trend"].replace("_", " "), f"{one['first_half']} → {one['second_half']}", f"{one['score']:.2f}")
        for name, one in sorted(report["effectiveness"].items(), key=lambda one: (-one[1]["total_occurrences"], one[0]))
    ]
    return "\n".join(
        [
            f"# What went wrong: {period}",
            "",
            *counts,
            "",
            "## Patterns, the gravest first",
            "",
            *_table(("pattern", "severity", "times", "last"), ranked),
            "",
            "## Do they come less often?",
            "",
            "First and second half of the window; a trend is named only where it is more than chance.",
            "",
            *_table(("pattern", "trend", "halves", "score"), trends),
            "",
        ]
    )


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    if not rows:
        return ["None."]
    left_out = [f"\n{len(rows) - MAX_ROWS} more."] if len(rows) > MAX_ROWS else []
    return [_row(header), _row("---" for _ in header), *map(_row, rows[:MAX_ROWS]), *left_out]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    """Return a text that neither ends a cell nor moves a cursor."""
    return "".join(char if char.isprintable() else " " for char in text).translate(SIGNS)
