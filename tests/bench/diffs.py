"""The diff off the save path: patchtrail.text.diff against difflib on the same texts."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from patchtrail.text import apply, diff
from tests.bench.table import Goal, Row, Section
from tests.bench.texts import changed, source_lines

__all__ = ["measure"]

LINES = 10_000
CHANGES = (1, 10, 200)
RUNS = 60


def measure(_folder: Path) -> Iterator[Section]:
    """Yield both diffs of the same pairs of texts."""
    rows = [_row(count) for count in CHANGES]
    yield Section(f"1b. Diff, off the save path, {LINES:,} lines; floor: difflib.unified_diff", rows)


def _row(count: int) -> Row:
    lines = source_lines(LINES)
    before, ours, peer = "".join(lines), list[float](), list[float]()
    for seed in range(RUNS):
        after = changed(lines, count, seed=seed)
        ours.append(_milliseconds(diff, before, after))
        peer.append(_milliseconds(_difflib, before, after))
    assert apply(diff(before, after, "a.py"), before) == after, "only a right diff counts"
    return Row(f"changed lines: {count}", "ms", ours, peer, Goal("<= 0.5x", "<= 0.3x"))


def _milliseconds(tried: Callable[[str, str, str], str], before: str, after: str) -> float:
    begun = time.perf_counter_ns()
    tried(before, after, "a.py")
    return (time.perf_counter_ns() - begun) / 1e6


def _difflib(before: str, after: str, path: str) -> str:
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    return "".join(difflib.unified_diff(old, new, f"a/{path}", f"b/{path}"))
