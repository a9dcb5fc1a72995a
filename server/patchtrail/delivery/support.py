"""What may be shown of a spool to get help, and how it is wiped: names, sizes and error texts, never contents."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

from patchtrail.contract.errors import PatchtrailError, SpoolUnavailable
from patchtrail.delivery.disk import SYSTEM_DISK
from patchtrail.delivery.folder import FolderLock, TraceFolder
from patchtrail.delivery.recovery import stored_manifest

__all__ = ["unsent_traces", "wipe", "write_report"]

SHOWN = (".why",)


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
    """Remove a spool with everything in it, sent or not, and the folder for test reports beside it.

    Raises `SpoolUnavailable` while a sidecar is at work in it; then nothing is removed.
    """
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
        for place in (spool, spool.parent / "reports"):
            if place.is_dir():
                SYSTEM_DISK.remove_tree(place)
    finally:
        for lock in locks:
            lock.release()


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
