"""What an engine could not mend becomes metrics, and metrics become drafts of patterns that a person approved."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from patchtrail.contract.learning import Pattern
from patchtrail.evaluation.case import PatchCase
from patchtrail.learning import MetricsAnalyzer, MetricsCollector, PatternLibrary
from patchtrail.learning.fix_example import FixExample, fix_example
from patchtrail.learning.signature import rule_of
from patchtrail.text import diff

__all__ = ["drafts_of", "example_of", "metrics_of_failures"]


def metrics_of_failures(failures: Iterable[PatchCase], now: datetime) -> MetricsCollector:
    """Count each case as a bug of its rule, with the change that would have been right."""
    collector = MetricsCollector(now=lambda: now)
    for case in failures:
        finding, fix = case.planted[0].finding, example_of(case)
        rule = rule_of(finding.rule_id, finding.message)
        collector.log_bug(
            rule,
            finding.message,
            fix.before if fix else "",
            case.file_path,
            finding.line,
            rule_id=rule,
            fixed_code=fix.after if fix else None,
            trace_id=case.case_id,
        )
    return collector


def drafts_of(collector: MetricsCollector, path: Path, now: datetime) -> list[Pattern]:
    """Return the patterns of what came more than once, as the library at `path` would hold them, approved.

    Approving all of them stands for a person who reads none: what is no use must be stopped by the gate.
    """
    library = PatternLibrary(path, now=lambda: now)
    found = MetricsAnalyzer(collector.export_dict(), now=lambda: now).detect_new_patterns(known=())
    added = library.add_new_patterns(one for one in found if one["count"] > 1)
    return [library.approve(one.name) for one in added]


def example_of(case: PatchCase) -> FixExample | None:
    """Return the right change of a case as an example; None where it shows too much, or nothing."""
    finding = case.planted[0].finding
    return fix_example(diff(case.before, case.planted[0].mended, case.file_path), finding.line)
