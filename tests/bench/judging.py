"""How long the heuristic judge takes, per thousand events; floor: only reading the session as moves."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from patchtrail.qa.case import Case
from patchtrail.qa.judge import HeuristicJudge
from patchtrail.qa.judge.telling import moves_of
from tests.bench.table import Row, Section
from tests.qa.judge.sessions import read_sessions

__all__ = ["measure"]

ROUNDS = 10
EVENTS = 1_000


def measure(folder: Path) -> Iterator[Section]:
    """Yield what judging takes: of written sessions, and of one that goes on for a thousand events."""
    sessions = read_sessions("tuning")
    events = sum(len(session.case.events) for session in sessions)
    judge = HeuristicJudge()
    short, told, long = list[float](), list[float](), list[float]()
    endless = _repeated(max(sessions, key=lambda one: len(one.case.events)).case, EVENTS)
    for _ in range(ROUNDS):
        short.append(_ms(lambda: [judge.judge(one.case, one.validation) for one in sessions]) * EVENTS / events)
        told.append(_ms(lambda: [moves_of(one.case.events, {}) for one in sessions]) * EVENTS / events)
        long.append(_ms(lambda: judge.judge(endless, None)))
    rows = [
        Row(f"{len(sessions)} written sessions, per 1,000 events", "ms", short, told),
        Row("one session of 1,000 events", "ms", long),
    ]
    yield Section("The heuristic judge; floor: the events told as moves", rows)


def _repeated(case: Case, count: int) -> Case:
    events = [case.events[at % len(case.events)].model_copy(update={"seq": at}) for at in range(count)]
    return replace(case, events=events)


def _ms(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1_000
