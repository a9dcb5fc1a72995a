"""A run's own folder on the machine, with the copy that it is shown; gone when the run is over."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from patchtrail.contract.errors import InvalidInput
from patchtrail.sandbox.limits import MIB, Limits
from patchtrail.sandbox.owner import is_owner_gone, own_mark
from patchtrail.sandbox.port import Bind, Job
from patchtrail.sandbox.private_copy import copy_folder, relative_parts

__all__ = ["Stage", "staged", "sweep_stages"]

PREFIX = "patchtrail-run-"


@dataclass(frozen=True)
class Stage:
    """A run's folder, and in it the copy of the job's folder."""

    folder: Path
    copy: Path


@contextlib.contextmanager
def staged(job: Job, *, for_everybody: bool) -> Iterator[Stage]:
    """Yield a run's folder, filled; `for_everybody` when another user has to walk to it, and may read all of it.

    Raises `InvalidInput` when the job's folder is too large, or it or a file of it larger than what may be written.
    """
    # A private TMPDIR would let nobody else through.
    place = "/tmp" if for_everybody and Path("/tmp").is_dir() else None
    prefix = f"{PREFIX}{own_mark()}-"
    with tempfile.TemporaryDirectory(prefix=prefix, dir=place, ignore_cleanup_errors=True) as made:
        stage = Stage(Path(made), Path(made, "copy"))
        stage.copy.mkdir()
        copy_folder(job.folder, stage.copy, job.overlays, _limits(job))
        if job.is_writable:
            _refuse_large_files(stage.copy, job.limits)
        for bind in job.read_only:
            _make_room(stage.copy, bind, job)
        if for_everybody:
            _open_to_all(stage.folder)
        yield stage


def sweep_stages() -> None:
    """Remove the folders of runs whose process was killed before it could."""
    for place in {Path("/tmp"), Path(tempfile.gettempdir())}:
        for left in place.glob(f"{PREFIX}*"):
            if is_owner_gone(left.name):
                shutil.rmtree(left, ignore_errors=True)


def _limits(job: Job) -> Limits:
    if not job.is_writable:
        return job.limits
    return replace(job.limits, copied_bytes=min(job.limits.copied_bytes, job.limits.work_bytes))


def _refuse_large_files(copy: Path, limits: Limits) -> None:
    for at, _, names in os.walk(copy):
        for file in [Path(at, name) for name in names]:
            if file.lstat().st_size > limits.file_bytes:
                told = (
                    f"`{file.relative_to(copy)}` is larger than the {limits.file_bytes // MIB} MiB that a file may be."
                )
                raise InvalidInput(told, code="too_large")


def _make_room(copy: Path, bind: Bind, job: Job) -> None:
    """Make way for what is bound inside of the folder, through no link.

    The copy gets a mount point, because it is read-only later. Of a folder that may be written the mount points are
    there already when it is filled, so that nothing may stand in the copy where one is.
    """
    if not bind.target.is_relative_to(job.folder_at) or bind.target == job.folder_at:
        return
    *parents, name = relative_parts(bind.target.relative_to(job.folder_at).as_posix())
    at = copy
    for parent in parents:
        at /= parent
        _make_folder(at)
    at /= name
    if job.is_writable:
        _remove(at)
    elif bind.source.is_dir():
        _make_folder(at)
    elif at.is_symlink() or not at.is_file():
        _remove(at)
        at.touch()


def _make_folder(at: Path) -> None:
    if at.is_symlink() or not at.is_dir():
        _remove(at)
        at.mkdir()


def _remove(at: Path) -> None:
    if at.is_dir() and not at.is_symlink():
        shutil.rmtree(at)
    else:
        at.unlink(missing_ok=True)


def _open_to_all(folder: Path) -> None:
    folder.chmod(0o755)
    for at, _, _ in os.walk(folder):
        os.chmod(at, 0o755)  # noqa: PTH101 -- for each of very many
