"""The comparison table: a column per session, so that it fits into a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rich import box
from rich.console import Console
from rich.table import Column, Table

from three_sessions.outcome import NOT_RUN, Outcome

FACTS: tuple[tuple[str, Callable[[Outcome], str]], ...] = (
    ("sent", lambda one: one.way),
    ("assurance level", lambda one: one.level),
    ("replay", lambda one: {None: "-", True: "agrees", False: "does not agree"}[one.replays]),
    ("verdict", lambda one: (one.verdict or one.state).replace("_", " ")),
    ("fixed", lambda one: "?" if one.verdict in (None, NOT_RUN) else _yes(one.verdict == "verified_fix")),
    ("files edited", lambda one: str(one.files_edited)),
    ("test runs", lambda one: str(one.test_runs)),
    ("commit", lambda one: _yes(one.has_commit)),
    ("judged after", lambda one: "-" if one.judged_after_s is None else f"{one.judged_after_s:.1f} s"),
)


def show(outcomes: Sequence[Outcome]) -> None:
    """Print the table, who judged, and why tests were not run where they were not."""
    heads = [Column("", no_wrap=True), *(Column(one.name, justify="center", min_width=8) for one in outcomes)]
    table = Table(*heads, title="Three debugging sessions, compared", box=box.MINIMAL, padding=0)
    for label, cells in rows_of(outcomes):
        table.add_row(label, *cells)
    console = Console()
    console.print(table)
    for judge, alignment in sorted({(one.judge, one.alignment) for one in outcomes if one.judge}):
        console.print(f"Scores from 0 to 5 by the {judge} judge, {alignment}.", markup=False)
    for reason in sorted({one.reason for one in outcomes if one.verdict == NOT_RUN}):
        console.print(f"No tests were run: {reason}", markup=False)


def rows_of(outcomes: Sequence[Outcome]) -> Iterator[tuple[str, list[str]]]:
    """Yield the rows: facts first, then the score per dimension, then the overall one."""
    for label, told in FACTS:
        yield label, [told(one) for one in outcomes]
    for dimension in dict.fromkeys(name for one in outcomes for name in one.scores):
        yield dimension.replace("_", " "), [_score(one.scores.get(dimension)) for one in outcomes]
    yield "overall score", [_score(one.overall) for one in outcomes]


def _score(score: float | None) -> str:
    return "-" if score is None else f"{score:.1f}"


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"
