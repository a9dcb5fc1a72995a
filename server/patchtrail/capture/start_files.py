"""The files of a session's start commit, packed as a base snapshot: git's own objects, redacted, never the work tree.

Git is kept from the network: in a partial clone it would fetch what is missing.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import CancelledError
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from patchtrail.capture.content import MAX_FILE_BYTES
from patchtrail.capture.encodings import decoded, is_binary
from patchtrail.capture.ignored import is_of_a_tool
from patchtrail.capture.repository import open_work_tree
from patchtrail.contract.errors import InvalidInput
from patchtrail.redaction import Redactor, matches

if TYPE_CHECKING:  # Importing git and tarfile costs a cold start; the first snapshot pays it instead.
    from git import Repo

    from patchtrail.trace.base_snapshot import BaseWriter

__all__ = ["MadeBase", "Pace", "StartFiles", "pack", "redacted_content"]

MAX_BINARY_BYTES = 8 * 1024 * 1024
FILE_MODES = {"100644": False, "100664": False, "100755": True}
"""Git's modes of regular files, and whether they are executable; 100664 is of old repositories."""
NO_NETWORK = {"GIT_ALLOW_PROTOCOL": "none", "GIT_TERMINAL_PROMPT": "0"}


@dataclass(frozen=True)
class StartFiles:
    """Which files of a commit go into a snapshot, and what becomes of them.

    `scopes` are the recorded folders, relative to the work tree; an empty one is all of it. `excluded` are glob
    patterns. Two are equal when they lead to the same snapshot; redactors are compared by identity.
    """

    work_tree: Path
    commit: str
    redactor: Redactor
    scopes: tuple[str, ...] = ("",)
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True)
class MadeBase:
    """A snapshot, and what is told of it; `as_started` are its files that are what the start commit holds."""

    content: bytes
    as_started: frozenset[str]
    redacted: frozenset[str]
    left_out: tuple[str, ...]

    @property
    def files(self) -> int:
        """How many files it holds."""
        return len(self.as_started) + len(self.redacted)


class Pace:
    """How fast a snapshot is made: half of the time, until somebody waits for it; or not at all any more."""

    def __init__(self) -> None:
        self._hurry = threading.Event()
        self._is_cancelled = False

    def hurry(self) -> None:
        """Rest no more."""
        self._hurry.set()

    def cancel(self) -> None:
        """Stop after the file that is being read."""
        self._is_cancelled = True
        self._hurry.set()

    def rest(self, busy_s: float) -> None:
        """Rest as long as was worked; raises `CancelledError` when nobody wants the work any more."""
        if self._is_cancelled:
            raise CancelledError
        self._hurry.wait(busy_s)


@dataclass(frozen=True)
class _Entry:
    """A line of `git ls-tree`."""

    path: str
    mode: str
    sha: str
    size: int


def pack(files: StartFiles, pace: Pace) -> MadeBase:
    """Return the snapshot of these files.

    Raises `InvalidInput` where there can be none: it would be too large, or git cannot read the commit; and
    `CancelledError` when it is not wanted any more.
    """
    from git.exc import GitError

    repo = open_work_tree(files.work_tree)
    if repo is None or not files.commit:
        raise InvalidInput("The folder has no commit that the session started from.", code="base.no_commit")
    try:
        repo.git.update_environment(**NO_NETWORK)
        return _Packing(files, repo).run(pace)
    except (GitError, OSError, ValueError, IndexError) as error:
        raise InvalidInput("Git cannot read all of the start commit here.", code="base.unreadable") from error
    finally:
        repo.close()


class _Packing:
    """One snapshot being made."""

    def __init__(self, files: StartFiles, repo: Repo) -> None:
        from patchtrail.trace.base_snapshot import MAX_PACKED_BYTES, BaseWriter

        self._files = files
        self._repo = repo
        self._writer: BaseWriter = BaseWriter(MAX_PACKED_BYTES)
        self._as_started = set[str]()
        self._redacted = set[str]()
        self._left_out = list[str]()

    def run(self, pace: Pace) -> MadeBase:
        for entry in sorted(self._listed(), key=lambda one: one.path):
            began_s = time.monotonic()
            self._take(entry)
            pace.rest(time.monotonic() - began_s)
        redacted = frozenset(self._redacted)
        left_out = tuple(self._left_out)
        content = self._writer.finish(left_out=left_out, redacted=redacted)
        return MadeBase(content, frozenset(self._as_started), redacted, left_out)

    def _listed(self) -> list[_Entry]:
        """Return the commit's files in the recorded folders.

        Raises `InvalidInput` when they are too many, before anything is read.
        """
        from patchtrail.trace.base_snapshot import MAX_BASE_BYTES, MAX_BASE_FILES

        told = self._repo.git.ls_tree(self._files.commit, "-r", "-l", "-z", "--full-tree")
        entries = [_entry(line) for line in str(told).split("\0") if line]
        inside = [one for one in entries if any(_is_below(one.path, scope) for scope in self._files.scopes)]
        if len(inside) < len(entries):
            self._left_out.append("(what lies outside of the recorded folders)")
        sizes = [one.size for one in inside if self._is_wanted(one)]
        if len(sizes) > MAX_BASE_FILES or sum(sizes) > MAX_BASE_BYTES:
            raise InvalidInput(
                f"The start commit is too large: {len(sizes)} files, {sum(sizes) // 1_000_000} MB.",
                code="base.too_large",
            )
        return inside

    def _take(self, entry: _Entry) -> None:
        redactor = self._files.redactor
        shown = redactor.text(entry.path)
        content = self._read(entry) if shown == entry.path and self._is_wanted(entry) else None
        found = None if content is None else redacted_content(content, redactor)
        if found is None or self._writer.refusal(entry.path):
            self._left_out.append(shown.encode("utf-8", "replace").decode())
            return
        self._writer.add(entry.path, found, is_executable=FILE_MODES[entry.mode])
        (self._as_started if found == content else self._redacted).add(entry.path)

    def _is_wanted(self, entry: _Entry) -> bool:
        """Return whether a file's content is recorded at all, by the same rules as its edits are."""
        is_left_out = is_of_a_tool(Path(entry.path)) or matches(entry.path, self._files.excluded)
        is_file = entry.mode in FILE_MODES and entry.size <= MAX_BINARY_BYTES
        return is_file and not is_left_out and not self._files.redactor.denies(entry.path)

    def _read(self, entry: _Entry) -> bytes | None:
        content = bytes(self._repo.odb.stream(bytes.fromhex(entry.sha)).read())
        return content if len(content) <= MAX_FILE_BYTES or is_binary(content) else None


def redacted_content(content: bytes, redactor: Redactor) -> bytes | None:
    """Return what may be recorded of a file; None when that is nothing.

    In a text of an unknown encoding each byte is read as a character, so that all others stay as they are.
    """
    found = decoded(content, None)
    if found is None and is_binary(content):
        return None if redactor.holds_literal(content) else content
    text, encoding = found or (content.decode("latin-1"), "latin-1")
    after = redactor.text(text)
    return content if after == text else after.encode(encoding)


def _entry(line: str) -> _Entry:
    """Return a line `mode type sha size TAB path`; what is no blob has the size `-`."""
    told, _, path = line.partition("\t")
    mode, _kind, sha, size = told.split()
    return _Entry(path, mode, sha, int(size) if size.isdigit() else 0)


def _is_below(path: str, folder: str) -> bool:
    return not folder or path.startswith(f"{folder}/")
