"""Runs jobs under bubblewrap: namespaces, no capability, no network, read-only but for sized places in memory.

As root the real user is dropped first: a bwrap that root starts maps the user "nobody" inside to root outside.
"""

from __future__ import annotations

import json
import os
import platform
import secrets
import select
import shutil
import tempfile
from functools import cached_property
from pathlib import Path

from patchtrail.contract.errors import InvalidInput, NotFound
from patchtrail.sandbox.bubblewrap_words import outer_script, wall_words
from patchtrail.sandbox.cgroup import ControlGroup, control_group, sweep_groups
from patchtrail.sandbox.inside import HEAD_BYTES, inner_words
from patchtrail.sandbox.limits import CPU_SHARE, FILES, MEMORY, PROCESSES, Limits, prlimit_words
from patchtrail.sandbox.outcome import not_run, ran_of
from patchtrail.sandbox.owner import run_user
from patchtrail.sandbox.port import Bind, Cancelling, Job, Ran, Uncancelled
from patchtrail.sandbox.process import Command, run_process
from patchtrail.sandbox.seccomp import seccomp_program
from patchtrail.sandbox.stage import Stage, staged, sweep_stages
from patchtrail.sandbox.view import Scratch, scratches, source_at

__all__ = ["Bubblewrap"]

NEEDED = ("bwrap", "prlimit", "sh")
NEEDED_AS_ROOT = ("setpriv", "unshare", "mount")
LAST_DEATHS_MS = 5_000
PROBE = Limits(wall_s=10.0, output_bytes=4096)


class Bubblewrap:
    """The bubblewrap back end; one object may serve any number of threads."""

    name = "bubblewrap"

    def __init__(self) -> None:
        self._is_root = hasattr(os, "geteuid") and os.geteuid() == 0

    def is_usable(self) -> str | None:
        """Return None, or why nothing can be run; the first call tries it out."""
        return self._reason

    def run(self, job: Job, cancellation: Cancelling) -> Ran:
        """Run a job to its end; when this returns, none of its processes is left."""
        if self._reason is not None:
            return not_run(self._reason)
        return self._run(job, cancellation)

    @cached_property
    def _reason(self) -> str | None:
        if platform.system() != "Linux":
            return "no sandbox: bubblewrap runs on Linux only"
        needed = (*NEEDED, *(NEEDED_AS_ROOT if self._is_root else ()))
        if missing := [one for one in needed if shutil.which(one) is None]:
            return f"no sandbox: {', '.join(missing)} not found (install the packages bubblewrap and util-linux)"
        sweep_stages()
        sweep_groups()
        try:
            _ = self._filter
        except NotFound as error:
            return f"no sandbox: {error.message}"
        with tempfile.TemporaryDirectory(prefix="patchtrail-probe-") as empty:
            job = Job(("true",), Path(empty), Path("/probe"), limits=PROBE)
            ran = self._run(job, Uncancelled())
        if ran.ending == "exit" and ran.code == 0:
            return None
        return ran.problem or f"no sandbox: a trial run ended with {ran.ending}"

    @cached_property
    def _filter(self) -> bytes:
        return seccomp_program()

    def _run(self, job: Job, cancellation: Cancelling) -> Ran:
        try:
            with staged(job, for_everybody=self._is_root) as stage:
                group = control_group(job.limits)
                try:
                    return self._inside(job, stage, group, cancellation)
                finally:
                    if group is not None:
                        group.kill()
                        group.remove()
        except (InvalidInput, OSError) as error:
            return not_run(f"no sandbox: {error}")

    def _inside(self, job: Job, stage: Stage, group: ControlGroup | None, cancellation: Cancelling) -> Ran:
        nonce = secrets.token_hex(16)
        missing = [] if group else [MEMORY, CPU_SHARE]
        if not (group or self._is_root):
            missing.append(FILES)
        if not (group or self._is_root or _counts_processes_per_namespace()):
            missing.append(PROCESSES)
        told, tell = os.pipe()
        filter_fd = os.memfd_create("patchtrail-seccomp")
        try:
            os.write(filter_fd, self._filter)
            os.lseek(filter_fd, 0, os.SEEK_SET)
            argv = self._argv(job, stage, group, (filter_fd, tell), nonce)
            command = Command(
                argv=argv,
                folder=Path("/"),
                environment={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"},
                timeout_s=job.limits.wall_s,
                stdout_cap=job.limits.output_bytes,
                stderr_cap=job.limits.result_bytes + HEAD_BYTES,
                begins=nonce.encode(),
                pass_fds=(filter_fd, tell),
            )
            ended = run_process(command, cancellation, group.kill if group else _nothing)
        finally:
            os.close(tell)
            os.close(filter_fd)
            _await_last_death(told)
        is_out_of_memory = group is not None and group.was_out_of_memory()
        return ran_of(ended, nonce, job, missing, is_out_of_memory=is_out_of_memory)

    def _argv(
        self, job: Job, stage: Stage, group: ControlGroup | None, descriptors: tuple[int, int], nonce: str
    ) -> list[str]:
        shown = [Bind(stage.copy, source_at(job)), *job.read_only]
        filter_fd, tell = descriptors
        outer = prlimit_words(job.limits, group is not None)
        inner = inner_words(job, nonce)
        if self._is_root:
            # This user is the run's own, so that the kernel's count of its processes is the run's.
            outer.append(f"--nproc={job.limits.processes}")
        elif _counts_processes_per_namespace():
            inner = ["prlimit", f"--nproc={job.limits.processes}", "--", *inner]
        uid = run_user()
        places = _places(shown, stage.folder) if self._is_root else {}
        mounted = _mounted(job, stage.folder) if self._is_root else {}
        reached = [Bind(places.get(one.source, one.source), one.target) for one in shown]
        walls = wall_words(job, reached, mounted, filter_fd=filter_fd, info_fd=tell)
        script = outer_script(
            entrances=group.entrances if group else (),
            mounts=places,
            mounted=mounted,
            files=job.limits.files,
            words=[*outer, "--", *walls, "--", *inner],
            uid=uid if self._is_root else None,
        )
        start = ["unshare", "--mount", "--propagation", "private", "--"] if self._is_root else []
        return [*start, "sh", "-c", script]


def _nothing() -> None:
    pass


def _places(shown: list[Bind], folder: Path) -> dict[Path, Path]:
    """Make a place for each source to which the dropped user can walk, whatever lies above the source."""
    places: dict[Path, Path] = {}
    for bind in shown:
        if bind.source.is_relative_to(folder) or bind.source in places:
            continue
        place = folder / f"at{len(places)}"
        if bind.source.is_dir():
            place.mkdir(mode=0o755)
        else:
            place.touch(mode=0o644)
        places[bind.source] = place
    return places


def _mounted(job: Job, folder: Path) -> dict[Scratch, Path]:
    """Make a place for each folder in memory: only a mount made by root can have its number of files bounded."""
    places = {scratch: folder / f"scratch{number}" for number, scratch in enumerate(scratches(job))}
    for place in places.values():
        place.mkdir(mode=0o755)
    return places


def _counts_processes_per_namespace() -> bool:
    """Return whether a limit set inside counts the inside alone; before 5.14 it counted all of the user's processes."""
    major, minor = platform.release().split(".")[:2]
    return (int(major), int("".join(one for one in minor if one.isdigit()) or "0")) >= (5, 14)


def _await_last_death(told: int) -> None:
    """Wait until the first process inside is gone: the kernel lets it go only when all the others are."""
    with os.fdopen(told, "rb") as file:
        said = file.read(4096)
    try:
        descriptor = os.pidfd_open(int(json.loads(said)["child-pid"]))
    except (OSError, ValueError, KeyError):
        return
    try:
        waiting = select.poll()
        waiting.register(descriptor, select.POLLIN)
        waiting.poll(LAST_DEATHS_MS)
    finally:
        os.close(descriptor)
