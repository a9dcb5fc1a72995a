"""The files of a repository at one moment, as values: what a replay stands on, and what tests run on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["MAX_PATH_BYTES", "FileTree", "why_no_place"]

MAX_PATH_BYTES = 4_000
"""Linux takes 4,096 with the folder that a tree is written into."""
MAX_PART_BYTES = 255
IGNORED_BY_HFS = dict.fromkeys([0x200C, 0x200D, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF])
"""Code points that HFS+ leaves out of names, as git's own `is_hfs_dotgit` lists them."""
GIT_NAMES = frozenset({".git", "git~1"})


@dataclass(frozen=True)
class FileTree:
    """Contents by path relative to the root, with `/`; nothing here is a link.

    `left_out` names what a tree cannot hold: links, submodules, files too large. `redacted` names files whose text is
    not the participant's own, because a secret in it was replaced.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    executable: frozenset[str] = frozenset()
    left_out: tuple[str, ...] = ()
    redacted: frozenset[str] = frozenset()

    def text(self, path: str) -> str | None:
        """Return a file's text; None when it is not there or no UTF-8."""
        content = self.files.get(path)
        if content is None:
            return None
        try:
            return content.decode()
        except UnicodeDecodeError:
            return None


def why_no_place(path: str) -> str | None:
    """Return None, or why a path that somebody else wrote names no file in a tree, in a few words.

    What leads out of the tree, into git's own folder (also by the names that Windows and macOS take for it), or cannot
    be a name, is no place.
    """
    if not path or len(path.encode("utf-8", "surrogatepass")) > MAX_PATH_BYTES:
        return "it is empty" if not path else "it is too long"
    if any(one < " " or one == "\x7f" for one in path):
        return "it holds control characters"
    if any("\ud800" <= one <= "\udfff" for one in path):
        return "it is no Unicode text"
    if path.startswith("/") or re.match(r"[A-Za-z]:[\\/]|\\", path):
        return "it is absolute"
    for part in re.split(r"[\\/]", path):
        if part in ("", ".", ".."):
            return "it leads elsewhere"
        if len(part.encode("utf-8", "surrogatepass")) > MAX_PART_BYTES:
            return "a part of it is too long"
        if part.translate(IGNORED_BY_HFS).partition(":")[0].rstrip(" .").lower() in GIT_NAMES:
            return "it lies in git's own folder"
    return None
