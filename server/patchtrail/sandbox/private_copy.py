"""A private copy of a folder's own files, with overlays written into it; what git ignores stays out.

Links are made last, so that nothing is ever written through one, and the copy holds no name that leads out of it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from patchtrail.contract.errors import InvalidInput
from patchtrail.sandbox.limits import Limits

__all__ = ["copy_folder", "own_files", "relative_parts"]

LEFT_OUT = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        ".venv",
        "venv",
        "node_modules",
        "__pycache__",
        ".mypy_cache",
        ".ruff_cache",
        ".tox",
        ".nox",
    }
)
"""Folders that a walk passes by where git cannot say what is ignored; `.git` and its like are never copied."""
# Files of somebody else's may look like a repository themselves, with settings and an index of their own.
GIT = (
    *("git", "-c", "safe.bareRepository=explicit"),
    *("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"),
)
GIT_S = 30


@dataclass
class _Budget:
    """What may still be copied."""

    files: int
    size: int

    def take(self, size: int) -> None:
        self.files -= 1
        self.size -= size
        if self.files < 0 or self.size < 0:
            raise InvalidInput(
                "The folder has more files, or larger ones, than may be copied for a run.", code="too_large"
            )


def copy_folder(folder: Path, to: Path, overlays: Mapping[str, bytes | None], limits: Limits) -> None:
    """Fill `to`, an empty folder, so that everybody may read it.

    Raises `InvalidInput` when the folder is too large or an overlay's path leads out of it.
    """
    budget = _Budget(limits.copied_files, limits.copied_bytes)
    laid_over = {"/".join(relative_parts(path)): content for path, content in overlays.items()}
    copied = {path: _copied(folder / path, to / path, budget) for path in own_files(folder) if path not in laid_over}
    for path, content in laid_over.items():
        if content is not None:
            budget.take(len(content))
            _written(to / path, content)
    for path, target in copied.items():
        # An overlay may stand where a link's folder would have to be.
        with contextlib.suppress(OSError):
            if target is None:
                continue
            (to / path).parent.mkdir(parents=True, exist_ok=True)
            (to / path).symlink_to(target)


def relative_parts(path: str) -> tuple[str, ...]:
    """Return the parts of a relative POSIX path; raises `InvalidInput` when it leads out of its root."""
    pure = PurePosixPath(path)
    parts = pure.parts
    if not parts or pure.is_absolute() or ".." in parts or "\0" in path or parts[0].lower() == ".git":
        raise InvalidInput(f"`{path}` does not name a file below the folder.", code="outside_workspace")
    return parts


def own_files(folder: Path) -> list[str]:
    """Return the relative paths of what git tracks or would track; without a repository, of what a walk finds."""
    listed = _listed_by_git(folder)
    return sorted(set(listed)) if listed is not None else list(_walked(folder))


def _listed_by_git(folder: Path) -> list[str] | None:
    argv = [*GIT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(argv, cwd=folder, env=environment, capture_output=True, timeout=GIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode != 0:
        return None
    paths = [os.fsdecode(one) for one in done.stdout.split(b"\0") if one]
    return [one for one in paths if not {".git", ".."} & set(PurePosixPath(one).parts)]


def _walked(folder: Path) -> Iterator[str]:
    for at, folders, files in os.walk(folder):
        # A link to a folder is copied as a link.
        links = [one for one in folders if (Path(at) / one).is_symlink()]
        folders[:] = sorted(one for one in folders if one not in LEFT_OUT and one not in links)
        for name in sorted([*files, *links]):
            yield (Path(at) / name).relative_to(folder).as_posix()


def _copied(source: Path, target: Path, budget: _Budget) -> str | None:
    """Copy a regular file; return where a link leads, which is made later. What is neither is left out."""
    try:
        found = source.lstat()
        if stat.S_ISLNK(found.st_mode):
            budget.take(0)
            return str(source.readlink())
        if not stat.S_ISREG(found.st_mode):
            return None
        budget.take(found.st_size)
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as reading, target.open("xb") as writing:  # noqa: PTH123 -- of a descriptor
            shutil.copyfileobj(reading, writing)
        target.chmod(0o755 if found.st_mode & stat.S_IXUSR else 0o644)
    except FileNotFoundError:
        # Git lists what was deleted and not yet committed; files also go while they are copied.
        return None
    except OSError as error:
        raise InvalidInput(f"`{source.name}` cannot be copied: {error.strerror}.", code="unreadable") from error
    return None


def _written(target: Path, content: bytes) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            file.write(content)
        target.chmod(0o644)
    except OSError as error:
        raise InvalidInput(f"`{target.name}` cannot be laid over: {error.strerror}.", code="unreadable") from error
