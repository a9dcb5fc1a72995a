"""The files of a source distribution (PEP 625 and its elders), as values: nothing is written, links are left out."""

from __future__ import annotations

import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterator

from patchtrail.contract.errors import InvalidInput
from patchtrail.trace.file_tree import FileTree

__all__ = ["source_tree"]

MAX_FILES = 20_000
MAX_BYTES = 256 << 20


def source_tree(content: bytes, name: str) -> FileTree:
    """Return the files below an archive's top folder; raises `InvalidInput` where it is unreadable or too large."""
    files, executable, size = dict[str, bytes](), set[str](), 0
    try:
        for path, data, is_executable in _members(content):
            inner = path.partition("/")[2]
            size += len(data)
            if not inner or ".." in path.split("/") or path.startswith("/"):
                continue
            if size > MAX_BYTES or len(files) >= MAX_FILES:
                raise InvalidInput(f"The source distribution of {name} is larger than it may be.", code="too_large")
            files[inner] = data
            if is_executable:
                executable.add(inner)
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError) as error:
        raise InvalidInput(f"The source distribution of {name} cannot be read: {error}", code="bad_sdist") from error
    return FileTree(files, frozenset(executable))


def _members(content: bytes) -> Iterator[tuple[str, bytes, bool]]:
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for one in archive.infolist():
                if not one.is_dir():
                    _bounded(one.file_size)
                    yield one.filename, archive.read(one), bool(one.external_attr >> 16 & 0o100)
        return
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:*") as packed:
        for member in packed:
            _bounded(member.size)
            opened = packed.extractfile(member) if member.isreg() else None
            if opened is not None:
                yield member.name.removeprefix("./"), opened.read(), bool(member.mode & 0o100)


def _bounded(size: int) -> None:
    if size > MAX_BYTES:
        raise InvalidInput("The source distribution holds a file larger than it may be.", code="too_large")
