"""Docker and Podman, as far as their command lines and their answers differ, and how they are asked."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from patchtrail.sandbox.limits import CPU_SHARE, FILES, MEMORY, PROCESSES
from patchtrail.sandbox.port import Cancelling, Uncancelled
from patchtrail.sandbox.process import Command, Ended, run_process

__all__ = ["DOCKER", "PODMAN", "Engine", "engine_fault"]

ENGINE_S = 60.0
"""How long an engine may take for what is none of a job's doing."""


@dataclass(frozen=True)
class Engine:
    """One engine's ways.

    `options` are its own for `create`. `scratch` is what a place in memory is given so that user `{uid}` may write to
    it, and `{files}` files at most. `remove` ends a container and takes it away. `lacking` reads from the engine's
    `info` which limits it cannot hold.
    """

    program: Literal["docker", "podman"]
    package: str
    options: tuple[str, ...]
    scratch: str
    remove: tuple[str, ...]
    lacking: Callable[[bytes], tuple[str, ...]]

    def ask(self, *words: str, stdin: bytes = b"", cancellation: Cancelling | None = None) -> Ended:
        """Run the engine's client to its end, with this process's environment: DOCKER_HOST and its like count."""
        command = Command((self.program, *words), Path("/"), os.environ, timeout_s=ENGINE_S, stdin=stdin)
        return run_process(command, cancellation or Uncancelled())


def engine_fault(engine: Engine, ended: Ended) -> str:
    """Return in a sentence what an engine answered instead of doing what it was asked."""
    said = ended.problem or ended.stderr.decode("utf-8", "replace").strip() or f"it ended with {ended.ending}"
    return f"no sandbox: {engine.program} could not be used: {said[-500:]}"


def _lacking_in_docker(info: bytes) -> tuple[str, ...]:
    told = _object(info)
    keys = {MEMORY: "MemoryLimit", CPU_SHARE: "CpuCfsQuota", PROCESSES: "PidsLimit"}
    return tuple(limit for limit, key in keys.items() if told.get(key) is not True)


def _lacking_in_podman(info: bytes) -> tuple[str, ...]:
    host = _object(info).get("host")
    controllers = (host.get("cgroupControllers") if isinstance(host, dict) else None) or []
    names = {MEMORY: "memory", CPU_SHARE: "cpu", PROCESSES: "pids"}
    return (FILES, *(limit for limit, name in names.items() if name not in controllers))


def _object(text: bytes) -> Mapping[str, Any]:
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


DOCKER = Engine(
    program="docker",
    package="docker.io",
    options=("--pull=never",),
    scratch="uid={uid},gid={uid},nr_inodes={files}",
    remove=("rm", "--force"),
    lacking=_lacking_in_docker,
)
PODMAN = Engine(
    program="podman",
    package="podman",
    options=("--pull=never", "--read-only-tmpfs=false"),
    scratch="U",
    # Otherwise it asks politely first, and waits.
    remove=("rm", "--force", "--time=0"),
    lacking=_lacking_in_podman,
)
