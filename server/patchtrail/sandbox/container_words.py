"""The command line that makes a container: the same walls, limits and view as bubblewrap's."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from patchtrail.contract.errors import InvalidInput
from patchtrail.sandbox.engine import Engine
from patchtrail.sandbox.inside import inner_words
from patchtrail.sandbox.limits import CPU_SHARE, MEMORY, PROCESSES, Limits, prlimit_words
from patchtrail.sandbox.port import Bind, Job
from patchtrail.sandbox.view import Scratch, environment, scratches, source_at, system_binds

__all__ = ["Container", "create_words"]

LAST_S = 5
"""By how much a container may outlive its time when whoever started it was killed and cannot end it."""
OWN_FILES = ("hosts", "hostname", "resolv.conf", "passwd", "group")
"""Files that an engine writes into `/etc`, some of them from the machine's."""
SPECIAL = frozenset(',:"\n\r')
"""Characters that an engine's options cannot hold in a path."""
# As the first process the shell takes in orphans, which would otherwise count as processes for ever. The command may
# kill what ends it at last, which matters only when our process is gone as well.
FIRST = """(sleep "$1"; kill -KILL -1) &
shift
"$@"
exit "$?"
"""


@dataclass(frozen=True)
class Container:
    """What one container is made of, besides its job: its name, its user, and the files for it.

    `nothing` is a folder that is empty but for mount points, `empty` an empty file, `profile` the filter's file.
    """

    name: str
    user: int
    image: str
    runtime: str
    copy: Path
    nothing: Path
    empty: Path
    profile: Path
    nonce: str
    lacking: tuple[str, ...]


def create_words(engine: Engine, job: Job, container: Container) -> list[str]:
    """Return the whole command line; raises `InvalidInput` for a path that an engine cannot be told."""
    uid = container.user
    words = ["create", "--name", container.name]
    words += [*engine.options, *(["--runtime", container.runtime] if container.runtime else [])]
    words += ["--network=none", "--hostname=sandbox", "--read-only", "--log-driver=none", f"--user={uid}:{uid}"]
    words += ["--cap-drop=ALL", "--security-opt=no-new-privileges", f"--security-opt=seccomp={container.profile}"]
    words += _limit_words(job.limits, container.lacking)
    for scratch in [*scratches(job), *_parents(job)]:
        own = engine.scratch.format(uid=uid, files=job.limits.files)
        options = f"rw,exec,nosuid,nodev,size={scratch.size},mode={scratch.mode:o},{own}"
        words += ["--tmpfs", f"{_plain(scratch.at)}:{options}"]
    shown = [*system_binds(), *_hidden(container), Bind(container.copy, source_at(job)), *job.read_only]
    # An engine refuses two of one place; the job's own is laid over the others.
    for bind in {one.target: one for one in shown}.values():
        words += ["--mount", f"type=bind,src={_plain(bind.source)},dst={_plain(bind.target)},readonly"]
    return [*words, f"--workdir={job.folder_at}", container.image, *_inside_words(job, container)]


def _inside_words(job: Job, container: Container) -> list[str]:
    set_up = ["env", "-i", "--", *(f"{name}={value}" for name, value in environment(job).items())]
    longest = f"{job.limits.wall_s + LAST_S:g}"
    limits = prlimit_words(job.limits, MEMORY not in container.lacking)
    return [*set_up, "sh", "-c", FIRST, "sh", longest, *limits, "--", *inner_words(job, container.nonce)]


def _limit_words(limits: Limits, lacking: Sequence[str]) -> list[str]:
    # Both must be given: an engine that may not raise limits could otherwise not start anything.
    words = ["--ulimit=nofile=256:256", f"--ulimit=nproc={limits.processes}:{limits.processes}"]
    if CPU_SHARE not in lacking:
        # An engine refuses more than there are.
        words.append(f"--cpus={min(limits.cpu_percent / 100, os.cpu_count() or 1):g}")
    if MEMORY not in lacking:
        words += [f"--memory={limits.memory_bytes}", f"--memory-swap={limits.memory_bytes}"]
    if PROCESSES not in lacking:
        words.append(f"--pids-limit={limits.processes}")
    return words


def _parents(job: Job) -> list[Scratch]:
    """Return the folders between a folder that may be written and what is bound inside of it, each of the whole size.

    An engine makes such folders as root, so that the command could not write beside what is bound there.
    """
    if not job.is_writable:
        return []
    below = [one.target.relative_to(job.folder_at) for one in job.read_only if _is_below(one.target, job.folder_at)]
    parents = {parent for one in below for parent in one.parents if parent.parts}
    return [Scratch(job.folder_at / one, job.limits.work_bytes, 0o755) for one in sorted(parents)]


def _is_below(path: Path, folder: Path) -> bool:
    return path != folder and path.is_relative_to(folder)


def _hidden(container: Container) -> list[Bind]:
    """Return what hides what the engine would show of itself and the machine, all but the container's own group."""
    folders = [Bind(container.nothing, Path(one)) for one in ("/dev/mqueue", "/sys")]
    return [*folders, *(Bind(container.empty, Path("/etc", name)) for name in OWN_FILES)]


def _plain(path: Path) -> str:
    if SPECIAL.intersection(text := str(path)):
        raise InvalidInput(f"A container cannot be shown `{text}`: no path may hold a comma, colon, quote or line end.")
    return text
