"""A runner that is killed in the middle of a run leaves nothing, at the latest when the next one has started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from patchtrail.sandbox import Sandbox
from patchtrail.sandbox.cgroup import ROOT
from patchtrail.sandbox.choice import Wanted, usable_sandbox
from patchtrail.sandbox.owner import own_mark
from tests.sandbox.walls import left

RUNNER = """
import sys
from pathlib import Path
from patchtrail.sandbox import Bind, Job, Limits, Uncancelled
from patchtrail.sandbox.choice import usable_sandbox
name, folder, signal, go, script, wall_s = sys.argv[1:]
binds = (Bind(Path(signal), Path('/signal')), Bind(Path(go), Path('/go')))
limits = Limits(wall_s=float(wall_s))
job = Job(('sh', '-c', script), Path(folder), Path('/project'), read_only=binds, limits=limits, is_writable=True)
ran = usable_sandbox(name).run(job, Uncancelled())
print(ran.ending, ran.output.decode())
"""
LOOK = """
import os, sys
from patchtrail.sandbox.owner import is_owner_gone
os.setgroups([])
os.setgid(64_999)
os.setuid(64_999)
print(os.path.exists(f'/proc/{os.getppid()}'), is_owner_gone(sys.argv[1]))
"""
PATIENCE_S = 30


class Runner:
    """A process of its own that runs a script, which tells by a pipe that it has started, and waits for another."""

    def __init__(self, folder: Path, walls: Sandbox, script: str, wall_s: int = 60) -> None:
        self.started, self.go = folder / "signal", folder / "go"
        for one in (self.started, self.go):
            os.mkfifo(one)
            one.chmod(0o666)
        (folder / "folder").mkdir()
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(one for one in sys.path if one)}
        words = [walls.name, str(folder / "folder"), str(self.started), str(self.go), script, str(wall_s)]
        argv = [sys.executable, "-c", RUNNER, *words]
        self.process = subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, text=True)
        self.started.read_text()


def litter(pid: int) -> list[str]:
    """Return the folders, mounts and groups on this machine that belong to a process of ours."""
    folders = [one.name for one in Path("/tmp").glob(f"patchtrail-run-{pid}-*")]
    # Groups go while they are looked through.
    groups = [at for at, _, _ in os.walk(ROOT) if f"/patchtrail-{pid}-" in at]
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    return [*folders, *groups, *(one for one in mounts if f"patchtrail-run-{pid}-" in one)]


def containers(walls: Sandbox) -> list[str]:
    """Return the engine's containers, also those that have ended."""
    if walls.name == "bubblewrap":
        return []
    argv = [walls.name, "ps", "--all", "--quiet"]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()


def soon_none(look: Callable[[], list[str]]) -> list[str]:
    """Look until there is nothing, or for long enough; return what is there."""
    end = time.monotonic() + PATIENCE_S
    while (found := look()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def test_a_killed_runner_leaves_nothing(walls: Sandbox, tmp_path: Path) -> None:
    """Processes, mounts, folders, groups and containers of a runner that got SIGKILL are gone after the next start."""
    nonce = str(uuid.uuid4())
    runner = Runner(tmp_path, walls, f"echo > /signal; sleep 600 & : {nonce}; sleep 600")
    had = litter(runner.process.pid)
    runner.process.send_signal(signal.SIGKILL)
    runner.process.communicate()

    assert had
    assert not isinstance(usable_sandbox(cast("Wanted", walls.name)), str)
    assert soon_none(lambda: [*left(nonce), *litter(runner.process.pid), *containers(walls)]) == []


def test_what_nobody_ends_ends_by_itself(walls: Sandbox, tmp_path: Path) -> None:
    """A run whose runner was killed is over a little after its time, also if none is ever started again."""
    nonce = str(uuid.uuid4())
    runner = Runner(tmp_path, walls, f"echo > /signal; sleep 600 & : {nonce}; sleep 600", wall_s=2)
    runner.process.send_signal(signal.SIGKILL)
    runner.process.communicate()

    assert soon_none(lambda: left(nonce)) == []


def test_a_living_runner_keeps_what_it_has(walls: Sandbox, tmp_path: Path) -> None:
    """Another start in the middle of a run takes nothing away from it."""
    runner = Runner(tmp_path, walls, "echo > /signal; cat /go; echo done > made; cat made")
    assert not isinstance(usable_sandbox(cast("Wanted", walls.name)), str)
    runner.go.write_text("go\n")

    assert runner.process.communicate()[0].split() == ["exit", "go", "done"]


def test_a_process_that_is_hidden_lives() -> None:
    """Where a machine hides the processes of other people, a living one of theirs is not taken for dead."""
    if os.geteuid() != 0:
        pytest.skip("only root can hide processes")
    mount = 'mount -t proc -o hidepid=invisible proc /proc && exec "$@"'
    argv = ["unshare", "--mount", "sh", "-c", mount, "sh", sys.executable, "-c", LOOK, f"patchtrail-{own_mark()}-x"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(one for one in sys.path if one)}
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)

    assert (done.stdout, done.stderr) == ("False False\n", "")
