"""Runs jobs under bubblewrap: namespaces, no capability, no network, read-only but for a sized `/tmp`.

As root the real user is dropped first: a bwrap that root starts maps the user "nobody" inside to root outside.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import secrets
import select
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from patchtrail.contract.errors import InvalidInput, NotFound
from patchtrail.sandbox.bubblewrap_words import inner_words, outer_script, wall_words
from patchtrail.sandbox.cgroup import ControlGroup, control_group
from patchtrail.sandbox.limits import Limits, prlimit_words
from patchtrail.sandbox.port import Bind, Cancelling, Ending, Job, Ran
from patchtrail.sandbox.private_copy import copy_folder, relative_parts
from patchtrail.sandbox.process import Command, Ended, run_process
from patchtrail.sandbox.seccomp import seccomp_program

__all__ = ["Bubblewrap"]

NEEDED = ("bwrap", "prlimit", "sh")
NEEDED_AS_ROOT = ("setpriv", "unshare", "mount")
FIRST_UID = 64_000
UIDS = 1_000
"""As root each run gets a user of its own, because the kernel counts processes per user."""
LAST_DEATHS_MS = 5_000
FAILED_BEFORE = 126
PROBE = Limits(wall_s=10.0, output_bytes=4096)
OF_GROUPS = ("memory of the whole run", "CPU share of the whole run")
OF_GROUPS_OR_USERS = "processes of the whole run"


class _Nobody:
    """A cancellation that never comes."""

    is_cancelled = False

    def on_cancel(self, stop: object) -> None:
        """Forget it."""


@dataclass(frozen=True)
class _Stage:
    """A run's folder on the machine: the copy, and as root the places through which private folders are shown."""

    folder: Path
    copy: Path


class Bubblewrap:
    """The bubblewrap back end; one object may serve any number of threads."""

    def __init__(self) -> None:
        self._is_root = hasattr(os, "geteuid") and os.geteuid() == 0

    def is_usable(self) -> str | None:
        """Return None, or why nothing can be run; the first call tries it out."""
        return self._reason

    def run(self, job: Job, cancellation: Cancelling) -> Ran:
        """Run a job to its end; when this returns, none of its processes is left."""
        if self._reason is not None:
            return _not_run(self._reason)
        return self._run(job, cancellation)

    @cached_property
    def _reason(self) -> str | None:
        if platform.system() != "Linux":
            return "no sandbox: bubblewrap runs on Linux only"
        needed = (*NEEDED, *(NEEDED_AS_ROOT if self._is_root else ()))
        if missing := [one for one in needed if shutil.which(one) is None]:
            return f"no sandbox: {', '.join(missing)} not found (install the packages bubblewrap and util-linux)"
        try:
            _ = self._filter
        except NotFound as error:
            return f"no sandbox: {error.message}"
        with tempfile.TemporaryDirectory(prefix="patchtrail-probe-") as empty:
            job = Job(("true",), Path(empty), Path("/probe"), limits=PROBE)
            ran = self._run(job, _Nobody())
        if ran.ending == "exit" and ran.code == 0:
            return None
        return ran.problem or f"no sandbox: a trial run ended with {ran.ending}"

    @cached_property
    def _filter(self) -> bytes:
        return seccomp_program()

    def _run(self, job: Job, cancellation: Cancelling) -> Ran:
        name = f"patchtrail-{os.getpid()}-{secrets.token_hex(8)}"
        try:
            with self._stage(job) as stage:
                group = control_group(name, job.limits)
                try:
                    return self._inside(job, stage, group, cancellation)
                finally:
                    if group is not None:
                        group.kill()
                        group.remove()
        except (InvalidInput, OSError) as error:
            return _not_run(f"no sandbox: {error}")

    @contextlib.contextmanager
    def _stage(self, job: Job) -> Iterator[_Stage]:
        # The dropped user must be able to walk to it, which a private TMPDIR does not allow.
        place = "/tmp" if self._is_root and Path("/tmp").is_dir() else None
        with tempfile.TemporaryDirectory(prefix="patchtrail-run-", dir=place, ignore_cleanup_errors=True) as made:
            folder = Path(made)
            copy = folder / "copy"
            copy.mkdir()
            copy_folder(job.folder, copy, job.overlays, job.limits)
            for bind in job.read_only:
                _make_room(copy, bind, job.folder_at)
            if self._is_root:
                _open_to_all(folder)
            yield _Stage(folder, copy)

    def _inside(self, job: Job, stage: _Stage, group: ControlGroup | None, cancellation: Cancelling) -> Ran:
        nonce = secrets.token_hex(16)
        missing = [] if group else [*OF_GROUPS]
        if not (group or self._is_root or _counts_processes_per_namespace()):
            missing.append(OF_GROUPS_OR_USERS)
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
                stderr_cap=job.limits.result_bytes + len(nonce) + 1,
                pass_fds=(filter_fd, tell),
            )
            ended = run_process(command, cancellation, group.kill if group else _nothing)
        finally:
            os.close(tell)
            os.close(filter_fd)
            _await_last_death(told)
        return _ran(ended, nonce, job, tuple(missing), group is not None and group.was_out_of_memory())

    def _argv(
        self, job: Job, stage: _Stage, group: ControlGroup | None, descriptors: tuple[int, int], nonce: str
    ) -> list[str]:
        shown = [Bind(stage.copy, job.folder_at), *job.read_only]
        filter_fd, tell = descriptors
        outer = prlimit_words(job.limits, group is not None)
        inner = inner_words(job, nonce)
        if self._is_root:
            # This user is the run's own, so that the kernel's count of its processes is the run's.
            outer.append(f"--nproc={job.limits.processes}")
        elif _counts_processes_per_namespace():
            inner = ["prlimit", f"--nproc={job.limits.processes}", "--", *inner]
        uid = FIRST_UID + secrets.randbelow(UIDS)
        places = _places(shown, stage.folder) if self._is_root else {}
        walls = wall_words(
            job, [Bind(places.get(one.source, one.source), one.target) for one in shown], filter_fd, tell
        )
        script = outer_script(
            entrances=group.entrances if group else (),
            mounts=places,
            words=[*outer, "--", *walls, "--", *inner],
            uid=uid if self._is_root else None,
        )
        start = ["unshare", "--mount", "--propagation", "private", "--"] if self._is_root else []
        return [*start, "sh", "-c", script]


def _nothing() -> None:
    pass


def _not_run(reason: str) -> Ran:
    return Ran("no_sandbox", None, b"", problem=reason if reason.startswith("no sandbox") else f"no sandbox: {reason}")


def _ran(ended: Ended, nonce: str, job: Job, missing: tuple[str, ...], is_out_of_memory: bool) -> Ran:
    first, _, result = ended.stderr.partition(b"\n")
    if first != nonce.encode() and ended.ending != "cancelled":
        said = ended.problem or ended.stderr.decode("utf-8", "replace").strip() or f"it ended with {ended.ending}"
        return _not_run(f"the walls could not be put up: {said[-500:]}")
    endings: dict[str, Ending] = {"timeout": "wall", "cancelled": "cancelled"}
    ending = endings.get(ended.ending, "memory" if is_out_of_memory else "exit")
    return Ran(
        ending=ending,
        code=ended.code if ending == "exit" else None,
        output=ended.stdout,
        is_output_cut=len(ended.stdout) >= job.limits.output_bytes and ended.is_cut,
        result=result if job.result_path and ending == "exit" and result else None,
        missing_limits=missing,
    )


def _make_room(copy: Path, bind: Bind, folder_at: Path) -> None:
    """Make the mount point of what is bound inside of the folder, which is read-only later, through no link."""
    if not bind.target.is_relative_to(folder_at) or bind.target == folder_at:
        return
    at = copy
    for part in relative_parts(bind.target.relative_to(folder_at).as_posix()):
        at /= part
        if at.is_symlink():
            at.unlink()
        if not at.is_dir():
            at.mkdir() if bind.source.is_dir() or at != copy / bind.target.relative_to(folder_at) else at.touch()


def _open_to_all(folder: Path) -> None:
    folder.chmod(0o755)
    for at, _, _ in os.walk(folder):
        os.chmod(at, 0o755)  # noqa: PTH101


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
