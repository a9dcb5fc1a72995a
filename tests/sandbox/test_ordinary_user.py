"""Somebody who is not root has the same walls; what they cannot limit is named, unless a group was delegated."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from patchtrail.sandbox.cgroup import CONTROLLERS, ROOT

USER = 64_999
RUN = """
import json, os, sys
from pathlib import Path
import pyseccomp
from patchtrail.sandbox import Job, Limits, Uncancelled
from patchtrail.sandbox.bubblewrap import Bubblewrap
user, folder, script, *entrances = sys.argv[1:]
for entrance in entrances:
    Path(entrance).write_text(str(os.getpid()))
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(int(user))
    os.setuid(int(user))
walls = Bubblewrap()
limits = Limits(wall_s=30, processes=40, memory_bytes=64 << 20, process_bytes=4 << 30)
ran = walls.run(Job(('sh', '-c', script), Path(folder), Path('/project'), limits=limits), Uncancelled())
print(json.dumps([walls.is_usable(), ran.ending, ran.output.decode(), ran.missing_limits]))
"""
FORKS = "id -u; touch written; ls; for one in $(seq 200); do sleep 600 & done"
HOLD = "head -c 300000000 /dev/zero | tail -c 299999999 | wc -c"
TOOLS = ("bwrap", "prlimit", "sh")
"""All that is needed of the machine."""
OF_ROOT = {"memory of the whole run", "CPU share of the whole run", "number of files"}


def run(script: str, entrances: tuple[Path, ...] = ()) -> tuple[str | None, str, str, set[str]]:
    """Run a script inside as an ordinary user; return whether it is usable, ending, output, missing limits."""
    folder = Path(tempfile.mkdtemp(prefix="ordinary-", dir="/tmp"))
    tools = Path(tempfile.mkdtemp(prefix="ordinary-tools-", dir="/tmp"))
    environment = {**os.environ, "PATH": str(tools), "PYTHONPATH": os.pathsep.join(one for one in sys.path if one)}
    try:
        folder.chmod(0o777)
        tools.chmod(0o755)
        for one in TOOLS:
            (tools / one).symlink_to(f"/usr/bin/{one}")
        argv = [sys.executable, "-c", RUN, str(USER), str(folder), script, *map(str, entrances)]
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    finally:
        shutil.rmtree(folder)
        shutil.rmtree(tools)
    assert done.returncode == 0, done.stderr
    usable, ending, output, missing = json.loads(done.stdout)
    return usable, ending, output, set(missing)


@contextlib.contextmanager
def delegated() -> Iterator[tuple[Path, ...]]:
    """Give a group to the ordinary user, as a service manager does; yield the files by which one enters it."""
    is_v2 = (ROOT / "cgroup.controllers").exists()
    name = f"delegated-{os.getpid()}"
    tops = [ROOT / name] if is_v2 else [ROOT / one / name for one in CONTROLLERS]
    made = [*tops, *([tops[0] / "inner"] if is_v2 else [])]
    if is_v2:
        (ROOT / "cgroup.subtree_control").write_text(" ".join(f"+{one}" for one in CONTROLLERS))
    for folder in made:
        folder.mkdir()
        for one in (folder, *folder.glob("cgroup.*")):
            shutil.chown(one, USER, USER)
    try:
        yield tuple(folder / "cgroup.procs" for folder in (made[1:] if is_v2 else made))
    finally:
        for folder in reversed(made):
            _remove(folder)


def _remove(folder: Path) -> None:
    """Remove a group; the kernel refuses for a moment after the last member's death."""
    for _ in range(100):
        with contextlib.suppress(OSError):
            folder.rmdir()
            return
        time.sleep(0.05)
    folder.rmdir()


def test_an_ordinary_user_has_walls_too() -> None:
    """Without root there is the same sandbox; what only root can limit is named."""
    usable, ending, output, missing = run(FORKS)

    assert (usable, ending, output.splitlines()[0]) == (None, "exit", "65534")
    assert "fork" in output
    assert "\nwritten\n" not in output
    assert missing >= OF_ROOT


def test_a_delegated_group_limits_the_whole_run() -> None:
    """Where a group was delegated to the user nothing is missing, and memory is held to its limit."""
    if os.geteuid() != 0:
        pytest.skip("only root can delegate a group")
    with delegated() as entrances:
        forks, hold = run(FORKS, entrances), run(HOLD, entrances)

    assert (forks[0], forks[1], forks[3]) == (None, "exit", set())
    assert (hold[1], hold[3]) == ("memory", set())
