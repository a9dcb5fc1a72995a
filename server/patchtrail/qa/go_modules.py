"""Modules of Go, by name, version and hash, from the module proxy alone; nothing of a module is run to fetch it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from patchtrail.contract.errors import NotFound
from patchtrail.qa.made_once import is_made, made_once
from patchtrail.qa.outside import outside_environment
from patchtrail.sandbox import Cancelling
from patchtrail.sandbox.process import Command, run_process
from patchtrail.trace.file_tree import FileTree

__all__ = ["GoModules"]

FETCH_S = 240.0
PROXY = "https://proxy.golang.org"


class GoModules:
    """Fills module caches; `folder` is where they are kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, tree: FileTree, go: str, cancellation: Cancelling) -> Path | None:
        """Return the cache that a tree's modules are in; None where it needs none, or brings them along.

        Raises `NotFound` where they cannot be fetched.
        """
        wanted, sums = tree.files.get("go.mod", b""), tree.files.get("go.sum", b"")
        if not sums.strip() or any(path.startswith("vendor/") for path in tree.files):
            return None
        folder = self._folder / hashlib.sha256(hashlib.sha256(wanted).digest() + sums).hexdigest()
        if not is_made(folder):
            with made_once(folder) as staging:
                self._fetch(staging, go, wanted, sums, cancellation)
        return folder

    def _fetch(self, to: Path, go: str, wanted: bytes, sums: bytes, cancellation: Cancelling) -> None:
        module = to.parent / "module"
        module.mkdir()
        (module / "go.mod").write_bytes(wanted)
        (module / "go.sum").write_bytes(sums)
        environment = {
            **outside_environment(),
            "GOPROXY": os.environ.get("GOPROXY", PROXY).replace(",direct", "").replace("|direct", ""),
            "GOMODCACHE": str(to),
            "GOFLAGS": "-modcacherw -mod=mod",
            # No repository is asked, no other toolchain fetched, nobody's settings read.
            "GOVCS": "*:off",
            "GOTOOLCHAIN": "local",
            "GOENV": "off",
            "GOPATH": str(to.parent / "path"),
        }
        ended = run_process(Command((go, "mod", "download"), module, environment, FETCH_S), cancellation)
        if ended.ending != "exit" or ended.code != 0:
            said = (ended.stdout + ended.stderr).decode("utf-8", "replace").strip()
            raise NotFound(f"The modules of Go cannot be fetched: {said[-600:] or ended.ending}")
        to.mkdir(exist_ok=True)
