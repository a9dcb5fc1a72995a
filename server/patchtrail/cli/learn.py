"""`patchtrail learn collect | analyze | report`: from what went wrong to patterns; the other verbs join here."""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from patchtrail.cli import learn_patterns
from patchtrail.cli.console import console, plain, told, visible
from patchtrail.cli.learn_files import (
    METRICS,
    PATTERNS,
    MetricsFile,
    PatternsFile,
    ignore_own_folder,
    library_of,
    loaded,
    metrics_of,
)
from patchtrail.cli.learn_gate import gate, trial
from patchtrail.cli.learn_generate import generate
from patchtrail.cli.learn_sources import (
    attempts_of,
    log_attempts,
    log_junit,
    log_reviews,
    log_sarif,
    log_trace,
    unreadable_attempts,
)
from patchtrail.cli.learn_uses import count_uses, refuse_unreadable
from patchtrail.contract.errors import InvalidInput
from patchtrail.learning import MetricsAnalyzer, MetricsCollector
from patchtrail.learning.kept_file import KeptFile
from patchtrail.learning.metrics_report import report_text
from patchtrail.learning.pattern_library import is_waiting

__all__ = ["app"]

app = typer.Typer(help="Learn patterns from what went wrong, and use them.", no_args_is_help=True)
app.add_typer(learn_patterns.app, name="patterns")
app.command()(generate)
app.command()(gate)
app.command()(trial)


class Period(StrEnum):
    """How far back a report goes."""

    ALL = "all"
    MONTH = "month"
    WEEK = "week"


DAYS = {Period.MONTH: 30, Period.WEEK: 7}


@app.command()
@told
def collect(
    metrics_file: MetricsFile = METRICS,
    junit: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="A JUnit report; may be repeated.")] = None,
    sarif: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="Findings of a tool in SARIF.")] = None,
    reviews: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="Reviews as published JSON.")] = None,
    trace: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="A recorded session's bundle.")] = None,
    attempts: Annotated[
        list[Path] | None, typer.Option(metavar="DIR", help="A folder whose patches are lessons, and tell on patterns.")
    ] = None,
    plan: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="A plan that names patterns.")] = None,
    patterns_file: PatternsFile = PATTERNS,
) -> None:
    """Count failed tests, findings and reviews; without a source it says what was counted so far.

    Attempts also tell what became of patches whose prompts showed a pattern: the library counts each use once. Secrets
    are taken out first. Where one source cannot be read, nothing of any is counted.
    """
    root = Path.cwd()
    sources: list[tuple[list[Path] | None, Callable[[MetricsCollector, Path], int]]] = [
        (junit, log_junit),
        (sarif, lambda collector, path: log_sarif(collector, path, root)),
        (reviews, log_reviews),
        (trace, log_trace),
        (attempts, log_attempts),
        (plan, _log_plan),
    ]
    if not any(paths for paths, _ in sources):
        _say_summary(metrics_of(metrics_file))
        return
    if attempts:
        refuse_unreadable(patterns_file)
    ignore_own_folder(metrics_file)
    kept = KeptFile(metrics_file)
    with kept.alone():
        collector = loaded(kept)
        for paths, log in sources:
            for path in paths or ():
                console().print(plain(f"{path}: {log(collector, path)}"))
        kept.write_alone(collector.export_json().encode())
    if attempts:
        _count_uses(attempts, patterns_file)
    _say_summary(collector)


@app.command()
@told
def analyze(
    metrics_file: MetricsFile = METRICS,
    patterns_file: PatternsFile = PATTERNS,
    is_updating: Annotated[bool, typer.Option("--update/--no-update", help="Write what was found.")] = True,
) -> None:
    """Find patterns in the metrics: count those that are known, and add new ones as drafts."""
    analyzer = MetricsAnalyzer(metrics_of(metrics_file, is_needed=True).export_dict())
    library = library_of(patterns_file)
    frequent = analyzer.get_high_frequency_patterns(threshold=1)
    counted = library.update_frequencies(frequent)
    library.update_effectiveness(analyzer.calculate_effectiveness())
    # One that waits without a good example is looked at again: a fix may be known by now.
    known = [one.name for one in library.get_all_patterns() if one.good_example or not is_waiting(one)]
    added = library.add_new_patterns(analyzer.detect_new_patterns(known))
    if is_updating:
        library.save_patterns()
    for one in frequent:
        is_new = any(new.name == one["pattern"] for new in added)
        console().print(plain(f"{one['count']:>5}  {one['severity']:<9}{one['pattern']}{'  (new)' if is_new else ''}"))
    console().print(
        plain(f"{len(added)} new, {len(counted)} counted anew{'' if is_updating else '; nothing written'}.")
    )
    waiting = [one.name for one in library.get_all_patterns() if is_waiting(one)]
    if waiting:
        console().print(plain(f"{len(waiting)} wait for approval: patchtrail learn patterns approve NAME", "dim"))


@app.command()
@told
def report(
    metrics_file: MetricsFile = METRICS,
    period: Annotated[Period, typer.Option(help="How far back.")] = Period.ALL,
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it here; `.json` gives JSON.")] = None,
) -> None:
    """Report what went wrong: counts, patterns by gravity, and whether they come less often."""
    analyzer = MetricsAnalyzer(metrics_of(metrics_file, is_needed=True).export_dict())
    days = DAYS.get(period)
    found = (analyzer if days is None else analyzer.within(days)).generate_report(days or 30)
    words = "everything so far" if days is None else f"the last {days} days"
    text = report_text(found, words)
    if output is not None and output.suffix == ".json":
        text = json.dumps(found, ensure_ascii=False, indent=2) + "\n"
    if output is None:
        for line in text.rstrip("\n").split("\n"):
            console().print(plain(line))
        return
    kept = KeptFile(output)
    kept.read()
    kept.write(text.encode())


def _count_uses(folders: list[Path], patterns_file: Path) -> None:
    for reason in (one for path in folders for one in unreadable_attempts(path)):
        typer.echo(f"left out: {visible(reason)}", err=True)
    count_uses((one for path in folders for one in attempts_of(path)), patterns_file)


def _log_plan(collector: MetricsCollector, path: Path) -> int:
    try:
        return len(collector.log_from_plan_file(path))
    except ValueError as error:
        raise InvalidInput(str(error), code="bad_plan") from error


def _say_summary(collector: MetricsCollector) -> None:
    counts = collector.get_summary()
    total = counts.pop("total")
    told_counts = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in counts.items() if count)
    console().print(plain(f"{total} entries{f': {told_counts}' if told_counts else ''}."))
