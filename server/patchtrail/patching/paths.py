"""Repair the paths that answers name, and refuse those that lead out of the workspace."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from patchtrail.patching.patch import Refusal

__all__ = ["Paths", "is_safe"]

PREFIXES = ("a/", "b/", "i/", "w/", "c/", "o/")
GIT_ALIAS = re.compile(r"^(?:\.?git~\d+|\.git)$")
DRIVE = re.compile(r"^[A-Za-z]:")
MOST_SAME_NAMES = 50


def is_safe(path: str) -> bool:
    """Return whether a relative POSIX path stays inside of the root and out of `.git`, under any alias of it."""
    if not path or path.startswith(("/", "~")) or "\\" in path or DRIVE.match(path):
        return False
    if any(unicodedata.category(one) == "Cc" for one in path):
        return False
    return all(_is_safe_part(part) for part in path.split("/"))


def _is_safe_part(part: str) -> bool:
    """HFS+ ignores some code points, NTFS trailing dots and blanks and what follows a colon."""
    plain = "".join(one for one in part if unicodedata.category(one) != "Cf")
    plain = unicodedata.normalize("NFKC", plain).split(":")[0].rstrip(". ").casefold()
    return part not in ("", ".", "..") and plain != "" and not GIT_ALIAS.match(plain)


@dataclass
class Paths:
    """Finds the file that is meant. `known` may be empty; then only what `read` answers counts."""

    read: Callable[[str], str | None]
    known: Sequence[str] = ()
    own: str | None = None
    _by_name: dict[str, list[str]] | None = field(default=None, init=False)

    def candidates(self, named: str | None, *, is_only: bool, is_told: bool = False) -> list[str] | Refusal:
        """Return the existing files that may be meant, the best first.

        `is_only` says that the answer has one file, which then may be the only one there is; `is_told` that the text
        itself does not show which file it is for, so that only the finding's own may be meant without a name.
        """
        if named is None:
            return self._own_alone(is_told=is_told) if is_only else []
        plain = _plain(named)
        if isinstance(plain, Refusal):
            return plain
        path, is_absolute = plain
        found = [one for one in _spellings(path) if self.exists(one)]
        if found:
            return found[:1]
        shorter = self._shorter(path, is_absolute=is_absolute)
        if shorter:
            return shorter
        same = self._same_name(path)
        if is_absolute and not same:
            return _outside(named)
        return same or (self._own_alone(is_told=is_told) if is_only and not is_absolute else [])

    def new_file(self, named: str | None) -> str | Refusal:
        """Return the path that a new file gets."""
        if named is None:
            return Refusal("unreadable_answer", "The answer adds a file without naming it.")
        plain = _plain(named)
        if isinstance(plain, Refusal):
            return plain
        if plain[1]:
            return _outside(named)
        return _spellings(plain[0])[0]

    def exists(self, path: str) -> bool:
        """Return whether there is such a text."""
        return is_safe(path) and self.read(path) is not None

    def _own_alone(self, *, is_told: bool) -> list[str]:
        if self.own is not None:
            return [self.own] if self.exists(self.own) else []
        return list(self.known) if len(self.known) == 1 and not is_told else []

    def _shorter(self, path: str, *, is_absolute: bool) -> list[str]:
        """Drop leading folders: the repository's name, once too often, or a container's root."""
        parts = path.split("/")
        least = 2 if is_absolute else 1
        tries = ("/".join(parts[i:]) for i in range(1, len(parts) - least + 1))
        return next(([one] for one in tries if (least == 2 or "/" in one) and self.exists(one)), [])

    def _same_name(self, path: str) -> list[str]:
        """Return known files with this base name: those with the longest common tail."""
        if self._by_name is None:
            self._by_name = {}
            for one in self.known:
                self._by_name.setdefault(one.rsplit("/", 1)[-1], []).append(one)
        same = self._by_name.get(path.rsplit("/", 1)[-1], [])[:MOST_SAME_NAMES]
        ranked = sorted(same, key=lambda one: -_common_tail(one, path))
        best = [one for one in ranked if ranked and _common_tail(one, path) == _common_tail(ranked[0], path)]
        return [one for one in best if is_safe(one)]


def _common_tail(one: str, other: str) -> int:
    count = 0
    for a, b in zip(reversed(one.split("/")), reversed(other.split("/")), strict=False):
        if a != b:
            break
        count += 1
    return count


def _plain(named: str) -> tuple[str, bool] | Refusal:
    """Return a path without `./` and with slashes, and whether it was absolute."""
    path = named.strip().replace("\\", "/")
    if DRIVE.match(path) or path.startswith("~") or any(unicodedata.category(one) == "Cc" for one in named):
        return _outside(named)
    # A diff writes its prefix before an absolute path too: `b//etc/hosts`.
    is_absolute = path.startswith("/") or (path.startswith(PREFIXES) and path[2:3] == "/")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    joined = "/".join(parts)
    return (joined, is_absolute) if is_safe(joined) else _outside(named)


def _spellings(path: str) -> list[str]:
    """Return a path without the prefix of diffs, then as it stands."""
    return [path[2:], path] if path.startswith(PREFIXES) and is_safe(path[2:]) else [path]


def _outside(named: str) -> Refusal:
    shown = named if len(named) <= 120 else named[:120] + "…"
    return Refusal("outside_workspace", f"The answer edits {shown!r}, which is not inside of the workspace.")
