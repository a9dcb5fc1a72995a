"""How long failures take to become modes: at 20,000, and where no two of them say the same; floor: masking alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from patchtrail.evaluation.clusters import cluster
from patchtrail.evaluation.masking import masked_text
from tests.bench.table import Goal, Row, Section
from tests.evaluation.failures import corpus

__all__ = ["measure"]

ROUNDS = 3


def measure(folder: Path) -> Iterator[Section]:
    """Yield the times for a small and a large corpus, and for one of 20,000 different texts."""
    few = [one.failure for one in corpus(2_000, 7)]
    many = [one.failure for one in corpus(20_000, 7)]
    apart = [replace(one, text=f"{one.text} {_word(at)}") for at, one in enumerate(many)]
    rows = []
    for name, failures in (("2,000", few), ("20,000", many), ("20,000, all different", apart)):
        ours, floor = list[float](), list[float]()
        for _ in range(ROUNDS):
            ours.append(_seconds(lambda failures=failures: cluster(failures)))
            floor.append(_seconds(lambda failures=failures: [masked_text(one.text) for one in failures]))
        rows.append(Row(f"{name} failures", "s", ours, floor, Goal(must="-" if name == "2,000" else "10")))
    yield Section("Failure modes; floor: the texts masked", rows)


def _word(at: int) -> str:
    """Return a word of letters alone for each number, so that masking leaves the texts apart."""
    return "x" + "".join("abcdefghij"[int(digit)] for digit in str(at))


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
