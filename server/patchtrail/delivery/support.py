"""What may be shown of a spool to get help, and how it is wiped: names, sizes and error texts, never contents."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from patchtrail.contract.errors import PatchtrailError, SpoolUnavailable
from patchtrail.delivery.disk import SYSTEM_DISK
from patchtrail.delivery.folder import FolderLock, TraceFolder
from patchtrail.delivery.recovery import stored_manifest

__all__ = ["unsent_traces", "wipe", "write_report"]

SHOWN = (".why",)
PARTS = re.compile(r"trace-.+|reserve|sending|log-[0-9a-f]+(\.refused)?\.(json|lock)|\.DS_Store|\..+\.tmp")
"""What stands in a spool, by name."""
BESIDE = {"reports": re.compile(r"[0-9a-f]{16}|none"), "acts": re.compile(r"acts\.(old\.)?jsonl|acts\.jsonl\..+")}
"""Folders beside a spool, and what stands in them: reports of tests, and what agents told, until they are read."""


def unsent_traces(spool: Path) -> list[str]:
    """Return the traces of a spool that a collector has not called whole."""
    return [folder.trace_id for folder in _folders(spool) if not folder.complete.exists()]


def write_report(spool: Path, output: Path) -> int:
    """Write a ZIP for whoever helps: a list of files, manifests, and why chunks were refused; return how many files.

    Nothing that was recorded is in it: no event, no artifact, no draft, no key.
    """
    files = sorted(path for path in spool.rglob("*") if path.is_file())
    listing = [{"name": path.relative_to(spool).as_posix(), "size_bytes": path.stat().st_size} for path in files]
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as report:
        report.writestr("files.json", json.dumps(listing, indent=1))
        report.writestr("manifests.json", json.dumps(list(_manifests(files, spool)), indent=1))
        for path in files:
            if path.suffix in SHOWN:
                report.write(path, path.relative_to(spool).as_posix())
    return len(files)


def wipe(spool: Path) -> None:
    """Remove a spool with everything in it, sent or not, and the folders beside it for what comes from outside.

    Raises `SpoolUnavailable`, and removes nothing, while a sidecar is at work in it or something else is in it.
    """
    strangers = _strangers(spool, PARTS)
    if strangers:
        raise SpoolUnavailable(
            f"{spool} holds what is no part of a spool: {', '.join(strangers[:5])}. Nothing was removed.",
            code="no_spool",
        )
    locks = list[FolderLock]()
    try:
        for folder in _folders(spool):
            try:
                locks.append(FolderLock(folder))
            except SpoolUnavailable as error:
                raise SpoolUnavailable(
                    f"{folder.trace_id} is in use: close your editor windows first. Nothing was removed.",
                    code="trace_locked",
                ) from error
        beside = [spool.parent / name for name, parts in BESIDE.items() if not _strangers(spool.parent / name, parts)]
        for place in (spool, *beside):
            if place.is_dir():
                SYSTEM_DISK.remove_tree(place)
    finally:
        for lock in locks:
            lock.release()


def _strangers(folder: Path, parts: re.Pattern[str]) -> list[str]:
    """Return what is in a folder and should not be."""
    names = (path.name for path in folder.iterdir()) if folder.is_dir() else ()
    return sorted(name for name in names if not parts.fullmatch(name))


def _folders(spool: Path) -> list[TraceFolder]:
    return [TraceFolder(path) for path in sorted(spool.glob("trace-*")) if path.is_dir()]


def _manifests(files: list[Path], spool: Path) -> Iterator[dict[str, object]]:
    for path in files:
        if path.suffix in (".env", ".rcpt"):
            name = path.relative_to(spool).as_posix()
            try:
                yield {"name": name, **stored_manifest(path)[0].model_dump()}
            except PatchtrailError as error:
                yield {"name": name, "error": error.message}
