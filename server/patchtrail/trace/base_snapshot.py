"""Base snapshots: the files of a start commit, redacted and without history, as a gzipped tar (POSIX ustar and pax).

Regular files alone, in the order of their paths, without times or owners, so that equal trees are equal bytes. The
last member may be `.patchtrail/base.json`: what was left out, and which files were redacted. Folders are passed over.
"""

from __future__ import annotations

import gzip
import io
import tarfile
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from patchtrail.contract.base_snapshot import BASE_MEDIA_TYPE
from patchtrail.contract.errors import InvalidInput
from patchtrail.contract.wire import Count, WireModel
from patchtrail.trace.archive import ArchiveReader, Member, unreadable
from patchtrail.trace.file_tree import FileTree, why_no_place
from patchtrail.trace.tree_paths import TreePaths

__all__ = [
    "BASE_MEDIA_TYPE",
    "MAX_BASE_BYTES",
    "MAX_BASE_FILES",
    "MAX_PACKED_BYTES",
    "BaseWriter",
    "read_base",
    "write_base",
]

MAX_BASE_BYTES = 256 << 20
"""Of all contents, unpacked."""
MAX_BASE_FILES = 20_000
MAX_PACKED_BYTES = 32 << 20
"""What a collector takes as one artifact, which is how a signed trace brings its snapshot along."""
MAX_RATIO, FREE_BYTES = 200, 16 << 20
"""Contents beyond 16 MiB may shrink so many times, and no more."""
MAX_INDEX_BYTES = 16 << 20
INDEX = ".patchtrail/base.json"
GZIP_LEVEL = 6
BLOCK = 512
TOO_LARGE = "The base snapshot is larger than it may be."


class _Index(WireModel):
    """What stands beside the files."""

    v: Literal[1] = 1
    files: Count
    left_out: Annotated[list[str], Field(max_length=10 * MAX_BASE_FILES)]
    redacted: Annotated[list[str], Field(max_length=MAX_BASE_FILES)]


class BaseWriter:
    """Packs one file after the other, so that the tree is never in memory whole."""

    def __init__(self, max_packed_bytes: int) -> None:
        self._max_packed_bytes = max_packed_bytes
        self._packed = io.BytesIO()
        self._gzip = gzip.GzipFile(fileobj=self._packed, mode="wb", compresslevel=GZIP_LEVEL, mtime=0, filename="")
        self._paths = TreePaths()
        self._last = ""
        self.files = 0
        self.size_bytes = 0

    def refusal(self, path: str) -> str:
        """Take the path of a file that is about to be added; return why it cannot be, empty when it can."""
        return "it is the snapshot's own" if path == INDEX else self._paths.take(path)

    def add(self, path: str, content: bytes, *, is_executable: bool = False) -> None:
        """Pack a file whose path was taken; paths come in order.

        Raises `InvalidInput` (`base.too_large`) beyond the caps.
        """
        assert path > self._last, "files are packed in the order of their paths"
        self._last = path
        self.files += 1
        self.size_bytes += len(content)
        if self.files > MAX_BASE_FILES or self.size_bytes > MAX_BASE_BYTES:
            raise _too_large()
        self._put(path, content, 0o755 if is_executable else 0o644)

    def finish(self, *, left_out: tuple[str, ...], redacted: frozenset[str]) -> bytes:
        """Return the snapshot; nothing can be added afterwards. Raises `InvalidInput` when it is too large."""
        if len(left_out) > 10 * MAX_BASE_FILES:
            raise _too_large()
        told = _Index(files=self.files, left_out=list(left_out), redacted=sorted(redacted))
        self._put(INDEX, told.model_dump_json().encode(), 0o644)
        self._gzip.write(bytes(2 * BLOCK))
        self._gzip.close()
        packed = self._packed.getvalue()
        if len(packed) > self._max_packed_bytes or self.size_bytes > _limit(packed):
            raise _too_large()
        return packed

    def _put(self, path: str, content: bytes, mode: int) -> None:
        member = tarfile.TarInfo(path)
        member.size, member.mode = len(content), mode
        for piece in (member.tobuf(tarfile.PAX_FORMAT), content, bytes(-len(content) % BLOCK)):
            self._gzip.write(piece)
        if self._packed.tell() > self._max_packed_bytes:
            raise _too_large()


def write_base(tree: FileTree) -> bytes:
    """Return a tree as a snapshot.

    Raises `InvalidInput` when it is larger than the caps, or names what is no place in a tree.
    """
    writer = BaseWriter(MAX_BASE_BYTES)
    for path, content in sorted(tree.files.items()):
        fault = writer.refusal(path)
        if fault:
            raise _no_place(path, fault)
        writer.add(path, content, is_executable=path in tree.executable)
    return writer.finish(left_out=tree.left_out, redacted=tree.redacted)


def read_base(content: bytes) -> FileTree:
    """Return the tree of a snapshot; how long `content` may be is the caller's to say.

    Raises `InvalidInput`: `base.too_large` beyond the caps, before that much is unpacked; `base.path` for what is no
    place in a tree or has another file's; `base.unreadable` for what is damaged, a link, a device, or no archive.
    """
    reader = _Reader(content)
    while reader.take_member():
        pass
    return reader.tree()


def _limit(packed: bytes) -> int:
    return min(MAX_BASE_BYTES, max(FREE_BYTES, MAX_RATIO * len(packed)))


class _Reader:
    """What was read so far; the index comes last."""

    def __init__(self, content: bytes) -> None:
        self._limit = _limit(content)
        self._archive = ArchiveReader(content, self._limit)
        self._paths = TreePaths()
        self._files: dict[str, bytes] = {}
        self._executable: set[str] = set()
        self._size = 0
        self._index: _Index | None = None

    def take_member(self) -> bool:
        """Read a member; false at the end."""
        member = self._archive.next()
        if member is None:
            return False
        if self._index is not None:
            raise unreadable("something stands behind its index.")
        if member.is_folder:
            self._pass_over(member)
        elif member.path == INDEX:
            self._take_index(member)
        else:
            self._take_file(member)
        return True

    def tree(self) -> FileTree:
        """Return what was read."""
        index = self._index or _Index(files=len(self._files), left_out=[], redacted=[])
        if index.files != len(self._files) or not self._files.keys() >= set(index.redacted):
            raise unreadable("its index tells of other files.")
        return FileTree(self._files, frozenset(self._executable), tuple(index.left_out), frozenset(index.redacted))

    def _pass_over(self, member: Member) -> None:
        fault = why_no_place(member.path.rstrip("/"))
        if fault is not None or member.size:
            raise _no_place(member.path, fault or "a folder holds no bytes")

    def _take_file(self, member: Member) -> None:
        fault = self._paths.take(member.path)
        if fault:
            raise _no_place(member.path, fault)
        self._size += member.size
        if len(self._files) >= MAX_BASE_FILES or self._size > self._limit:
            raise _too_large()
        self._files[member.path] = self._archive.content(member.size)
        if member.is_executable:
            self._executable.add(member.path)

    def _take_index(self, member: Member) -> None:
        if member.size > MAX_INDEX_BYTES:
            raise _too_large()
        try:
            self._index = _Index.model_validate_json(self._archive.content(member.size))
        except ValidationError as error:
            raise unreadable("its index is malformed.") from error


def _too_large() -> InvalidInput:
    return InvalidInput(TOO_LARGE, code="base.too_large")


def _no_place(path: str, why: str) -> InvalidInput:
    return InvalidInput(f"The base snapshot names {path!r}: {why}.", code="base.path")
