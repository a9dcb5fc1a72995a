"""Each limit stops what goes beyond it, and when a run is over nothing of it is left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from patchtrail.llm import Cancellation
from patchtrail.sandbox import Bind, Limits
from patchtrail.sandbox.bubblewrap import Bubblewrap
from tests.sandbox.walls import check, left

MIB = 1 << 20
SMALL = Limits(
    memory_bytes=256 * MIB, process_bytes=512 * MIB, cpu_s=1, processes=32, file_bytes=8 * MIB,
    scratch_bytes=16 * MIB, wall_s=20, output_bytes=1000,
)  # fmt: skip
HOLD = "held = []\nwhile True: held.append(bytearray(b'x') * (16 << 20))"
FORKS = """
import os, signal
made = 0
try:
    for _ in range(500):
        if os.fork() == 0:
            signal.pause()
        made += 1
except OSError as error:
    print(error.errno, made)
"""
FILL = """
import os
for part in range(9):
    with open(f'/tmp/{part}', 'wb', buffering=0) as out:
        for _ in range(4):
            out.write(b'x' * (1 << 20))
"""
BOMB = """
import os
while True:
    try:
        os.fork()
    except OSError:
        pass
"""
DAEMON = """
import os, signal
if os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.fork() == 0:
        for one in range(3):
            os.close(one)
        signal.pause()
    os._exit(0)
os.wait()
"""


def run(walls: Bubblewrap, folder: Path, program: str, limits: Limits = SMALL) -> tuple[str, int | None, str]:
    """Run a Python program, and say how it ended."""
    ran = check(walls, folder, "python", "-c", program, limits=limits)
    return ran.ending, ran.code, ran.output.decode()


def test_a_process_gets_no_more_memory(walls: Bubblewrap, tmp_path: Path) -> None:
    """A process that asks for more memory than it may have is refused it."""
    limits = replace(SMALL, memory_bytes=1024 * MIB)
    ending, code, output = run(walls, tmp_path, HOLD, limits)

    assert (ending, code) == ("exit", 1)
    assert "MemoryError" in output


def test_a_run_gets_no_more_memory(walls: Bubblewrap, tmp_path: Path) -> None:
    """A run that holds too much memory is killed as a whole, or the limit is named as missing."""
    ran = check(walls, tmp_path, "python", "-c", HOLD, limits=replace(SMALL, process_bytes=8192 * MIB))

    if "memory of the whole run" in ran.missing_limits:
        assert b"MemoryError" in ran.output
    else:
        assert (ran.ending, ran.code) == ("memory", None)


def test_forks_are_refused(walls: Bubblewrap, tmp_path: Path) -> None:
    """Processes beyond the limit are refused."""
    ending, code, output = run(walls, tmp_path, FORKS)
    error, made = map(int, output.split())

    assert (ending, code, error) == ("exit", 0, 11)
    assert made <= SMALL.processes


def test_files_and_scratch_are_bounded(walls: Bubblewrap, tmp_path: Path) -> None:
    """A file stops growing at its limit, and all files together at the scratch place's size."""
    file = run(walls, tmp_path, "open('/tmp/one', 'wb', buffering=0).write(b'x' * (9 << 20)); import os; "
               "print(os.stat('/tmp/one').st_size)")  # fmt: skip
    scratch = run(walls, tmp_path, FILL)

    assert file == ("exit", 0, f"{8 * MIB}\n")
    assert scratch[:2] == ("exit", 1)
    assert "No space left" in scratch[2]


def test_cpu_time_is_bounded(walls: Bubblewrap, tmp_path: Path) -> None:
    """A process that computes for too long is stopped by the kernel."""
    ending, code, _ = run(walls, tmp_path, "while True: pass")

    assert (ending, code) in [("exit", 128 + 24), ("exit", 128 + 9)]


def test_output_is_cut(walls: Bubblewrap, tmp_path: Path) -> None:
    """An endless output is read on and dropped, so that the program is not held up and memory is bounded."""
    ran = check(walls, tmp_path, "sh", "-c", "head -c 3000000 /dev/zero; echo end >&2", limits=SMALL)

    assert (ran.ending, ran.code, len(ran.output), ran.is_output_cut) == ("exit", 0, 1000, True)


def test_a_result_is_capped_and_no_link(walls: Bubblewrap, tmp_path: Path) -> None:
    """What is handed back is a file of bounded size, never what a link leads to."""
    capped = replace(SMALL, result_bytes=10)
    whole = check(walls, tmp_path, "sh", "-c", "printf 123 > /tmp/result", limits=capped)
    long = check(walls, tmp_path, "sh", "-c", "head -c 5000 /dev/zero > /tmp/result", limits=capped)
    link = check(walls, tmp_path, "ln", "-s", "/usr/bin/env", "/tmp/result", limits=capped)

    assert (whole.result, len(long.result or b""), link.result) == (b"123", 10, None)


@pytest.mark.parametrize("program", ["import signal; signal.pause()", BOMB, "while True: pass"])
def test_the_wall_clock_ends_everything(walls: Bubblewrap, tmp_path: Path, program: str) -> None:
    """A run that does not end is killed with all of its processes, a fork bomb as well."""
    nonce = str(uuid.uuid4())
    limits = replace(SMALL, wall_s=1, cpu_s=60, cpu_percent=50)
    ending, code, _ = run(walls, tmp_path, f"'{nonce}'\n{program}", limits)

    assert (ending, code) == ("wall", None)
    assert left(nonce) == []


def test_a_daemon_does_not_outlive_its_run(walls: Bubblewrap, tmp_path: Path) -> None:
    """A child that left its session, ignores signals and closed its streams is gone when the run is over."""
    nonce = str(uuid.uuid4())
    ending, code, _ = run(walls, tmp_path, f"'{nonce}'\n{DAEMON}")

    assert (ending, code) == ("exit", 0)
    assert left(nonce) == []


def test_a_cancelled_run_ends(walls: Bubblewrap, tmp_path: Path) -> None:
    """Who cancels a run ends it and all of its processes; one that was cancelled before never starts."""
    nonce, cancellation = str(uuid.uuid4()), Cancellation()
    signal, folder = tmp_path / "signal", tmp_path / "folder"
    folder.mkdir()
    os.mkfifo(signal)
    signal.chmod(0o666)

    def cancel_once_it_runs() -> None:
        signal.read_text()
        cancellation.cancel()

    canceller = threading.Thread(target=cancel_once_it_runs)
    canceller.start()
    words = ("sh", "-c", f"echo started; echo > /signal; : {nonce}; sleep 600 & sleep 600")
    ran = check(walls, folder, *words, read_only=(Bind(signal, Path("/signal")),), cancellation=cancellation)
    canceller.join()
    late = check(walls, folder, "echo", "started", cancellation=cancellation)

    assert (ran.ending, ran.code, ran.output) == ("cancelled", None, b"started\n")
    assert (late.ending, late.output) == ("cancelled", b"")
    assert left(nonce) == []


@pytest.mark.parametrize("lacking", ["bwrap", "prlimit"])
def test_nothing_runs_bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacking: str) -> None:
    """Where the sandbox's parts are missing nothing is run at all, and the reason says what to install."""
    tools, folder = tmp_path / "tools", tmp_path / "folder"
    tools.mkdir()
    folder.mkdir()
    for name in {"bwrap", "prlimit", "sh", "setpriv", "unshare", "mount"} - {lacking}:
        (tools / name).symlink_to(f"/usr/bin/{name}")
    monkeypatch.setenv("PATH", str(tools))
    walls = Bubblewrap()
    ran = check(walls, folder, "touch", str(tmp_path / "ran"))

    assert (ran.ending, ran.code, ran.output) == ("no_sandbox", None, b"")
    assert ran.problem == walls.is_usable()
    assert ran.problem.startswith("no sandbox: ")
    assert lacking in ran.problem
    assert not (tmp_path / "ran").exists()


def test_walls_that_do_not_stand_run_nothing(walls: Bubblewrap, tmp_path: Path) -> None:
    """Where the walls cannot be put up the command is not run, and what bubblewrap said stands in the reason."""
    absent = Bind(Path("/absent-from-this-machine"), Path("/absent"))
    ran = check(walls, tmp_path, "echo", "ran", read_only=(absent,))

    assert (ran.ending, ran.output) == ("no_sandbox", b"")
    assert "absent-from-this-machine" in ran.problem


ORDINARY = """
import json, os, sys
from dataclasses import asdict
from pathlib import Path
import pyseccomp
from patchtrail.llm import Cancellation
from patchtrail.sandbox import Job, Limits
from patchtrail.sandbox.bubblewrap import Bubblewrap
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(64_999)
    os.setuid(64_999)
walls = Bubblewrap()
script = 'id -u; touch written; ls; for one in $(seq 200); do sleep 600 & done'
job = Job(('sh', '-c', script), Path(sys.argv[1]), Path('/project'), limits=Limits(wall_s=20, processes=40))
ran = walls.run(job, Cancellation())
print(json.dumps([walls.is_usable(), ran.ending, ran.output.decode(), ran.missing_limits]))
"""


def test_an_ordinary_user_has_walls_too(walls: Bubblewrap) -> None:
    """Without root there is the same sandbox; what only root can limit is named."""
    with_server = {**os.environ, "PYTHONPATH": os.pathsep.join(one for one in sys.path if one)}
    with subprocess.Popen(["mktemp", "-d"], stdout=subprocess.PIPE, text=True) as making:
        folder = Path(making.communicate()[0].strip())
    folder.chmod(0o777)
    try:
        done = subprocess.run(
            [sys.executable, "-c", ORDINARY, str(folder)], env=with_server, capture_output=True, text=True, check=False
        )
    finally:
        folder.rmdir()

    assert done.returncode == 0, done.stderr
    reason, ending, output, _ = json.loads(done.stdout)
    assert (reason, ending, output.splitlines()[0]) == (None, "exit", "65534")
    assert "fork" in output
    assert "\nwritten\n" not in output
