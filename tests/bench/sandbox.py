"""The sandbox: what its walls add to a bare run of three tests, per back end, and how late it ends what never ends."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from patchtrail.sandbox import Job, Limits, Sandbox, Uncancelled
from patchtrail.sandbox.choice import Wanted
from tests.bench.table import Goal, Row, Section
from tests.sandbox.back_ends import installed, up
from tests.sandbox.walls import PROJECT, python

__all__ = ["measure"]

RUNS = 10
KILLS = 5
WALL_S = 1.0
MS = 1000
ADDED, LATE = Goal("<= 500", "<= 200"), Goal("<= 2,000", "<= 500")
TESTS = "import pytest\n\n\n@pytest.mark.parametrize('one', range(3))\ndef test_one(one):\n    assert one < 3\n"
BACK_ENDS: tuple[Wanted, ...] = ("bubblewrap", "docker", "podman")
# Plugins of this environment would be most of what is measured.
ENVIRONMENT = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}
PYTEST = (str(python().executable), "-m", "pytest", "-q", "-p", "no:cacheprovider")


def measure(folder: Path) -> Iterator[Section]:
    """Yield the overhead and the lateness of every back end that is installed."""
    (folder / "test_three.py").write_text(TESTS)
    with contextlib.ExitStack() as stack:
        walls = {name: stack.enter_context(up(name)) for name in installed(*BACK_ENDS)}
        yield _overhead(folder, walls, [f"{one} is not installed" for one in BACK_ENDS if one not in walls])
        rows = [Row(name, "ms", [_late(folder, one) for _ in range(KILLS)], goal=LATE) for name, one in walls.items()]
        yield Section(f"12b. From the end of its time, {WALL_S:g} s, to the death of the last process", rows)


def _overhead(folder: Path, walls: Mapping[Wanted, Sandbox], notes: list[str]) -> Section:
    bare: list[float] = []
    ours: dict[Wanted, list[float]] = {name: [] for name in walls}
    for _ in range(RUNS):
        bare.append(_timed(lambda: _bare(folder)))
        for name, one in walls.items():
            ours[name].append(_timed(lambda one=one: _inside(folder, one)))
    rows = [Row(name, "ms", spent, bare) for name, spent in ours.items()]
    for name, spent in ours.items():
        added = [mine - floor for mine, floor in zip(spent, bare, strict=True)]
        rows.append(Row(f"{name}, what it adds", "ms", added, goal=ADDED))
    return Section("12a. pytest on three tests behind walls; the floor is the same run, bare", rows, notes)


def _timed(run: Callable[[], None]) -> float:
    begun = time.perf_counter()
    run()
    return (time.perf_counter() - begun) * MS


def _bare(folder: Path) -> None:
    subprocess.run(PYTEST, cwd=folder, env={**os.environ, **ENVIRONMENT}, check=True, capture_output=True)


def _inside(folder: Path, walls: Sandbox) -> None:
    job = Job(PYTEST, folder, PROJECT, read_only=python().binds, environment=ENVIRONMENT, is_writable=True)
    ran = walls.run(job, Uncancelled())
    assert (ran.ending, ran.code) == ("exit", 0), ran


def _late(folder: Path, walls: Sandbox) -> float:
    job = Job(("sleep", "600"), folder, PROJECT, limits=Limits(wall_s=WALL_S))
    begun = time.perf_counter()
    ran = walls.run(job, Uncancelled())
    assert ran.ending == "wall", ran
    return (time.perf_counter() - begun - WALL_S) * MS
