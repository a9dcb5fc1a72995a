"""Gzipped tar archives of regular files (POSIX ustar and pax), read by somebody who does not trust them.

A reader of our own: a general one unpacks before it knows how much, and follows links, sparse files and headers
without end. Source of the format: POSIX 1003.1-2017, pax interchange format.
"""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from patchtrail.contract.errors import InvalidInput

__all__ = ["ArchiveReader", "Member", "unreadable"]

BLOCK, RECORD = 512, 20 * 512
MAX_HEADER_BYTES = 16_000
"""Of what a pax header tells beside a file."""
MAX_HEADERS = 100_000
OCTAL = re.compile(rb"([0-7]{1,11})[ \0]*")
FACT = re.compile(rb"(\d{1,5}) ([A-Za-z]+)=")
HARMLESS = frozenset({b"path", b"comment", b"mtime", b"atime", b"ctime", b"uid", b"gid", b"uname", b"gname"})
USTAR, GNU = b"ustar\x0000", b"ustar  \0"
FOLDER, FILES = b"5", (b"0", b"\0")


@dataclass(frozen=True)
class Member:
    """A regular file, or a folder, as its header tells; its size in bytes."""

    path: str
    size: int
    is_executable: bool
    is_folder: bool


class ArchiveReader:
    """Reads member after member; nothing beyond the cap is unpacked.

    Every method raises `InvalidInput`: `base.too_large` for what says that it is larger than the cap, and
    `base.unreadable` for what is damaged, or anything else than a plain file or folder.
    """

    def __init__(self, content: bytes, max_bytes: int) -> None:
        self._unpacked = gzip.GzipFile(fileobj=io.BytesIO(content))
        self._max_bytes = max_bytes
        self._headers = 0

    def next(self) -> Member | None:
        """Return the next member; None at the end of the archive, once nothing more follows it."""
        name: bytes | None = None
        header = self._header()
        while header is not None and header.kind in (b"x", b"g"):
            if header.kind == b"x" and name is not None:
                raise unreadable("one header follows the other.")
            facts = dict(self._facts(header.size))
            name = facts.get(b"path", b"") if header.kind == b"x" else name
            header = self._header()
        if header is None:
            return None
        if header.kind not in (FOLDER, *FILES):
            raise unreadable(f"{_text(name or header.name)!r} is neither a file nor a folder; leave it out.")
        is_folder = header.kind == FOLDER
        return Member(_text(name or header.name), header.size, bool(header.mode & 0o100), is_folder)

    def content(self, size: int) -> bytes:
        """Return a member's bytes, and pass over the rest of their last block."""
        content = self._exactly(size)
        if self._exactly(-size % BLOCK).strip(b"\0"):
            raise unreadable("something stands between its members.")
        return content

    def _header(self) -> _Header | None:
        block = self._exactly(BLOCK)
        if block == bytes(BLOCK):
            self._check_end()
            return None
        header = _parsed(block)
        self._headers += 1
        if header.size > self._max_bytes or self._headers > MAX_HEADERS:
            raise InvalidInput("The base snapshot is larger than it may be.", code="base.too_large")
        return header

    def _check_end(self) -> None:
        padding = self._read(RECORD + 1)
        if len(padding) < BLOCK or len(padding) > RECORD or padding.strip(b"\0"):
            raise unreadable("something stands behind its end.")

    def _facts(self, size: int) -> Iterator[tuple[bytes, bytes]]:
        """Yield what a pax header tells, one `length key=value` after the other."""
        if size > MAX_HEADER_BYTES:
            raise unreadable("a header is too long.")
        left = self.content(size)
        while left:
            fact = FACT.match(left)
            length = 0 if fact is None else int(fact[1])
            if fact is None or left[length - 1 : length] != b"\n" or length <= fact.end():
                raise unreadable("a header is malformed.")
            if fact[2] not in HARMLESS:
                raise unreadable(f"a header says {fact[2].decode()}, which no plain file has.")
            yield fact[2], left[fact.end() : length - 1]
            left = left[length:]

    def _exactly(self, size: int) -> bytes:
        content = self._read(size)
        if len(content) != size:
            raise unreadable("it is cut off.")
        return content

    def _read(self, size: int) -> bytes:
        try:
            return self._unpacked.read(size)
        except (OSError, EOFError, zlib.error) as error:
            raise unreadable(str(error)) from error


def unreadable(why: str) -> InvalidInput:
    """Return the error that says why an archive is refused."""
    return InvalidInput(f"The base snapshot cannot be read: {why}", code="base.unreadable")


@dataclass(frozen=True)
class _Header:
    name: bytes
    mode: int
    size: int
    kind: bytes


def _parsed(block: bytes) -> _Header:
    """Return what a header tells; its sum is over its own place filled with spaces."""
    summed = sum(block) - sum(block[148:156]) + 8 * ord(" ")
    if block[257:265] not in (USTAR, GNU) or _octal(block[148:156]) != summed:
        raise unreadable("a header is damaged, or of another format than pax.")
    # Where GNU's own format has something else, POSIX has the front of a long path.
    prefix = block[345:500].split(b"\0")[0] if block[257:265] == USTAR else b""
    name = block[:100].split(b"\0")[0]
    return _Header(
        name=prefix + b"/" + name if prefix else name,
        mode=_octal(block[100:108]),
        size=_octal(block[124:136]),
        kind=block[156:157],
    )


def _octal(told: bytes) -> int:
    found = OCTAL.fullmatch(told)
    if found is None:
        raise unreadable("a number in a header is none.")
    return int(found[1], 8)


def _text(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError as error:
        raise unreadable("a path is no UTF-8.") from error
