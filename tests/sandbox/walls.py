"""One way to run something inside, for all tests of the sandbox."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from patchtrail.llm import Cancellation
from patchtrail.sandbox import Bind, Job, Limits, Ran, Sandbox
from patchtrail.sandbox.bubblewrap import Bubblewrap
from patchtrail.sandbox.python_tree import PythonTree, python_tree

INSTALL = (
    "The sandbox cannot be tested: apt-get install bubblewrap libseccomp2 util-linux, as root or with user namespaces"
)
PROJECT = Path("/project")
PYTHON = Path(sys.executable)


def usable() -> Bubblewrap:
    """Return the back end; a machine without one fails the test, with what to install."""
    walls = Bubblewrap()
    reason = walls.is_usable()
    assert reason is None, f"{INSTALL} ({reason})"
    return walls


def python() -> PythonTree:
    """Return what this test's own Python needs to be shown."""
    tree = python_tree(PYTHON)
    assert tree is not None
    return tree


def check(
    walls: Sandbox,
    folder: Path,
    *argv: str,
    limits: Limits | None = None,
    overlays: Mapping[str, bytes | None] | None = None,
    environment: Mapping[str, str] | None = None,
    read_only: tuple[Bind, ...] = (),
    cancellation: Cancellation | None = None,
    is_writable: bool = False,
) -> Ran:
    """Run words on a folder; `python` is this test's own Python."""
    tree = python()
    words = tuple(str(tree.executable) if word == "python" else word for word in argv)
    job = Job(
        argv=words,
        folder=folder,
        folder_at=PROJECT,
        overlays=overlays or {},
        read_only=(*tree.binds, *read_only),
        environment={"PYTHONDONTWRITEBYTECODE": "1", **(environment or {})},
        limits=limits or Limits(wall_s=30),
        result_path="/tmp/result",
        is_writable=is_writable,
    )
    return walls.run(job, cancellation or Cancellation())


def left(nonce: str) -> list[str]:
    """Return the processes of the machine that carry a word in their command line and are not dead yet."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
            state = (process / "stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if nonce.encode() in words and state not in "ZX":
            found.append(words.decode("utf-8", "replace"))
    return found
