"""What a file holds on disk, as far as it may be recorded: a text with its encoding, or a keyed hash and a reason."""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from patchtrail.capture.encodings import decoded, encoding_of, is_binary
from patchtrail.capture.terminal import sound_text
from patchtrail.contract.files import Withheld

__all__ = [
    "MAX_FILE_BYTES",
    "MAX_HASHED_BYTES",
    "Content",
    "Stamp",
    "content_on_disk",
    "content_saved",
    "settled_stamp",
    "stamp_of",
]

MAX_FILE_BYTES = 2 * 1024 * 1024
"""Larger files are recorded by their keyed hash alone."""
MAX_HASHED_BYTES = 2 * 1024**3
"""Of files that are larger still, only that they changed."""
READ_BYTES = 1024 * 1024
SETTLED_NS = 50_000_000

Stamp = tuple[int, int, int]
"""A file's time of change, size and inode: while they stand, so does its content."""
UNSETTLED: Stamp = (0, 0, 0)


@dataclass(frozen=True)
class Content:
    """A file's text, or why it is withheld."""

    text: str | None
    encoding: str
    withheld: Withheld | None
    size_bytes: int
    keyed_hash: str | None


def settled_stamp(path: Path, now_ns: int) -> Stamp | None:
    """Return a file's stamp, or one that no file has while another write could leave the same one."""
    stamp = stamp_of(path)
    return UNSETTLED if stamp is not None and now_ns - stamp[0] < SETTLED_NS else stamp


def stamp_of(path: Path) -> Stamp | None:
    """Return a regular file's stamp; None when there is no such file."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def content_on_disk(path: Path, key: bytes, known_encoding: str | None) -> Content | None:
    """Read a file that no editor vouches for; None when it is gone or cannot be read."""
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            return _too_large(path, size, key)
        content = _read(path)
    except OSError:
        return None
    found = decoded(content, known_encoding)
    if found is not None:
        text, encoding = found
        if len(text.encode("utf-8", "replace")) <= MAX_FILE_BYTES:
            return Content(text, encoding, None, len(content), None)
        return _withheld("too_large", content, key)
    return _withheld("binary" if is_binary(content) else "undecodable", content, key)


def content_saved(path: Path, text: str, key: bytes, known_encoding: str | None) -> Content:
    """Return what an editor's save wrote: its text, in the encoding that gives the bytes that are on disk.

    Where the two do not agree, the file has changed again already: the text is what was saved.
    """
    if len(text) > MAX_FILE_BYTES:
        return _saved_too_large(path, text, key)
    text = sound_text(text)
    try:
        content = _read(path) if path.stat().st_size <= 4 * MAX_FILE_BYTES else b""
    except OSError:
        content = b""
    found = encoding_of(text, content, known_encoding) or (text, known_encoding or "utf-8")
    size = len(found[0].encode("utf-8", "replace"))
    if size > MAX_FILE_BYTES:
        return _saved_too_large(path, text, key)
    return Content(found[0], found[1], None, size, None)


def _saved_too_large(path: Path, text: str, key: bytes) -> Content:
    try:
        return _too_large(path, path.stat().st_size, key)
    except OSError:
        return _withheld("too_large", text.encode("utf-8", "replace"), key)


def _too_large(path: Path, size: int, key: bytes) -> Content:
    """Hash a file as it is read: it need not fit into memory."""
    if size > MAX_HASHED_BYTES:
        return Content(None, "utf-8", "too_large", size, None)
    keyed = hmac.new(key, digestmod=hashlib.sha256)
    with path.open("rb") as file:
        while piece := file.read(READ_BYTES):
            keyed.update(piece)
    return Content(None, "utf-8", "too_large", size, keyed.hexdigest())


def _withheld(why: Withheld, content: bytes, key: bytes) -> Content:
    return Content(None, "utf-8", why, len(content), hmac.new(key, content, hashlib.sha256).hexdigest())


def _read(path: Path) -> bytes:
    """Read a regular file whole; a pipe or a device would never end."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("It is no regular file.")
        return file.read(4 * MAX_FILE_BYTES + 1)
