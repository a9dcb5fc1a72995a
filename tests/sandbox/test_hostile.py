"""A hostile program inside reaches nothing of the machine; the same program outside does."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from patchtrail.llm import Cancellation
from patchtrail.sandbox import Bind, Sandbox
from tests.sandbox import probes
from tests.sandbox.walls import PROJECT, check, python

HERE = Path(__file__).parent
OF_ENGINES = {"docker": ("sys", "run", ".dockerenv"), "podman": ("sys", "run")}
"""What an engine puts at the top by itself; it is empty."""
NAMES = [probe.__name__ for probe in probes.PROBES]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository with a file that git ignores, and with the probes in it."""
    made = tmp_path_factory.mktemp("hostile")
    subprocess.run(["git", "init", "-q", str(made)], check=True)
    (made / "src").mkdir()
    (made / "src/a.py").write_text("x = 1\n")
    (made / ".gitignore").write_text(".env\n")
    (made / ".env").write_text("SECRET=1\n")
    (made / "probes.py").write_text((HERE / "probes.py").read_text())
    return made


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, object]]:
    """Set up what the machine has to lose: servers of three kinds, a file, a process, a word in an environment."""
    made = tmp_path_factory.mktemp("machine")
    (made / "secret").write_text("s3cret")
    abstract, word = f"\0{uuid.uuid4()}", str(uuid.uuid4())
    with (
        socket.create_server(("127.0.0.1", 0)) as loopback,
        socket.socket(socket.AF_UNIX) as named,
        socket.socket(socket.AF_UNIX) as hidden,
        pytest.MonkeyPatch.context() as patch,
    ):
        named.bind(str(made / "socket"))
        hidden.bind(abstract)
        named.listen()
        hidden.listen()
        patch.setenv("PROBE_WORD", word)
        yield {
            "port": loopback.getsockname()[1],
            "socket": str(made / "socket"),
            "abstract": abstract,
            "secret": str(made / "secret"),
            "pid": os.getpid(),
            "word": word,
            "other": str(uuid.uuid4()),
        }


@contextlib.contextmanager
def another_run(walls: Sandbox, signal: Path, word: str) -> Iterator[None]:
    """Keep another run going meanwhile, which has files and a process by which it can be known."""
    os.mkfifo(signal)
    signal.chmod(0o666)
    empty, cancellation = signal.parent / "empty", Cancellation()
    empty.mkdir()
    script = f"touch /tmp/of-other /dev/shm/of-other; echo > /signal; sleep 600 & : {word}; wait"
    binds = (Bind(signal, Path("/signal")),)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(check, walls, empty, "sh", "-c", script, read_only=binds, cancellation=cancellation)
        signal.read_text()
        try:
            yield
        finally:
            cancellation.cancel()
    assert running.result().ending == "cancelled"


@pytest.fixture(scope="module")
def inside(
    walls: Sandbox, folder: Path, known: dict[str, object], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str | None]:
    """Run all probes inside, once, while another run goes on."""
    shown = sorted({*(bind.target.parts[1] for bind in python().binds), *OF_ENGINES.get(walls.name, ())})
    # Its own name for the word would give it away.
    told = json.dumps({**known, "word": str(known["word"])[::-1], "shown": shown})
    program = "import os, runpy, json; p = json.loads(os.environ['PROBE']); p['word'] = p['word'][::-1]; "
    program += "import sys; sys.argv = ['probes.py']; os.environ['PROBE'] = json.dumps(p); "
    program += f"runpy.run_path('{PROJECT}/probes.py', run_name='__main__')"
    with another_run(walls, tmp_path_factory.mktemp("other") / "signal", str(known["other"])):
        ran = check(walls, folder, "python", "-c", program, environment={"PROBE": told})

    assert ran.ending == "exit", ran
    assert ran.code == 0, ran.output.decode()
    return json.loads(ran.output.splitlines()[-1])


@pytest.mark.parametrize("name", NAMES)
def test_a_probe_is_contained(inside: dict[str, str | None], name: str) -> None:
    """Each way out that a program may try is closed."""
    assert inside[name] is None


def test_the_probes_find_what_is_open(folder: Path, known: dict[str, object]) -> None:
    """Run bare, the same probes reach the machine's servers, files and processes: they do look."""
    environment = {**os.environ, "PROBE": json.dumps({**known, "shown": []})}
    done = subprocess.run(
        [sys.executable, str(folder / "probes.py"), *probes.HARMLESS],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout.splitlines()[-1])

    assert {name: told for name, told in found.items() if told is None} == {}
    assert set(found) == set(probes.HARMLESS)
