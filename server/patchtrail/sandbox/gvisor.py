"""gVisor's runsc as the runtime of Docker or Podman, where a current one is installed."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from patchtrail.sandbox.container import ContainerSandbox
from patchtrail.sandbox.engine import DOCKER, PODMAN
from patchtrail.sandbox.port import Uncancelled
from patchtrail.sandbox.process import Command, run_process

__all__ = ["gvisor"]

OLDEST = 20240101
"""Earlier ones, as some distributions carry them, lack years of repairs."""
RELEASE = re.compile(rb"\b(20\d{6})\b")
VERSION_S = 10.0


def gvisor() -> ContainerSandbox | str:
    """Return the back end, not tried out yet, or why there is none."""
    runsc = shutil.which("runsc")
    if runsc is None:
        return "no sandbox: runsc not found (install gVisor)"
    told = run_process(Command((runsc, "--version"), Path("/"), os.environ, VERSION_S), Uncancelled())
    released = RELEASE.search(told.stdout)
    if released is None or int(released[1]) < OLDEST:
        said = told.stdout.decode("utf-8", "replace").strip().splitlines()[:1]
        return f"no sandbox: this runsc is too old or unknown ({''.join(said)[:80]}); it must be of 2024 or later"
    if shutil.which(DOCKER.program) and b'"runsc":' in DOCKER.ask("info", "--format", "{{json .Runtimes}}").stdout:
        return ContainerSandbox(DOCKER, "runsc")
    if shutil.which(PODMAN.program):
        return ContainerSandbox(PODMAN, runsc)
    return "no sandbox: runsc is a runtime of neither docker nor podman"
