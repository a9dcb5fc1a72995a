"""`python -m tests.bench`: measure everything and print it; nothing is asserted about time."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench import (
    append,
    authors,
    clusters,
    diffs,
    editor,
    hints,
    hostile,
    ingest,
    judging,
    patches,
    redaction,
    replay,
    retrieval,
    sandbox,
    save_path,
    startup,
    validation,
)
from tests.bench.table import Section

__all__ = ["main"]

Measure = Callable[[Path], Iterator[Section]]
PARTS: dict[str, Measure] = {
    "save_path": save_path.measure,
    "diffs": diffs.measure,
    "append": append.measure,
    "redaction": redaction.measure,
    "ingest": ingest.measure,
    "startup": startup.measure,
    "replay": replay.measure,
    "editor": editor.measure,
    "authors": authors.measure,
    "hostile": hostile.measure,
    "patches": patches.measure,
    "retrieval": retrieval.measure,
    "hints": hints.measure,
    "sandbox": sandbox.measure,
    "validation": validation.measure,
    "judging": judging.measure,
    "clusters": clusters.measure,
}
LEGEND = "p50 is the median, p99 the bad end; the ratio is ours / floor, taken alternately in this one run."


def main(names: list[str]) -> int:
    """Run the named parts, or all of them."""
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print(f"There is no part {', '.join(unknown)}; there are {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    begun = time.perf_counter()
    print(f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}, Python {platform.python_version()}")
    print(LEGEND)
    with tempfile.TemporaryDirectory(prefix="patchtrail-bench-") as temporary:
        for name in names or PARTS:
            folder = Path(temporary).resolve() / name
            folder.mkdir()
            for section in PARTS[name](folder):
                print(f"\n{section}", flush=True)
    print(f"\n{time.perf_counter() - begun:.0f} s in all.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
