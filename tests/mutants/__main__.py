"""`python -m tests.mutants`: a table of every check, and the test that turned red without it; exits 1 on a survivor."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutants.switched_off import Check, checks, write_copy

ROOT = Path(__file__).parents[2]
COMMAND = [
    sys.executable,
    *("-m", "pytest", "-q", "-x", "--tb=no", "--no-header", "-p", "no:cacheprovider"),
    *("tests/integrity", "--deselect=tests/integrity/test_honest_sessions.py::test_two_thousand_honest_sessions"),
]


def main() -> int:
    """Try each mutant; print the table."""
    if subprocess.run(COMMAND, cwd=ROOT, check=False).returncode != 0:
        print("The tests are red as they are, so nothing can be learned from switching checks off.")
        return 1
    found = list(checks())
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        verdicts = list(pool.map(noticed_by, found))
    width = max(len(str(check)) for check in found)
    for check, verdict in zip(found, verdicts, strict=True):
        print(f"{check!s:<{width}}  {verdict or 'SURVIVED'}")
    survivors = verdicts.count(None)
    print(f"\n{len(found)} checks switched off, {len(found) - survivors} noticed, {survivors} survived.")
    return 1 if survivors else 0


def noticed_by(check: Check) -> str | None:
    """Return the first test that turns red without a check; None when none does."""
    with tempfile.TemporaryDirectory(prefix="patchtrail-mutant-") as folder:
        write_copy(check, Path(folder))
        environment = {**os.environ, "PYTHONPATH": folder, "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(COMMAND, cwd=ROOT, env=environment, capture_output=True, text=True)
    failed = [line.split("::")[-1].split(" ")[0] for line in done.stdout.splitlines() if line.startswith("FAILED ")]
    broken = [line for line in done.stdout.splitlines() if line.startswith("ERROR ")]
    return failed[0] if failed else broken[0] if broken else None


if __name__ == "__main__":
    sys.exit(main())
