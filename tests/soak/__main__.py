"""Run the long versions of the delivery tests, and of a flooded terminal, for so many minutes; say what was found.

::

    python -m tests.soak [--minutes N]
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SEEDS_PER_MINUTE = 500


@dataclass(frozen=True)
class Part:
    """One thing to run, and what share of the time it may take."""

    name: str
    command: list[str]
    environment: dict[str, str]
    share: float


def parts(minutes: float) -> list[Part]:
    """Return everything that is run."""
    pytest = [sys.executable, "-m", "pytest", "-q", "--show-capture=no", "--timeout=36000"]
    seeds = str(round(SEEDS_PER_MINUTE * minutes * 0.4))
    kills = str(max(1, round(minutes / 2)))
    runs = [
        Part("crash machine", [*pytest, "tests/delivery/test_crashes.py"], {"PATCHTRAIL_SOAK_SEEDS": seeds}, 0.4),
        Part(
            "damage, room, wire",
            [*pytest, "tests/delivery", "--ignore=tests/delivery/test_crashes.py"],
            {"PATCHTRAIL_SOAK_MB": str(min(500, round(20 * minutes)))},
            0.3,
        ),
        Part("sidecar kills", [*pytest, "tests/e2e/test_kills.py"], {"PATCHTRAIL_SOAK_SESSIONS": kills}, 0.2),
        Part(
            "collector kills",
            [*pytest, "tests/e2e/test_collector_kills.py"],
            {"PATCHTRAIL_SOAK_COLLECTOR_KILLS": str(max(8, round(minutes * 3)))},
            0.1,
        ),
    ]
    flood = [*pytest, "tests/e2e/test_editor_shells.py", "-k", "flood"]
    runs.append(Part("flooded terminal", flood, {"OUTPUT_MIB": str(max(128, min(1024, round(60 * minutes))))}, 0.4))
    if importlib.util.find_spec("tests.soak.fuzz_api") is not None:
        fuzz = [sys.executable, "-m", "tests.soak.fuzz_api", "--seconds", str(max(30, round(minutes * 12)))]
        runs.append(Part("HTTP API", fuzz, {}, 0.2))
    return runs


def main() -> int:
    """Run every part, print a table, and fail if anything was found."""
    parser = argparse.ArgumentParser("python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="about how long (default: 30)")
    minutes = parser.parse_args().minutes
    rows, has_failed = list[tuple[str, str, str, str]](), False
    for part in parts(minutes):
        started_s = time.monotonic()
        print(f"{part.name} …", flush=True)
        try:
            done = subprocess.run(
                part.command,
                cwd=ROOT,
                env={**os.environ, **part.environment},
                capture_output=True,
                text=True,
                # A part that takes three times its share, and ten minutes, hangs.
                timeout=600 + 180 * minutes * part.share,
            )
            said, is_green = done.stdout, done.returncode == 0
        except subprocess.TimeoutExpired as late:
            told = late.stdout or b""
            said = told.decode(errors="replace") if isinstance(told, bytes) else told
            said, is_green = f"{said}\nstopped: it hung", False
        has_failed |= not is_green
        if not is_green:
            print(said)
        size = " ".join(f"{name.removeprefix('PATCHTRAIL_SOAK_')}={value}" for name, value in part.environment.items())
        found = (said.strip().splitlines() or ["nothing was said"])[-1]
        rows.append((part.name, size, f"{(time.monotonic() - started_s) / 60:.1f} min", found))
    widths = [max(len(row[at]) for row in rows) for at in range(4)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))
    return int(has_failed)


if __name__ == "__main__":
    sys.exit(main())
