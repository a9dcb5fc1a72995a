"""Hostile workspaces, as ratios: a 10 MB file is saved, a terminal writes a lot, without and with a recording."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from lsp import LanguageClient
from patchtrail.study import current_consent
from tests.bench.editor import opened
from tests.bench.table import Goal, Row, Section
from tests.e2e.conftest import PATCHTRAIL, ROOT, TARGET, git
from tests.e2e.desk import Collector
from tests.e2e.participant import Participant
from tests.e2e.rig import until

__all__ = ["measure"]

BARE = [sys.executable, "-m", "tests.bench.bare_pygls"]
LINE = "0123456789" * 10 + "\n"
FILE_BYTES = 10_000_000
SAVES = 100
OUTPUT_BYTES = 100_000_000
ROUNDS = 3
FACTS = {"is_telemetry_enabled": True, "is_workspace_trusted": True, "consent": current_consent().model_dump()}


def measure(folder: Path) -> Iterator[Section]:
    """Yield what a save of a large file and a long output take."""
    yield _saves(folder)
    yield _terminals(folder)


def _saves(folder: Path) -> Section:
    works = [folder / name for name in ("bare", "ours")]
    for work in works:
        work.mkdir()
        (work / "big.txt").write_text(LINE * (FILE_BYTES // len(LINE)))
        git(work, "init", "--quiet")
    with (folder / "bare.log").open("wb") as log:
        bare = LanguageClient(BARE, None, log=log)
    ours = LanguageClient([*PATCHTRAIL, "serve", "--spool", str(folder / "spool")], None)
    for client, work in zip((bare, ours), works, strict=True):
        client.initialize(work, {"settings": {"folders_allowed": [str(work)]}})
    ours.request("patchtrail/facts/report", FACTS)
    ours.request("patchtrail/session/start", {"root_uri": works[1].as_uri(), "task_id": "bench"})
    took: tuple[list[float], list[float]] = ([], [])
    held: tuple[list[float], list[float]] = ([], [])
    for client, work in zip((bare, ours), works, strict=True):
        client.open(work / "big.txt")
    for number in range(SAVES):
        for client, work, samples, sizes in zip((bare, ours), works, took, held, strict=True):
            samples.append(_save(client, work / "big.txt", number))
            sizes.append(psutil.Process(client.pid).memory_info().rss / 2**20)
    for client in (bare, ours):
        client.stop()
    rows = [
        Row("save, until the server has taken it in", "ms", took[1], took[0], Goal("<= 1.25x", "<= 1.05x")),
        Row("resident memory after a save", "MiB", held[1], held[0], Goal("p99 < 400", "p99 < 200")),
    ]
    return Section(f"11a. A 10 MB file, changed and saved {SAVES} times; floor: a bare pygls server", rows)


def _save(client: LanguageClient, path: Path, number: int) -> float:
    """Return the milliseconds that a change and a save take, as an editor's pipe feels them."""
    text = f"save {number}\n" + LINE * (FILE_BYTES // len(LINE))
    begun = time.perf_counter()
    client.edit_and_save(path, text)
    spent = (time.perf_counter() - begun) * 1_000
    # What is done behind it does not count, and must not slow the next one.
    time.sleep(0.5)
    return spent


def _terminals(folder: Path) -> Section:
    (vsix,) = (ROOT / "dist").glob(f"patchtrail-{TARGET}-*.vsix")
    collector = Collector(PATCHTRAIL, folder / "collector")
    took: tuple[list[float], list[float]] = ([], [])
    try:
        for samples, extensions in zip(took, ([], [vsix]), strict=True):
            with opened(folder / f"terminal-{len(extensions)}", extensions) as person:
                if extensions:
                    person.connect(collector, collector.invite())
                    person.consent()
                    person.start("Bench")
                person.terminal()
                samples += [_write(person, number) for number in range(ROUNDS)]
    finally:
        collector.stop()
    goal = Goal(">= 0.8x", ">= 0.95x")
    row = Row("output through the terminal", "MB/s", took[1], took[0], goal, is_rate=True, is_paired=False)
    return Section(f"11b. A terminal that writes {OUTPUT_BYTES / 1e6:.0f} MB; floor: without the extension", [row])


def _write(person: Participant, number: int) -> float:
    """Return the MB per second that a command gets rid of."""
    done = person.repository.parent / f"took-{number}"
    timed = f"S=$(date +%s%N); yes {LINE.strip()} | head -c {OUTPUT_BYTES}; echo $(($(date +%s%N) - S)) > {done}.new"
    person.terminal_line(f"{timed}; mv {done}.new {done}")
    until("the output is written", done.exists, 400)
    return OUTPUT_BYTES / 1e6 / (int(done.read_text()) / 1e9)
