"""Runs jobs in containers of Docker or Podman, which must run on this very machine; by their command lines.

A container is made, then started with its streams attached, so that the time it may take is its own. It is ended and
removed by its name; what a killed process of ours left is removed by the next one.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import threading
from functools import cached_property
from pathlib import Path

from patchtrail.contract.errors import InvalidInput
from patchtrail.sandbox.container_words import Container, create_words
from patchtrail.sandbox.engine import Engine, engine_fault
from patchtrail.sandbox.image import image_name, image_tar
from patchtrail.sandbox.inside import HEAD_BYTES
from patchtrail.sandbox.limits import FILES, PROCESSES, Limits
from patchtrail.sandbox.outcome import not_run, ran_of
from patchtrail.sandbox.owner import is_owner_gone, own_mark, run_user
from patchtrail.sandbox.port import Cancelling, Job, Ran, Uncancelled
from patchtrail.sandbox.process import Command, run_process
from patchtrail.sandbox.seccomp import seccomp_profile
from patchtrail.sandbox.stage import Stage, staged, sweep_stages

__all__ = ["ContainerSandbox"]

PREFIX = "patchtrail-"
PROBE = Limits(wall_s=20.0, output_bytes=4096)
FILTERED = "Seccomp:\t2"
UNKNOWN_TO_RUNTIMES = (FILES, PROCESSES)
"""What another runtime need not limit, although the engine asks it to."""


class _Life:
    """A container from its making to its removal; ending it twice does no harm."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._name = name
        self._lock = threading.Lock()
        self._is_over = False
        self.was_out_of_memory = False

    def end(self) -> None:
        """Kill what still runs in it, and remove it; what the engine knows of its end is kept."""
        with self._lock:
            if self._is_over:
                return
            self._is_over = True
            # Podman does not know it everywhere, but shows the run its group, which tells.
            told = self._engine.ask("inspect", "--format", "{{.State.OOMKilled}}", self._name)
            self.was_out_of_memory = told.stdout.strip() == b"true"
            self._engine.ask(*self._engine.remove, self._name)


class ContainerSandbox:
    """The back end of one engine, with its own runtime or a named one; may serve any number of threads."""

    def __init__(self, engine: Engine, runtime: str = "") -> None:
        self._engine = engine
        self._runtime = runtime
        self.name = "runsc" if runtime else engine.program

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
        engine = self._engine
        if shutil.which(engine.program) is None:
            return f"no sandbox: {engine.program} not found (install the package {engine.package})"
        sweep_stages()
        asked = engine.ask("version")
        if asked.code != 0:
            return engine_fault(engine, asked)
        _sweep(engine)
        if engine.ask("image", "inspect", self._image).code != 0:
            imported = engine.ask("import", "-", self._image, stdin=image_tar())
            if imported.code != 0:
                return engine_fault(engine, imported)
        return self._trial()

    @cached_property
    def _image(self) -> str:
        return image_name(image_tar())

    @cached_property
    def _lacking(self) -> tuple[str, ...]:
        return self._engine.lacking(self._engine.ask("info", "--format", "{{json .}}").stdout)

    def _trial(self) -> str | None:
        """Return None, or why a harmless job does not run; an engine on another machine cannot show it our word."""
        word = secrets.token_hex(16)
        with tempfile.TemporaryDirectory(prefix="patchtrail-probe-") as folder:
            Path(folder, "word").write_text(f"{word}\n")
            argv = ("sh", "-c", "cat word; grep Seccomp: /proc/self/status")
            ran = self._run(Job(argv, Path(folder), Path("/probe"), limits=PROBE), Uncancelled())
        if ran.ending != "exit":
            return ran.problem if ran.ending == "no_sandbox" else f"no sandbox: of a trial run: {ran.problem}"
        said = ran.output.decode("utf-8", "replace").splitlines()
        # Another runtime answers system calls itself, and need not know filters.
        if said[:1] != [word] or not (self._runtime or said[1:] == [FILTERED]):
            return (
                f"no sandbox: a trial run of {self.name} said {said}, not our word and that system calls are filtered"
            )
        return None

    def _run(self, job: Job, cancellation: Cancelling) -> Ran:
        try:
            with staged(job, for_everybody=True) as stage:
                return self._in_container(job, self._container(stage), cancellation)
        except (InvalidInput, OSError) as error:
            return not_run(str(error))

    def _container(self, stage: Stage) -> Container:
        nothing, empty, profile = (stage.folder / one for one in ("nothing", "empty", "seccomp.json"))
        groups = nothing / "fs/cgroup"
        groups.mkdir(parents=True)
        for folder in (nothing, groups.parent, groups):
            folder.chmod(0o755)
        empty.touch()
        empty.chmod(0o644)
        profile.write_bytes(seccomp_profile())
        return Container(
            name=f"{PREFIX}{own_mark()}-{secrets.token_hex(8)}",
            user=run_user(),
            image=self._image,
            runtime=self._runtime,
            copy=stage.copy,
            nothing=nothing,
            empty=empty,
            profile=profile,
            nonce=secrets.token_hex(16),
            lacking=self._lacking,
        )

    def _in_container(self, job: Job, container: Container, cancellation: Cancelling) -> Ran:
        engine = self._engine
        words = create_words(engine, job, container)
        life = _Life(engine, container.name)
        try:
            made = engine.ask(*words, cancellation=cancellation)
            if made.ending != "cancelled" and made.code != 0:
                return not_run(engine_fault(engine, made))
            command = Command(
                argv=(engine.program, "start", "--attach", container.name),
                # Podman's monitor notes there that memory ran out.
                folder=container.profile.parent,
                environment=os.environ,
                timeout_s=job.limits.wall_s,
                stdout_cap=job.limits.output_bytes,
                stderr_cap=job.limits.result_bytes + HEAD_BYTES,
                begins=container.nonce.encode(),
            )
            ended = run_process(command, cancellation, life.end)
        finally:
            life.end()
        missing = dict.fromkeys([*self._lacking, *(UNKNOWN_TO_RUNTIMES if self._runtime else ())])
        return ran_of(ended, container.nonce, job, tuple(missing), is_out_of_memory=life.was_out_of_memory)


def _sweep(engine: Engine) -> None:
    """Remove the containers of runs whose process was killed before it could."""
    listed = engine.ask("ps", "--all", "--filter", f"name={PREFIX}", "--format", "{{.Names}}")
    for name in listed.stdout.decode("utf-8", "replace").split():
        if is_owner_gone(name):
            engine.ask(*engine.remove, name)
