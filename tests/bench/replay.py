"""Replay: edits per second through patchtrail.trace.replay, each hash compared."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from patchtrail.contract.event_lines import FileEditEvent
from patchtrail.qa.states import replay_states
from patchtrail.trace import replay
from patchtrail.trace.file_tree import FileTree
from tests.bench.events import edit_of
from tests.bench.table import Goal, Row, Section
from tests.bench.texts import changed, source_lines

__all__ = ["measure"]

GOAL = Goal(">= 5,000", ">= 20,000")
RUNS = 5
SIZES = ((100, 2_000), (300, 2_000), (1_000, 1_000), (10_000, 150))
"""Lines of the file, and how many edits of it one trace holds."""

FILES, SMALL, EDITS_EACH = 1_000, 40, 4
"""A trace over many small files, replayed as the collector does: to the trees that tests run on."""


def measure(_folder: Path) -> Iterator[Section]:
    """Yield the speed for files of several lengths; each edit changes one line."""
    traces = {lines: _trace(lines, edits) for lines, edits in SIZES}
    rates: dict[int, list[float]] = {lines: [] for lines in traces}
    for _ in range(RUNS):
        for lines, events in traces.items():
            rates[lines].append(_rate(lines, events))
    rows = [Row(f"file of {lines:,} lines", "edits/s", rates[lines], goal=GOAL, is_rate=True) for lines in traces]
    rows += [Row(f"{FILES:,} files of {SMALL} lines", "edits/s", _many_files(), goal=GOAL, is_rate=True)]
    yield Section("6. Replay of a trace, one changed line per edit", rows)


def _many_files() -> list[float]:
    source = source_lines(SMALL)
    texts = ["".join(source), *(changed(source, 1, seed=seed) for seed in range(EDITS_EACH))]
    start = FileTree({f"package/module{number}.py": texts[0].encode() for number in range(FILES)})
    steps = [(before, after, path) for before, after in pairwise(texts) for path in start.files]
    events = [_event(seq, *step) for seq, step in enumerate(steps)]
    moments = {len(events) // 4, len(events) // 2}
    rates = list[float]()
    for _ in range(RUNS):
        begun = time.perf_counter()
        states = replay_states(start, "snapshot", events, {}, moments)
        rates.append(len(events) / (time.perf_counter() - begun))
        assert states.result.agrees, "only a replay that agrees counts"
    return rates


def _trace(lines: int, count: int) -> list[FileEditEvent]:
    source = source_lines(lines)
    texts = ["".join(source), *(changed(source, 1, seed=seed) for seed in range(count))]
    return [_event(seq, before, after, "long.py") for seq, (before, after) in enumerate(pairwise(texts))]


def _event(seq: int, before: str, after: str, path: str) -> FileEditEvent:
    return FileEditEvent(
        v=1,
        trace_id=f"trace-{'0' * 32}",
        seq=seq,
        prev="0" * 64,
        ts_ms=seq,
        mono_ms=seq,
        type="file_edit",
        data=edit_of(before, after, path),
    )


def _rate(lines: int, events: list[FileEditEvent]) -> float:
    start = "".join(source_lines(lines))
    begun = time.perf_counter()
    result = replay(events, start_text=lambda _path: start, artifacts={})
    spent = time.perf_counter() - begun
    assert result.edits == len(events), "only a replay that agrees counts"
    return len(events) / spent
