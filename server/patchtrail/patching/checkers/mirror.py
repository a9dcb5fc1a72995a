"""A mirror of a project for tools that read from disk: its own files copied, its installed packages linked."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from patchtrail.patching.checkers.recipe import CheckRequest
from patchtrail.sandbox.limits import Limits
from patchtrail.sandbox.private_copy import copy_folder

__all__ = ["mirrored"]

INSTALLED = ("node_modules", ".venv", "venv")


@contextlib.contextmanager
def mirrored(request: CheckRequest) -> Iterator[Path]:
    """Yield a folder that looks like the project with the texts in place, and goes away afterwards.

    Files are copied, not linked: a tool that follows a link would find the unchanged neighbours of the real file.
    """
    texts = {**request.open_texts, **request.texts}
    overlays: dict[str, bytes | None] = {path: text.encode("utf-8", "surrogatepass") for path, text in texts.items()}
    with tempfile.TemporaryDirectory(prefix="patchtrail-mirror-", ignore_cleanup_errors=True) as made:
        mirror = Path(made, request.root.name or "root")
        mirror.mkdir()
        copy_folder(request.root, mirror, overlays, Limits())
        _link_installed(request.root, mirror)
        yield mirror


def _link_installed(root: Path, mirror: Path) -> None:
    """Link what is installed, also that of the packages within a larger repository."""
    for at, folders, _ in os.walk(mirror):
        real = root / Path(at).relative_to(mirror)
        for name in INSTALLED:
            link = Path(at, name)
            if (real / name).is_dir() and not link.exists() and not link.is_symlink():
                link.symlink_to((real / name).resolve(), target_is_directory=True)
        folders[:] = [one for one in folders if one not in INSTALLED]
