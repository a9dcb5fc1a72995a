"""Start commits from an origin that the collector's settings allow, fetched behind walls and read without a checkout.

Whose URL it is decides nothing: the host must be on the list, its address is resolved once and pinned, and git may
speak HTTPS to it and nothing else. What comes is unpacked in memory by a process that dies with it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from patchtrail.capture.terminal import plain_text
from patchtrail.contract.errors import InvalidInput, NotAllowed, NotFound
from patchtrail.network import Resolve, WhyNot, public_addresses, system_resolve, why_not_public
from patchtrail.qa.origin_walls import FETCH_BYTES, fetch_words
from patchtrail.sandbox import Cancelling
from patchtrail.sandbox.process import Command, Ended, run_process
from patchtrail.trace.base_snapshot import MAX_BASE_BYTES, MAX_BASE_FILES
from patchtrail.trace.file_tree import FileTree, why_no_place

__all__ = ["AllowedOrigins", "host_of"]

COMMIT = re.compile(r"[0-9a-f]{40}")
PATH = re.compile(r"(?:/[A-Za-z0-9_][A-Za-z0-9._~-]*)+/?")
ENTRY = re.compile(rb"(\d{6}) (\w+) ([0-9a-f]{40}) +(\d+|-)\t(.*)", re.DOTALL)
TIMEOUT_S = 120.0
LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\n"
MAX_POINTER_BYTES = 1024
MAX_TOLD = 300
EXECUTABLE = b"100755"
FILES = frozenset({b"100644", b"100664", EXECUTABLE})


@dataclass(frozen=True)
class AllowedOrigins:
    """Fetches commits from these hosts and from no others.

    `port`, `why_not` and `ca` (PEM) are for a server of one's own; participants have no say in them.
    """

    hosts: tuple[str, ...]
    resolve: Resolve = system_resolve
    why_not: WhyNot = why_not_public
    port: int = 443
    ca: str = ""
    timeout_s: float = TIMEOUT_S

    def fetch(self, url: str, commit: str, cancellation: Cancelling) -> FileTree:
        """Return the files of a commit; links, submodules, LFS pointers and names that are no place are left out.

        Raises `NotAllowed` when the URL may not be fetched, `InvalidInput` when the commit is no full SHA-1,
        `NotFound` when it cannot be had, is larger than a base snapshot may be, or the machine has no walls for git.
        """
        host = host_of(url, self.hosts)
        if not COMMIT.fullmatch(commit):
            raise InvalidInput(f"The start commit {commit[:80]!r} is no full SHA-1.", code="bad_commit")
        addresses = public_addresses(host, self.resolve, self.why_not)
        if missing := [one for one in ("bwrap", "git", "prlimit", "sh") if shutil.which(one) is None]:
            raise NotFound(f"Nothing is fetched without {', '.join(missing)}.", code="no_walls")
        place = f"https://{host}:{self.port}{urlsplit(url).path}"
        pinned = [f"{host}:{self.port}:{_bracketed(one)}" for one in addresses]
        command = Command(
            argv=fetch_words(place, commit, pinned[0], ca=self.ca),
            folder=Path("/"),
            environment={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"},
            timeout_s=self.timeout_s,
            stdout_cap=FETCH_BYTES,
        )
        return _tree(_said(run_process(command, cancellation), host, commit))


def host_of(url: str, hosts: Sequence[str]) -> str:
    """Return the host of a repository's URL that may be fetched; raises `NotAllowed` saying what speaks against it."""
    if not url.isascii() or any(one <= " " or one in '\\"<>^`{|}\x7f' for one in url):
        raise _refused(url, "it holds characters that no such URL needs")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _refused(url, "it is no URL") from error
    for is_so, why in (
        (parts.scheme != "https", "only https is fetched"),
        ("@" in parts.netloc, "it names a user"),
        (port is not None or ":" in parts.netloc, "it names a port or an address"),
        (bool(parts.query or parts.fragment or "?" in url or "#" in url), "it has a query or a fragment"),
        (parts.netloc.lower() not in {one.lower() for one in hosts}, "its host is not on the list of allowed origins"),
        (PATH.fullmatch(parts.path) is None, "its path is no repository's"),
    ):
        if is_so:
            raise _refused(url, why)
    return parts.netloc.lower()


def _refused(url: str, why: str) -> NotAllowed:
    return NotAllowed(f"The origin {url[:200]!r} is not fetched: {why}.", code="origin")


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _said(ended: Ended, host: str, commit: str) -> bytes:
    what = f"The commit {commit[:12]} could not be fetched from {host}"
    if ended.ending == "timeout":
        raise NotFound(f"{what} in time.", code="origin_slow")
    if ended.is_cut:
        raise NotFound(f"{what}: it is larger than a start commit may be.", code="origin_large")
    if ended.ending != "exit" or ended.code != 0:
        told = plain_text(ended.stderr.decode("utf-8", "replace")).strip() or ended.problem or ended.ending
        raise NotFound(f"{what}: {told[-MAX_TOLD:]}", code="origin_failed")
    return ended.stdout


def _tree(said: bytes) -> FileTree:
    """Read a listing of a tree, preceded by its length on a line, and the batch of its blobs behind it."""
    length, _, rest = said.partition(b"\n")
    size = int(length)
    blobs = _blobs(memoryview(rest)[size:])
    files, executable, left_out, held = dict[str, bytes](), set[str](), list[str](), 0
    for line in rest[:size].split(b"\0")[:-1]:
        mode, kind, _, _, name = _entry(line)
        content = next(blobs) if kind == b"blob" else b""
        path = name.decode("utf-8", "replace")
        is_pointer = len(content) <= MAX_POINTER_BYTES and content.startswith(LFS_POINTER)
        if mode not in FILES or is_pointer or why_no_place(path) or path.encode() != name:
            left_out.append(path)
            continue
        held += len(content)
        if len(files) >= MAX_BASE_FILES or held > MAX_BASE_BYTES:
            raise NotFound("The start commit is larger than it may be.", code="origin_large")
        files[path] = content
        if mode == EXECUTABLE:
            executable.add(path)
    return FileTree(files, frozenset(executable), tuple(left_out))


def _entry(line: bytes) -> tuple[bytes, ...]:
    found = ENTRY.fullmatch(line)
    if found is None:
        raise NotFound("git listed the start commit in a form that is not known.", code="origin_failed")
    return found.groups()


def _blobs(batch: memoryview) -> Iterator[bytes]:
    """Yield the contents of `git cat-file --batch`: a line that ends with a size, so many bytes, a line's end."""
    at = 0
    while at < len(batch):
        head = bytes(batch[at : at + 200]).partition(b"\n")[0]
        size = int(head.split(b" ")[2])
        at += len(head) + 1
        yield bytes(batch[at : at + size])
        at += size + 1
